import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFile } from "../import/testing/temporary-file.ts";
import { grand, log, retail, sale, tender } from "../poslog/testing/sample-log.ts";
import { openTill } from "../poslog/testing/till-on-disk.ts";
import { dataDirOf } from "../testing/data-dir.ts";
import { tillsync } from "../testing/tillsync-process.ts";

const LOG = log(retail(`<Weather>rain</Weather>${sale("5.00")}${tender("5.00")}${grand("5.00")}`));

it("imports a POSLog, says what it left out, exports it and imports that into another till", async () => {
  const dataDir = await dataDirOf(await openTill());
  const source = await temporaryFile("sales.xml", LOG);
  const imported = await tillsync("import", source, "--data-dir", dataDir, "--time-zone", "Africa/Nairobi");
  expect(imported).toMatchObject({ code: 0, stderr: "" });
  expect(imported.stdout).toContain("1 documents recorded in 1 shifts, 0 were there already, 0 left out.");
  expect(imported.stdout).toContain("1 transactions read, 0 of them make no document. Left out: 1 of 23 elements");
  expect(imported.stdout).toContain("left out, Tillsync has no field for it:\n    1 × RetailTransaction/Weather");

  const output = join(dataDir, "t01.xml");
  const written = await tillsync("export", "--data-dir", dataDir, "--output", output, "--json");
  expect(JSON.parse(written.stdout)).toMatchObject([{ terminal: "T01", documents: { order: 1 }, sums: { KES: 500 } }]);
  const direct = await tillsync("export", "--data-dir", dataDir);
  expect(direct).toMatchObject({ code: 0, stdout: readFileSync(output, "utf8") });
  expect(direct.stderr).toContain("T01: 1 shift.opened, 1 order, 1 shift.closed; KES 5.00");

  const empty = await dataDirOf(await openTill());
  const again = await tillsync("import", output, "--data-dir", empty, "--json");
  expect(JSON.parse(again.stdout)).toMatchObject({
    recorded: 1,
    renumbered: 0,
    report: { transactions: 3, leftOut: [] },
  });
  expect((await tillsync("export", "--data-dir", empty)).stdout).toBe(direct.stdout);
});

it("ends with 1 and one sentence for what is refused", async () => {
  const dataDir = await dataDirOf(await openTill());
  const wrong = await temporaryFile("wrong.xml", LOG.replace("5.00</Total>", "6.00</Total>"));
  const refused = await tillsync("import", wrong, "--data-dir", dataDir);
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toMatch(
    /transaction 9\/3\/2026-01-16\/1 .*lines 5\.00 and taxes 0\.00 do not make the total, 6\.00/,
  );
  const goOn = await tillsync("import", wrong, "--data-dir", dataDir, "--keep-going");
  expect(goOn).toMatchObject({ code: 1 });
  expect(goOn.stdout).toContain("left out: line 1, RetailTransaction: transaction 9/3/2026-01-16/1");
  expect(await tillsync("export", "--data-dir", dataDir, "--since", "yesterday")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("It must be a date such as 2026-01-16."),
  });
});

it("shows an example in its help", async () => {
  const { stdout } = await tillsync("export", "--help");
  expect(stdout).toContain("Example:\n  tillsync export --terminal T01");
});
