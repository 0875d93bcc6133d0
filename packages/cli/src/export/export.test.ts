import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gunzipSync } from "node:zlib";
import { sha256 } from "@tillsync/engine";
import { CHAIN_START, linkHash } from "@tillsync/protocol";
import { expect, it } from "vitest";
import { recordAll } from "../import/record.ts";
import { temporaryFolder } from "../import/testing/temporary-file.ts";
import { exported, importInto, openTill, type TillOnDisk } from "../poslog/testing/till-on-disk.ts";
import { seededDocuments } from "../seed.ts";
import { exportDocuments } from "./export.ts";

const PLAN = { seed: 5, orders: 12, transactions: 2, inventory: 2, startDate: "2026-01-16" };

/** Where the changes of a database's first life begin: a life has 2^40 places. */
const FIRST_LIFE = 2 ** 40;

async function soldTill(): Promise<TillOnDisk> {
  const till = await openTill();
  await recordAll(seededDocuments(PLAN), { url: till.url });
  return till;
}

/** Changes the database behind its till's back. */
function meddle(till: TillOnDisk, sql: string): void {
  const db = new DatabaseSync(till.file);
  db.exec(sql);
  db.close();
}

it("reads beside the running till, and adds up what it wrote", async () => {
  const till = await soldTill();
  const [summary] = (await exported([till])).summary;
  expect(summary).toMatchObject({
    terminal: "T01",
    store: "STORE001",
    documents: { order: 12, transaction: 2, inventory: 2, "shift.opened": 1, "shift.closed": 1 },
    damaged: 0,
    notExported: [],
  });
  till.terminal.openShift({ operator: "amina", businessDate: "2026-01-17" });
  expect((await exported([till])).summary[0]?.documents["shift.opened"]).toBe(2);
});

it("leaves out a change whose bytes were changed, says so, and goes on behind it", async () => {
  const till = await soldTill();
  meddle(
    till,
    `UPDATE journal SET body = replace(body, '"KES"', '"USD"')
     WHERE position = (SELECT min(position) FROM journal WHERE kind = 'order.closed')`,
  );
  const { file, summary } = await exported([till]);
  expect(summary[0]).toMatchObject({ damaged: 1, documents: { "shift.opened": 1, "shift.closed": 1 } });
  expect(summary[0]?.notExported).toEqual([
    { what: "changes whose bytes do not give their hash; tillsync verify says which", count: 1 },
  ]);
  expect(readFileSync(file, "utf8")).not.toContain("USD");
  expect(await importInto({ file }, await openTill())).toMatchObject({ documents: 15 });
});

it("exports a change once that a later life of the database sends again", async () => {
  const till = await soldTill();
  const before = readFileSync((await exported([till])).file, "utf8");
  // A fork: the new life starts with `reborn` and repeats a change of the old one, with its origin.
  const db = new DatabaseSync(till.file);
  const row = db.prepare("SELECT lower(hex(hash)) AS hash, body FROM journal WHERE position = ?").get(FIRST_LIFE + 3);
  const body = String(row?.body);
  const origin = { incarnation: till.terminal.status().incarnation, seq: 3, hash: String(row?.hash) };
  const place = { terminal: till.terminal.status().terminal, incarnation: "a".repeat(16), seq: 1 };
  const hash = linkHash(sha256, { ...place, origin, body, prevHash: CHAIN_START });
  db.exec(
    "INSERT INTO life (ordinal, incarnation, durable_hash, reason) VALUES (2, 'aaaaaaaaaaaaaaaa', x'00', 'fork')",
  );
  db.prepare(
    `INSERT INTO journal (position, hash, kind, local_id, version, business_date, body, private, origin)
     SELECT ?, unhex(?), kind, local_id, version, business_date, body, private, ? FROM journal WHERE position = ?`,
  ).run(2 * FIRST_LIFE + 1, hash, JSON.stringify(origin), FIRST_LIFE + 3);
  db.close();
  const after = await exported([till]);
  expect(after.summary[0]).toMatchObject({ damaged: 0, notExported: [] });
  expect(readFileSync(after.file, "utf8")).toBe(before);
});

it("packs a file that ends in .gz, and leaves nothing behind of one that it cannot finish", async () => {
  const till = await soldTill();
  const plain = await exported([till]);
  const folder = await temporaryFolder();
  const output = join(folder, "t01.xml.gz");
  await exportDocuments({ files: [till.file], format: "poslog", output });
  expect(gunzipSync(readFileSync(output)).toString("utf8")).toBe(readFileSync(plain.file, "utf8"));
  const missing = {
    files: [till.file, join(folder, "none.db")],
    format: "poslog",
    output: join(folder, "x.xml"),
  } as const;
  await expect(exportDocuments(missing)).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(readdirSync(folder)).toEqual(["t01.xml.gz"]);
  expect(statSync(output).mode & 0o077).toBe(0);
});

it("names the file that it cannot write, and the one that is no till's database", async () => {
  const till = await soldTill();
  const options = { files: [till.file], format: "ndjson" } as const;
  await expect(exportDocuments({ ...options, output: join(dirname(till.file), "no", "such.ndjson") })).rejects.toThrow(
    /such\.ndjson cannot be written \(ENOENT\)/,
  );
  await expect(exportDocuments({ ...options, files: [join(dirname(till.file), "other.db")] })).rejects.toThrow(
    /There is no till's database at .*other\.db; has the till been started once\?/,
  );
});
