import { expect, it } from "vitest";
import { openTill } from "../poslog/testing/till-on-disk.ts";
import { dataDirOf } from "../testing/data-dir.ts";
import { tillsync } from "../testing/tillsync-process.ts";

it("opens a shift, moves cash, reports, closes it with a count, and lists it", async () => {
  const till = await openTill();
  const at = ["--data-dir", await dataDirOf(till)];
  const opening = ["shift", "open", "--operator", "Amina", "--float", "5000", "--date", "2026-01-16", "--id", "s-1"];
  const opened = await tillsync(...opening, ...at);
  expect(opened).toMatchObject({ code: 0, stderr: "" });
  expect(opened.stdout).toBe("T01: shift s-1 of Amina is open, business date 2026-01-16.\n");
  const lines = [{ item: "bread", quantity: "2", unitPrice: "60.00" }];
  till.terminal.closeOrder({ localId: "a", lines, tenders: [{ type: "cash", amountMinor: 12_000 }] });
  const out = ["shift", "cash", "out", "20.00", "--reason", "milk", "--id", "c-1", ...at];
  expect((await tillsync(...out)).stdout).toBe("T01: cash out 20.00 recorded as c-1.\n");
  expect((await tillsync(...out)).stdout).toBe("T01: cash out 20.00 recorded as c-1; it was recorded before.\n");
  const report = await tillsync("shift", "report", ...at);
  expect(report.stdout).toContain("opening float 5000.00 KES\n  cash in 0.00, out 20.00 KES");
  expect(report.stdout).toMatch(/cash KES +100\.00 +5100\.00 +- +-\n/);

  const closing = ["shift", "close", "--counted", "cash=5099.50", ...at];
  const closed = await tillsync(...closing);
  expect(closed).toMatchObject({ code: 0, stderr: "" });
  expect(closed.stdout).toMatch(/cash KES +100\.00 +5100\.00 +5099\.50 +-0\.50\n/);
  const again = await tillsync(...closing, "--id", "s-1");
  expect(again.stdout).toBe(`It was closed before in the same way; nothing was written.\n${closed.stdout}`);
  expect((await tillsync(...closing)).stderr).toContain("(SHIFT_NOT_OPEN)");
  const listed = await tillsync("shift", "list", "--json", ...at);
  expect(JSON.parse(listed.stdout)).toMatchObject([
    { terminal: "T01", shifts: [{ localId: "s-1", overShort: [{ tender: "cash", amountMinor: -50 }] }] },
  ]);
  expect((await tillsync("shift", "list", ...at)).stdout).toMatch(
    /2026-01-16 +s-1 +Amina +3 +cash 100\.00 KES .*waiting/,
  );
}, 120_000);

it("refuses what is not clear, by name, and ends with 1", async () => {
  const dataDir = await dataDirOf(await openTill(), await openTill({ shortId: "T02" }));
  const at = ["--data-dir", dataDir];
  const refusals = [
    [["shift", "open", "--operator", "Amina"], "--terminal must say which till: T01 or T02."],
    [["shift", "open", "--operator", "Amina", "--float", "1.005", "--terminal", "T01"], "--float must be an amount"],
    [
      ["shift", "close", "--counted", "cash", "--terminal", "T01"],
      "--counted must be tender=amount such as cash=5120.00",
    ],
    [["shift", "cash", "up", "1", "--reason", "x", "--terminal", "T01"], 'direction must be "in" or "out"'],
    [["shift", "close", "--terminal", "T01"], "(SHIFT_NOT_OPEN)"],
  ] as const;
  for (const [words, says] of refusals) {
    const { code, stderr } = await tillsync(...words, ...at);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(says) });
  }
  expect((await tillsync("shift", "report", ...at)).stdout).toBe(
    "T01\n  No shift is open.\nT02\n  No shift is open.\n",
  );
}, 120_000);

it("shows examples in its help", async () => {
  expect((await tillsync("shift", "--help")).stdout).toContain("tillsync shift open --terminal T01 --operator Amina");
  for (const verb of ["open", "close", "report", "cash", "list"])
    expect((await tillsync("shift", verb, "--help")).stdout).toContain(`Example:\n  tillsync shift ${verb}`);
}, 120_000);
