import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { openTerminal, type Terminal } from "@tillsync/engine";
import { readOnly } from "@tillsync/engine/sqlite";
import { enroll, openPool, type RunningServer, startServer } from "@tillsync/server";
import { type MigratedDatabase, migratedDatabase, tempFolder } from "@tillsync/server/testing";
import { startTerminalHttp } from "@tillsync/terminal";
import type pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Prng, prng } from "../prng.ts";
import { repair } from "./repair.ts";
import { type TillDoor, tillDoor } from "./till-door.ts";
import { verify } from "./verify.ts";

const SEED = Number(process.env.TILLSYNC_SEED ?? Date.now() % 1_000_000);
const ROUNDS = 6;
const PLACE = { org: "demo", store: "main", currency: "KES" };
const SALES = 45;

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
  readonly centre: { readonly url: string; readonly key: string };
  readonly door: TillDoor;
}

/** A till with two lives of which the centre has all: its database was put back once, before a sale that nobody else saw. */
async function tillOfTwoLives(shortId: string): Promise<Till> {
  const wanted = { ...PLACE, role: "terminal", name: shortId, terminal: { shortId } } as const;
  const { terminal: id = "", key } = await enroll(server.pool, wanted, 0);
  const file = join(tempFolder(), "till.db");
  const centre = { url: server.url, key };
  const open = (url: string) =>
    openTerminal({ file, terminal: id, shortId, store: "main", currency: "KES", central: { url, key } });
  const first = open(server.url);
  sellDay(first, { shortId, businessDate: "2026-01-16" });
  const { localId } = first.closeShift({});
  await settled(first, localId);
  await first.close();
  copyFileSync(file, `${file}.kept`);
  const alone = open("http://127.0.0.1:1");
  alone.recordInventory({ localId: "unseen", item: "bread", delta: "1", type: "count" });
  await alone.close(0);
  copyFileSync(`${file}.kept`, file);
  const terminal = open(server.url);
  sellDay(terminal, { shortId, businessDate: "2026-01-17" });
  expect(await terminal.syncNow()).toMatchObject({ left: 0 });
  const door: TillDoor = {
    isRunning: true,
    repair: async (rows) => terminal.repairRows(rows),
    send: async () => ((await terminal.syncNow()).left === 0 ? null : "not sent"),
    close: async () => {},
  };
  return { terminal, id, file, centre, door };
}

function settled(terminal: Terminal, shift: string): Promise<void> {
  return new Promise((resolve) => {
    const stop = terminal.subscribe(() => {
      if (terminal.settlementOf(shift).state !== "settled") return;
      stop();
      resolve();
    });
  });
}

interface Day {
  readonly shortId: string;
  readonly businessDate: string;
}

function sellDay(till: Terminal, { shortId, businessDate }: Day): void {
  const line = { item: "bread", quantity: "1", unitPrice: "2.50" };
  till.openShift({ operator: "Amina", businessDate });
  for (let index = 0; index < SALES; index++) {
    const order = { localId: `${shortId}-${businessDate}-${index}`, lines: [line] };
    const personal = index % 5 === 0 ? { private: { phone: `0711 000 ${index}` } } : {};
    till.closeOrder({ ...order, tenders: [{ type: "cash", amountMinor: 250 }], ...personal });
  }
}

interface Place {
  readonly incarnation: string;
  readonly ordinal: number;
  readonly seq: number;
}

function places({ file }: Till): Place[] {
  return read(file, (db) =>
    db.all<Place>(
      `SELECT l.incarnation, l.ordinal, j.position % (1 << 40) AS seq FROM journal j JOIN life l ON l.ordinal = j.position >> 40
       ORDER BY j.position`,
    ),
  );
}

function read<T>(file: string, fn: (db: ReturnType<typeof readOnly>) => T): T {
  const db = readOnly(file);
  try {
    return fn(db);
  } finally {
    db.close();
  }
}

const tillContent = ({ file }: Till) =>
  read(file, (db) => db.all("SELECT position, lower(hex(hash)) AS hash, body, origin FROM journal ORDER BY position"));

async function centreContent({ id }: Till) {
  const { rows } = await admin.query(
    `SELECT incarnation, h.seq, encode(h.hash, 'hex') AS hash, convert_from(b.body, 'UTF8') AS body, h.effect, h.damaged
     FROM tillsync.change_head h JOIN tillsync.change_body b USING (org_id, store_id, terminal, incarnation, seq)
     WHERE h.terminal = $1 ORDER BY incarnation, h.seq`,
    [id],
  );
  return rows;
}

/** What a disk, a person with SQL or a bug does to one row of the till. */
const TILL_FAULTS = [
  "DELETE FROM journal WHERE",
  `UPDATE journal SET body = replace(body, '"kind":', '"kinb":') WHERE`,
  "UPDATE journal SET body = '' WHERE",
  "UPDATE journal SET hash = randomblob(32) WHERE",
  "UPDATE journal SET hash = randomblob(32), body = body || 'x' WHERE",
];

function breakTill({ terminal }: Till, { ordinal, seq }: Place, fault: number): void {
  terminal.transaction((tx) => tx.sql.run(`${TILL_FAULTS[fault]} position = (${ordinal} << 40) + ${seq}`));
}

const CENTRE_FAULTS = [
  "DELETE FROM tillsync.change_head WHERE",
  "DELETE FROM tillsync.change_body WHERE",
  "UPDATE tillsync.change_body SET body = set_byte(body, 9, get_byte(body, 9) # 1) WHERE",
  "UPDATE tillsync.change_head SET hash = sha256(hash) WHERE",
  "UPDATE tillsync.change_body SET body = '\\xff' WHERE",
];

async function breakCentre({ id }: Till, { incarnation, seq }: Place, fault: number): Promise<void> {
  const where = `terminal = '${id}' AND incarnation = '${incarnation}' AND seq = ${seq}`;
  expect((await admin.query(`${CENTRE_FAULTS[fault]} ${where}`)).rowCount).toBe(1);
}

const named = ({ incarnation, seq }: { incarnation: string; seq: number | null }) => `${incarnation}/${seq}`;

/** Some of them, and never one twice. */
function some<T>(random: Prng, from: readonly T[], count: number): T[] {
  const left = [...from];
  return Array.from({ length: count }, () => left.splice(random.whole(0, left.length - 1), 1)).flat();
}

const compared = ({ file, centre }: Till) => verify({ file, centre });

describe(`changes lost or altered in any life, on the till or at the centre (TILLSYNC_SEED=${SEED})`, () => {
  it.each(Array.from({ length: ROUNDS }, (_, round) => SEED + round))(
    "are found, exactly those, and repaired to the byte: seed %i",
    async (seed) => {
      const random = prng(seed);
      const till = await tillOfTwoLives(`R${seed % 1_000_000}`);
      const before = { till: tillContent(till), centre: await centreContent(till) };
      const all = places(till);
      const heads = new Map(all.map((place) => [place.ordinal, place]));
      // The end of a journal is the witness's to watch: what is behind the last row, no row tells.
      const wrong = some(
        random,
        all.filter((place) => heads.get(place.ordinal) !== place),
        random.whole(1, 14),
      );
      const onTill = wrong.filter(() => random.whole(0, 1) === 0);
      const atCentre = wrong.filter((place) => !onTill.includes(place));
      for (const place of onTill) breakTill(till, place, random.whole(0, TILL_FAULTS.length - 1));
      for (const place of atCentre) await breakCentre(till, place, random.whole(0, CENTRE_FAULTS.length - 1));

      const found = await compared(till);
      const where = (side: string) =>
        found.differences
          .filter(({ what }) => what.endsWith(side))
          .map(named)
          .sort();
      expect({ seed, onTill: where("on the till"), atCentre: where("at the centre") }).toEqual({
        seed,
        onTill: onTill.map(named).sort(),
        atCentre: atCentre.map(named).sort(),
      });

      const repaired = await repair({ ...till, till: till.door });
      expect({ seed, ...repaired }).toMatchObject({ seed, equal: true, repair: { healed: wrong.length, left: [] } });
      expect({ seed, content: tillContent(till) }).toEqual({ seed, content: before.till });
      expect({ seed, content: await centreContent(till) }).toEqual({ seed, content: before.centre });
      expect(repaired.till).toEqual(repaired.centre);
      expect(repaired.till.sums).toEqual({ KES: 2 * SALES * 250 });

      expect(await compared(till)).toMatchObject({ equal: true, differences: [], travelled: { rows: 0 } });
      await till.terminal.close();
    },
  );
});

describe("a comparison", () => {
  it("carries digests only while both sides are equal, and few rows when few differ", async () => {
    const till = await tillOfTwoLives("R1");
    const equal = await compared(till);
    expect(equal).toMatchObject({ equal: true, travelled: { rows: 0 } });
    expect(equal.travelled.bytes).toBeLessThan(4096);
    const all = places(till);
    for (const at of [5, 30, 70]) await breakCentre(till, all[at] as Place, 2);
    const different = await compared(till);
    expect(different.differences).toHaveLength(3);
    expect(different.travelled.rows).toBe(3);
    await till.terminal.close();
  });

  it("looks at everything from a business date on, whatever is wrong before it", async () => {
    const till = await tillOfTwoLives("R2");
    const [first, later] = [places(till)[9], places(till).at(-9)] as [Place, Place];
    breakTill(till, first, 1);
    expect(await verify({ ...till, since: "2026-01-17" })).toMatchObject({
      equal: true,
      since: "2026-01-17",
      till: { documents: { orders: SALES }, sums: { KES: SALES * 250 } },
      receipts: { days: 1, numbers: SALES },
    });
    breakTill(till, later, 0);
    const { differences } = await verify({ ...till, since: "2026-01-17" });
    expect(differences.map(named)).toEqual([named(later)]);
    expect(await verify({ ...till, since: "2090-01-01" })).toMatchObject({ equal: true, till: { changes: 0 } });
    await till.terminal.close();
  });

  it("finds a private part that was altered, lost or added on either side, and a repair puts it right", async () => {
    const till = await tillOfTwoLives("R3");
    const [one, other, third] = [2, 7, 12].map((seq) => places(till)[seq - 1] as Place) as [Place, Place, Place];
    const at = ({ ordinal, seq }: Place) => `position = (${ordinal} << 40) + ${seq}`;
    till.terminal.transaction((tx) => {
      tx.sql.run(`UPDATE journal SET private = replace(private, '0711', '0722') WHERE ${at(one)}`);
      tx.sql.run(`UPDATE journal SET private = NULL WHERE ${at(other)}`);
    });
    const rows = `terminal = '${till.id}' AND incarnation = '${third.incarnation}' AND seq = ${third.seq}`;
    await admin.query(`UPDATE tillsync.change_private SET private = private || 'x'::bytea WHERE ${rows}`);
    await admin.query(
      `INSERT INTO tillsync.change_private SELECT org_id, store_id, terminal, incarnation, 14, private
       FROM tillsync.change_private WHERE ${rows}`,
    );
    const { differences } = await compared(till);
    expect(differences.map(({ seq, what }) => [seq, what])).toEqual([
      [2, "other private part on the till"],
      [7, "other private part on the till"],
      [12, "other private part at the centre"],
      [14, "other private part at the centre"],
    ]);
    expect(await repair({ ...till, till: till.door })).toMatchObject({ equal: true, repair: { healed: 4, left: [] } });
    await till.terminal.close();
  });
});

describe("a repair", () => {
  it("leaves alone what neither side has intact, and tells it by number", async () => {
    const till = await tillOfTwoLives("R4");
    const [nobodys, other] = [places(till)[9], places(till)[20]] as [Place, Place];
    breakTill(till, nobodys, 1);
    await breakCentre(till, nobodys, 2);
    breakTill(till, other, 1);
    const before = { till: tillContent(till)[9], centre: (await centreContent(till)).find(isAt(nobodys))?.body };
    const result = await repair({ ...till, till: till.door });
    expect(result).toMatchObject({ equal: false, repair: { healed: 1 } });
    expect(result.repair.left.map(named)).toEqual([named(nobodys)]);
    expect(tillContent(till)[9]).toEqual(before.till);
    expect((await centreContent(till)).find(isAt(nobodys))?.body).toBe(before.centre);
    await till.terminal.close();
  });

  it("asks the till that runs, at its address", async () => {
    const till = await tillOfTwoLives("R5");
    const http = await startTerminalHttp({
      terminal: till.terminal,
      host: "127.0.0.1",
      port: 0,
      log: pino({ level: "silent" }),
    });
    const target = { local: { url: http.url }, shortId: "R5", open: () => till.terminal };
    breakTill(till, places(till)[9] as Place, 0);
    await breakCentre(till, places(till)[10] as Place, 0);
    const door = await tillDoor(target, till.id);
    const result = await repair({ ...till, till: door });
    expect(result).toMatchObject({ equal: true, repair: { healed: 2, left: [], isTillRunning: true } });
    await expect(tillDoor(target, "another")).rejects.toMatchObject({ code: "INVALID_INPUT" });
    await Promise.all([http.close(), till.terminal.close()]);
  });

  it("opens a till that is stopped, and refuses one that a process holds and that does not answer", async () => {
    const till = await tillOfTwoLives("R6");
    const { file, id, centre } = till;
    const settings = { file, terminal: id, shortId: "R6", store: "main", currency: "KES", central: centre };
    const target = { local: { url: "http://127.0.0.1:1" }, shortId: "R6", open: () => openTerminal(settings) };
    await expect(tillDoor(target, id)).rejects.toMatchObject({ code: "LOCKED" });
    breakTill(till, places(till)[9] as Place, 1);
    await till.terminal.close();
    const door = await tillDoor(target, id);
    const result = await repair({ file, centre, till: door });
    await door.close();
    expect(result).toMatchObject({ equal: true, repair: { healed: 1, left: [], isTillRunning: false } });
  });
});

const isAt =
  ({ incarnation, seq }: Place) =>
  (row: { incarnation: string; seq: number }) =>
    row.incarnation === incarnation && row.seq === seq;
