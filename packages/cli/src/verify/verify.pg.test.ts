import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { openTerminal } from "@tillsync/engine";
import { enroll, openPool, type RunningServer, startServer } from "@tillsync/server";
import { type MigratedDatabase, migratedDatabase, tempFolder } from "@tillsync/server/testing";
import type pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Household } from "../targets.ts";
import { verify } from "./verify.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const PLACE = { org: "demo", store: "main", currency: "KES" };
const SALES_A_DAY = 12;
/** What the story below writes: two days of a shift with sales, an order edited first, and the rest of a till's work. */
const CHANGES = 2 * (SALES_A_DAY + 2) + 5;

let database: MigratedDatabase;
let server: RunningServer;
let admin: pg.Pool;
let terminal: string;
let key: string;
let original: string;

beforeAll(async () => {
  database = await migratedDatabase();
  server = await startServer({ databaseUrl: database.url, host: "127.0.0.1", port: 0, log: pino({ level: "silent" }) });
  admin = openPool(database.adminUrl, { max: 1 });
  const wanted = { ...PLACE, role: "terminal", name: "T01", terminal: { shortId: "T01" } } as const;
  const enrolled = await enroll(server.pool, wanted, 0);
  terminal = enrolled.terminal ?? "";
  key = enrolled.key;
  original = join(mkdtempSync(join(tmpdir(), "tillsync-verify-")), "till.db");
  await sellTwoDays(original);
});
afterAll(async () => {
  await admin.end();
  await server.close();
  await database.drop();
  rmSync(dirname(original), { recursive: true });
});

async function sellTwoDays(file: string): Promise<void> {
  const central = { url: server.url, key };
  const till = openTerminal({ file, terminal, shortId: "T01", store: "main", currency: "KES", central });
  const line = { item: "bread", quantity: "1", unitPrice: "2.50" };
  for (const businessDate of ["2026-01-16", "2026-01-17"]) {
    till.openShift({ operator: "Amina", businessDate });
    for (let index = 1; index <= SALES_A_DAY; index++) {
      const localId = `${businessDate}-${index}`;
      till.closeOrder({ localId, lines: [line], tenders: [{ type: "cash", amountMinor: 250 }] });
    }
    if (businessDate === "2026-01-16") {
      till.editOrder({ localId: "table", add: [line] });
      till.payOrder({ localId: "table", tenders: [{ type: "cash", amountMinor: 250 }] });
      till.recordTransaction({ localId: "paid-in", type: "paid-in", amountMinor: 5000 });
      till.recordInventory({ localId: "delivery", item: "bread", delta: "24", type: "delivery" });
      till.editOrder({ localId: "still-open", add: [line] });
    }
    till.closeShift({});
  }
  expect(await till.syncNow()).toMatchObject({ left: 0 });
  await till.close();
}

/** A copy of the till's database, changed by `sql`. */
function tillWith(...sql: readonly string[]): string {
  const file = join(tempFolder(), "till.db");
  copyFileSync(original, file);
  const db = new DatabaseSync(file);
  for (const statement of sql) expect(db.prepare(statement).run().changes, statement).toBeGreaterThan(0);
  db.close();
  return file;
}

/** Changes rows at the centre while `work` runs, and puts them back as they were. */
async function withCentre<T>(table: string, rows: string, change: string, work: () => Promise<T>): Promise<T> {
  await admin.query(`CREATE TABLE public.kept AS SELECT * FROM tillsync.${table} WHERE ${rows}`);
  expect((await admin.query(change)).rowCount, change).toBeGreaterThan(0);
  try {
    return await work();
  } finally {
    await admin.query(`DELETE FROM tillsync.${table} WHERE ${rows}`);
    await admin.query(`INSERT INTO tillsync.${table} SELECT * FROM public.kept; DROP TABLE public.kept`);
  }
}

async function differences(file: string, pageRows?: number) {
  const result = await verify({ file, centre: { url: server.url, key }, ...(pageRows ? { pageRows } : {}) });
  const found = result.differences.map(({ seq, what }) => [seq, what]);
  expect(result.equal).toBe(found.length === 0);
  return found;
}

const AT = (seq: number) => `(1 << 40) + ${seq}`;
const alterBody = (seq: number, from = "250", to = "999") =>
  `UPDATE journal SET body = replace(body, '${from}', '${to}') WHERE position = ${AT(seq)}`;
const flipAtCentre = (seq: number) =>
  [
    "change_body",
    `seq = ${seq}`,
    `UPDATE tillsync.change_body SET body = set_byte(body, 9, get_byte(body, 9) # 1) WHERE seq = ${seq}`,
  ] as const;

describe("verify of two sides that are the same", () => {
  it.each([undefined, 1, 7])("finds nothing, and counts what was sold (pages of %s)", async (pageRows) => {
    const result = await verify({
      file: original,
      centre: { url: server.url, key },
      ...(pageRows ? { pageRows } : {}),
    });
    expect(result).toMatchObject({
      equal: true,
      differences: [],
      more: 0,
      receipts: { days: 2, numbers: 25, voided: 0, gaps: 0, explained: [] },
    });
    expect(result.till).toEqual(result.centre);
    expect(result.till).toMatchObject({
      changes: CHANGES,
      documents: { orders: 25, transactions: 1, "stock movements": 1 },
      sums: { KES: 25 * 250 + 5000 },
    });
  });
});

it("finds nothing at a till that has called and sold nothing yet", async () => {
  const wanted = { ...PLACE, role: "terminal", name: "T02", terminal: { shortId: "T02" } } as const;
  const idle = await enroll(server.pool, wanted, 0);
  const file = join(tempFolder(), "till.db");
  const central = { url: server.url, key: idle.key };
  const options = { terminal: idle.terminal ?? "", shortId: "T02", store: "main", currency: "KES", central };
  const till = openTerminal({ file, ...options });
  expect(await till.syncNow()).toMatchObject({ left: 0 });
  await till.close();
  expect(await verify({ file, centre: central })).toMatchObject({ equal: true, differences: [] });
});

describe("verify of a till whose database was changed", () => {
  it.each<[string, readonly string[], unknown]>([
    ["an altered amount", [alterBody(4)], [[4, "damaged on the till"]]],
    ["an altered text", [alterBody(4, "bread", "beard")], [[4, "damaged on the till"]]],
    [
      "two neighbours altered",
      [alterBody(4), alterBody(5)],
      [
        [4, "damaged on the till"],
        [5, "damaged on the till"],
      ],
    ],
    ["the last change altered", [alterBody(CHANGES, "counts", "kounts")], [[CHANGES, "damaged on the till"]]],
    [
      "bytes that are no JSON any more",
      [`UPDATE journal SET body = 'x' WHERE position = ${AT(4)}`],
      [[4, "damaged on the till"]],
    ],
    [
      "an altered hash",
      [`UPDATE journal SET hash = unhex('${"ab".repeat(32)}') WHERE position = ${AT(4)}`],
      [[4, "damaged on the till"]],
    ],
    ["a missing sale", [`DELETE FROM journal WHERE position = ${AT(4)}`], [[4, "missing on the till"]]],
    ["a missing first change", [`DELETE FROM journal WHERE position = ${AT(1)}`], [[1, "missing on the till"]]],
    [
      "a missing last change",
      [`DELETE FROM journal WHERE position = ${AT(CHANGES)}`],
      [[CHANGES, "missing on the till"]],
    ],
    [
      "a run of missing changes",
      [`DELETE FROM journal WHERE position BETWEEN ${AT(3)} AND ${AT(5)}`],
      [
        [3, "missing on the till"],
        [4, "missing on the till"],
        [5, "missing on the till"],
      ],
    ],
    [
      "a receipt number that was skipped",
      [
        `UPDATE journal SET receipt_sequence = receipt_sequence + 1 WHERE business_date = '2026-01-17' AND receipt_sequence = ${SALES_A_DAY}`,
      ],
      [[null, "unexplained gap in receipt numbers"]],
    ],
    [
      "nothing in a number that was skipped for a reason the till noted down",
      [
        `UPDATE journal SET receipt_sequence = receipt_sequence + 1 WHERE business_date = '2026-01-17' AND receipt_sequence = ${SALES_A_DAY}`,
        `INSERT INTO receipt_floor VALUES (1, '2026-01-17', ${SALES_A_DAY}, ${SALES_A_DAY}, '')`,
      ],
      [],
    ],
    [
      "a receipt number given twice",
      [
        `UPDATE journal SET receipt_sequence = receipt_sequence - 1 WHERE business_date = '2026-01-17' AND receipt_sequence = ${SALES_A_DAY}`,
      ],
      [[null, "receipt number given twice"]],
    ],
    ["a mark that was set back", ["UPDATE life SET durable_through = 3"], []],
  ])("finds %s, and nothing else", async (_name, sql, expected) => {
    const file = tillWith(...sql);
    expect(await differences(file)).toEqual(expected);
    expect(await differences(file, 3)).toEqual(expected);
  });

  it("finds the life that is gone with a database that was made anew", async () => {
    const file = tillWith(
      "UPDATE life SET incarnation = 'ffffffffffffffff', durable_through = 0",
      "DELETE FROM journal",
    );
    expect(await differences(file)).toEqual([[null, "missing on the till"]]);
  });

  it("calls what was never sent late, not lost", async () => {
    const file = tillWith(
      `INSERT INTO journal (position, hash, kind, local_id, version, business_date, body)
       SELECT position + 1, hash, kind, 'new', 1, business_date, body FROM journal WHERE position = ${AT(CHANGES)}`,
    );
    const found = await differences(file);
    expect(found.filter(([, what]) => what === "not sent yet")).toEqual([[CHANGES + 1, "not sent yet"]]);
  });
});

describe("verify of a centre whose database was changed", () => {
  const head = (seq: number, set: string) =>
    ["change_head", `seq = ${seq}`, `UPDATE tillsync.change_head SET ${set} WHERE seq = ${seq}`] as const;
  const gone = (table: string, rows: string) => [table, rows, `DELETE FROM tillsync.${table} WHERE ${rows}`] as const;
  const document = (set: string) =>
    ["document", "seq = 4", `UPDATE tillsync.document SET ${set} WHERE seq = 4`] as const;

  it.each<[string, readonly [string, string, string], unknown]>([
    ["an altered body", flipAtCentre(4), [[4, "damaged at the centre"]]],
    ["an altered last body", flipAtCentre(CHANGES), [[CHANGES, "damaged at the centre"]]],
    ["a body that is gone", gone("change_body", "seq = 4"), [[4, "damaged at the centre"]]],
    ["a row that is gone", gone("change_head", "seq = 4"), [[4, "missing at the centre"]]],
    ["a first row that is gone", gone("change_head", "seq = 1"), [[1, "missing at the centre"]]],
    ["a last row that is gone", gone("change_head", `seq = ${CHANGES}`), [[CHANGES, "missing at the centre"]]],
    [
      "a run of rows that is gone",
      gone("change_head", "seq BETWEEN 3 AND 9"),
      [3, 4, 5, 6, 7, 8, 9].map((seq) => [seq, "missing at the centre"]),
    ],
    ["an altered hash", head(4, `hash = '\\x${"ab".repeat(32)}'`), [[4, "damaged at the centre"]]],
    ["an effect that was taken back", head(4, "effect = 'parked'"), [[4, "not applied"]]],
    ["a changed amount", document("total_minor = 251"), [[4, "other amount at the centre"]]],
    ["a changed currency", document("currency = 'UGX'"), [[4, "other amount at the centre"]]],
    [
      "a changed receipt number",
      document("receipt_number = 'T01-20260116-00099'"),
      [[4, "other receipt number at the centre"]],
    ],
    ["a document that is gone", gone("document", "seq = 4"), [[4, "no document at the centre"]]],
    ["a stock movement that is gone", gone("document", "local_id = 'delivery'"), [[17, "no document at the centre"]]],
    [
      "a chain head that is not the last hash",
      ["incarnation", "true", "UPDATE tillsync.incarnation SET chain_hash = '\\x00'"],
      [[null, "other chain head at the centre"]],
    ],
  ])("finds %s, and nothing else", async (_name, change, expected) => {
    await withCentre(...change, async () => {
      expect(await differences(original)).toEqual(expected);
      expect(await differences(original, 3)).toEqual(expected);
    });
  });

  it("finds each of many at once", async () => {
    const file = tillWith(alterBody(4), `DELETE FROM journal WHERE position = ${AT(24)}`);
    const found = await withCentre(...flipAtCentre(8), async () => {
      await admin.query("ALTER TABLE public.kept RENAME TO kept_body");
      const result = await withCentre(...gone("change_head", "seq = 10"), () => differences(file));
      await admin.query("ALTER TABLE public.kept_body RENAME TO kept");
      return result;
    });
    expect(found).toEqual([
      [4, "damaged on the till"],
      [8, "damaged at the centre"],
      [10, "missing at the centre"],
      [24, "missing on the till"],
    ]);
  });
});

describe("the command", () => {
  it("lists each difference and ends with 1; with 0 when there is none", async () => {
    const equal = await tillsyncVerify(householdWith(original));
    expect(equal).toMatchObject({ code: 0, stdout: expect.stringContaining("T01  EQUAL") });
    const different = await tillsyncVerify(householdWith(tillWith(alterBody(4))));
    expect(different.code).toBe(1);
    expect(different.stdout).toContain("T01  DIFFERENT");
    const listed = different.stdout.split("\n").filter((line) => line.includes("damaged on the till"));
    expect(listed).toEqual([expect.stringMatching(/^ {2}damaged on the till: [0-9a-f]{16}\/4 {2}/)]);
  });

  it("gives the same as JSON", async () => {
    const { code, stdout } = await tillsyncVerify(householdWith(tillWith(alterBody(4))), "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject([
      { equal: false, differences: [{ seq: 4, what: "damaged on the till" }] },
    ]);
  });

  it("refuses a date that is none, naming the option and the form", async () => {
    const ended = await tillsyncVerify(householdWith(original), "--since", "16.01.2026");
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toMatch(/--since.*YYYY-MM-DD/s);
  });

  it("repairs with the till opened for it, and ends with 0", async () => {
    const folder = householdWith(tillWith(alterBody(4)));
    const ended = await tillsyncVerify(folder, "--since", "2026-01-16", "--repair");
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining("T01  EQUAL  since 2026-01-16") });
    expect(ended.stdout).toContain("repaired 1 change with the till opened for it");
    expect(await tillsyncVerify(folder)).toMatchObject({ code: 0 });
  });

  it("says in one sentence that the centre does not answer", async () => {
    const folder = householdWith(original, "http://127.0.0.1:1");
    const ended = await tillsyncVerify(folder);
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr.trim().split("\n").at(-1)).toMatch(/^tillsync: http:\/\/127\.0\.0\.1:1 does not answer/);
  });
});

/** A data folder as the demo makes it, with this database in it. */
function householdWith(file: string, centreUrl = server.url): string {
  const folder = tempFolder();
  const dataDir = join(folder, "T01");
  mkdirSync(dataDir);
  copyFileSync(file, join(dataDir, "till.db"));
  const till = { terminal, shortId: "T01", key, url: "http://127.0.0.1:1", dataDir };
  const home: Household = { store: "main", currency: "KES", adminKey: "", centreUrl, terminals: [till] };
  writeFileSync(join(folder, "demo.json"), JSON.stringify(home));
  return folder;
}

async function tillsyncVerify(dataDir: string, ...more: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, "verify", "--data-dir", dataDir, ...more]);
  const ended = once(child, "close");
  const [stdout, stderr] = await Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
  const [code] = await ended;
  return {
    code: code as number | null,
    stdout: Buffer.concat(stdout).toString(),
    stderr: Buffer.concat(stderr).toString(),
  };
}
