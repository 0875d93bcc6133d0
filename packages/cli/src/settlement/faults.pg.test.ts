import { join } from "node:path";
import { openTerminal, type ShiftSettlement, type Terminal } from "@tillsync/engine";
import { readOnly } from "@tillsync/engine/sqlite";
import { enroll, openPool, type RunningServer, startServer } from "@tillsync/server";
import { type MigratedDatabase, migratedDatabase, tempFolder } from "@tillsync/server/testing";
import type pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sidesOf } from "../commands/settlement.ts";
import { type Prng, prng } from "../prng.ts";
import { readOwnSide } from "./own-side.ts";
import { printSettlement } from "./print.ts";

const SEED = Number(process.env.TILLSYNC_SEED ?? Date.now() % 1_000_000);
const ROUNDS = 6;
const SALES = 40;
const PLACE = { org: "demo", store: "main", currency: "KES" };

let database: MigratedDatabase;
let server: RunningServer;
let admin: pg.Pool;

beforeAll(async () => {
  database = await migratedDatabase();
  server = await startServer({ databaseUrl: database.url, host: "127.0.0.1", port: 0, log: pino({ level: "silent" }) });
  admin = openPool(database.adminUrl, { max: 1 });
});
afterAll(async () => {
  await admin.end();
  await server.close();
  await database.drop();
});

interface Till {
  readonly terminal: Terminal;
  readonly id: string;
  readonly file: string;
  readonly key: string;
}

async function openTill(shortId: string): Promise<Till> {
  const wanted = { ...PLACE, role: "terminal", name: shortId, terminal: { shortId } } as const;
  const { terminal: id = "", key } = await enroll(server.pool, wanted, 0);
  const file = join(tempFolder(), "till.db");
  const central = { url: server.url, key };
  const terminal = openTerminal({ file, terminal: id, shortId, store: "main", currency: "KES", central });
  return { terminal, id, file, key };
}

/** Waits for the till to say that its shift stands as wanted. */
function settled(terminal: Terminal, shift: string): Promise<ShiftSettlement> {
  return new Promise((resolve) => {
    const look = () => {
      const now = terminal.settlementOf(shift);
      if (now.state !== "settled" && now.state !== "settled-with-exceptions") return;
      stop();
      resolve(now);
    };
    const stop = terminal.subscribe(look);
  });
}

/** Something that a disk, a person with SQL, or a bug does to one row of the till. */
function breakTill({ terminal }: Till, seq: number, fault: number): void {
  const at = `position = (1 << 40) + ${seq}`;
  const twin = `(SELECT body FROM journal WHERE position = (1 << 40) + ${seq - 1})`;
  const statements = [
    `DELETE FROM journal WHERE ${at}`,
    `UPDATE journal SET body = replace(body, '"amountMinor":', '"amountMinor":9') WHERE ${at}`,
    `UPDATE journal SET hash = randomblob(32) WHERE ${at}`,
    `UPDATE journal SET body = coalesce(${twin}, '') WHERE ${at}`,
  ];
  terminal.transaction((tx) => tx.sql.run(statements[fault] ?? ""));
}

async function breakCentre({ id }: Till, seq: number, fault: number): Promise<void> {
  const place = `terminal = '${id}' AND seq = ${seq}`;
  const statements = [
    `DELETE FROM tillsync.change_head WHERE ${place}`,
    `DELETE FROM tillsync.change_body WHERE ${place}`,
    `UPDATE tillsync.change_body SET body = set_byte(body, 40, get_byte(body, 40) # 1) WHERE ${place}`,
    `UPDATE tillsync.change_head SET hash = sha256(hash) WHERE ${place}`,
    `UPDATE tillsync.change_body SET body = (SELECT body FROM tillsync.change_body WHERE terminal = '${id}' AND seq = ${seq - 1}) WHERE ${place}`,
  ];
  expect((await admin.query(statements[fault] ?? "")).rowCount).toBe(1);
}

interface Content {
  readonly hash: string;
  readonly body: string;
}

function tillContent({ file }: Till): Content[] {
  const db = readOnly(file);
  try {
    return db.all<Content>("SELECT lower(hex(hash)) AS hash, body FROM journal ORDER BY position");
  } finally {
    db.close();
  }
}

async function centreContent({ id }: Till): Promise<Content[]> {
  const { rows } = await admin.query<{ hash: string; body: Buffer }>(
    `SELECT encode(h.hash, 'hex') AS hash, b.body FROM tillsync.change_head h
     JOIN tillsync.change_body b USING (org_id, store_id, terminal, incarnation, seq) WHERE h.terminal = $1 ORDER BY h.seq`,
    [id],
  );
  return rows.map(({ hash, body }) => ({ hash, body: body.toString("utf8") }));
}

async function healedAtCentre({ id }: Till): Promise<number[]> {
  const { rows } = await admin.query<{ healed: number[] }>(
    "SELECT healed FROM tillsync.shift_settlement WHERE terminal = $1",
    [id],
  );
  return rows[0]?.healed ?? [];
}

/** What `tillsync settlement` prints. */
async function shown({ file, key }: Till, shift: string): Promise<string> {
  const target = { shortId: "T01", local: { url: "" }, file, centre: { url: server.url, key } };
  const sides = await sidesOf(shift, [target]);
  expect(sides).toMatchObject({ equal: true, differences: [], state: "settled" });
  const lines: string[] = [];
  const line = (text = "") => void lines.push(text);
  printSettlement({ json: false, line, progress: () => {}, value: () => {} }, sides);
  return `${lines.join("\n")}\n`;
}

/** Which of the rows in reach of both sides are broken on which: no row on both, or nobody would have it. */
function chooseFaults(random: Prng, last: number): { till: number[]; centre: number[] } {
  const seqs = new Set<number>();
  for (let k = random.whole(1, 8); k > 0; k--) seqs.add(random.whole(2, last - 1));
  const chosen = [...seqs].sort((one, other) => one - other);
  const till = chosen.filter(() => random.chance(0.5));
  return { till, centre: chosen.filter((seq) => !till.includes(seq)) };
}

describe(`changes of a shift that were lost, altered or doubled on either side (seed ${SEED})`, () => {
  it.each(Array.from({ length: ROUNDS }, (_, index) => SEED + index))(
    "are found, exactly those, and healed to the byte and to the cent: seed %i",
    async (seed) => {
      const random = prng(seed);
      const till = await openTill(`S${seed % 1_000_000}`);
      const { terminal } = till;
      const line = { item: "bread", quantity: "1", unitPrice: "2.50" };
      terminal.openShift({ localId: `shift-${seed}`, operator: "Amina", businessDate: "2026-01-16" });
      for (let index = 1; index <= SALES; index++) {
        const tenders = [{ type: index % 3 === 0 ? "mpesa" : "cash", amountMinor: 250 }];
        terminal.closeOrder({ localId: `${seed}-${index}`, lines: [line], tenders });
      }
      expect(await terminal.syncNow()).toMatchObject({ left: 0 });
      const whole = tillContent(till);
      const faults = chooseFaults(random, whole.length);
      const done = settled(terminal, `shift-${seed}`);
      for (const seq of faults.centre) await breakCentre(till, seq, random.whole(0, 4));
      terminal.closeShift({});
      for (const seq of faults.till) breakTill(till, seq, random.whole(0, 3));
      expect({ seed, faults, ...(await done) }).toMatchObject({ state: "settled", exceptions: 0, differences: 0 });

      const [left, right] = [tillContent(till), await centreContent(till)];
      expect({ seed, faults, left }).toEqual({ seed, faults, left: right });
      expect(left.slice(0, whole.length)).toEqual(whole);
      const own = readOwnSide(till.file, `shift-${seed}`);
      const healed = { till: own?.healed.toSorted((a, b) => a - b), centre: await healedAtCentre(till) };
      expect({ seed, healed }).toEqual({ seed, healed: faults });
      expect(own?.totals).toEqual([
        { currency: "KES", tender: "cash", amountMinor: 250 * (SALES - Math.floor(SALES / 3)) },
        { currency: "KES", tender: "mpesa", amountMinor: 250 * Math.floor(SALES / 3) },
      ]);
      expect(own?.flaws).toEqual([]);
      expect(await shown(till, `shift-${seed}`)).toMatch(/SETTLED\n.*till +head office\n.*order\.closed +40 +40\n/s);
      await terminal.close();
    },
    60_000,
  );
});
