import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openTerminal, type Terminal } from "@tillsync/engine";
import { countOf } from "@tillsync/protocol/testing";
import { enroll, type RunningServer, startServer } from "@tillsync/server";
import { type MigratedDatabase, migratedDatabase, tempFolder } from "@tillsync/server/testing";
import pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";

const DAY = "2026-01-16";
const NOWHERE = { url: "http://127.0.0.1:9", key: "none" };

let database: MigratedDatabase;
let server: RunningServer;

beforeAll(async () => {
  database = await migratedDatabase();
  server = await startServer({ databaseUrl: database.url, host: "127.0.0.1", port: 0, log: pino({ level: "silent" }) });
});
afterAll(async () => {
  await server.close();
  await database.drop();
});

/** Ten meet every way with the other till selling offline and online. */
const SEEDS = countOf(process.env.TILLSYNC_FULL_COUNTS, { quick: 10, full: 20 });

/** What becomes of a till's folder between two runs of it. */
const WAYS = ["copied", "put back", "put back, its witness not", "lost, its witness not", "lost"] as const;

interface Own {
  readonly terminal: string;
  readonly shortId: string;
  readonly store: string;
  readonly currency: string;
}

/** A till's folder on a real disk, and everything that was sold out of it or a copy of it. */
class Folder {
  readonly sold: string[] = [];
  #path = tempFolder();
  #kept: string | undefined;
  readonly #own: Own;
  readonly #central: { url: string; key: string };

  constructor(own: Own, central: { url: string; key: string }) {
    this.#own = own;
    this.#central = central;
  }

  /** Another folder with the same files. */
  copy(): Folder {
    const other = new Folder(this.#own, this.#central);
    cpSync(this.#path, other.#path, { recursive: true });
    return other;
  }

  keep(): void {
    this.#kept = tempFolder();
    cpSync(this.#path, this.#kept, { recursive: true });
  }

  happens(way: Exclude<(typeof WAYS)[number], "copied">): void {
    const witness = join(this.#path, "till.db.witness");
    const path = tempFolder();
    if (way.startsWith("put back") && this.#kept) cpSync(this.#kept, path, { recursive: true });
    if (way.endsWith("its witness not")) cpSync(witness, join(path, "till.db.witness"));
    rmSync(this.#path, { recursive: true, force: true });
    this.#path = path;
  }

  open(isOnline: boolean): Terminal {
    const central = isOnline ? this.#central : NOWHERE;
    return openTerminal({ ...this.#own, file: join(this.#path, "till.db"), central });
  }

  async sell(name: string, count: number, isOnline: boolean): Promise<void> {
    const till = this.open(isOnline);
    if (till.shift() === null) till.openShift({ operator: "Amina", businessDate: DAY });
    for (let at = 0; at < count; at++) {
      const localId = `${name}-${at}`;
      till.closeOrder({
        localId,
        lines: [{ item: "bread", quantity: "1", unitPrice: "2.50" }],
        tenders: [{ type: "cash", amountMinor: 250 }],
      });
      this.sold.push(localId);
    }
    if (isOnline) await drained(till);
    await till.close();
  }
}

/** Nobody presses anything else. */
async function drained(till: Terminal): Promise<void> {
  for (let rounds = 0; rounds < 6; rounds++) await till.syncNow();
  expect(till.status()).toMatchObject({ pending: 0, lanes: [{ halted: null }] });
}

async function documentsOf(prefix: string): Promise<{ localId: string; receipt: string }[]> {
  const client = new pg.Client({ connectionString: database.adminUrl });
  await client.connect();
  try {
    const sql = `SELECT local_id AS "localId", receipt_number AS receipt FROM tillsync.document
      WHERE entity = 'order' AND state = 'closed' AND local_id LIKE $1 ORDER BY local_id`;
    return (await client.query<{ localId: string; receipt: string }>(sql, [`${prefix}-%`])).rows;
  } finally {
    await client.end();
  }
}

it.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
  "a folder that is copied, put back or lost loses nothing that was sent or is still there, and stops nowhere: %i",
  async (seed) => {
    // The seed's own digits are chance enough.
    const [one, two, three] = [1 + (seed % 3), seed % 2 === 0, Math.floor(seed / 5) % 2 === 0];
    const way = WAYS[seed % WAYS.length] ?? "copied";
    const shortId = `F${seed}`;
    const place = { org: "demo", store: "main", currency: "KES" };
    const wanted = { ...place, role: "terminal", name: shortId, terminal: { shortId } } as const;
    const { terminal, key } = await enroll(server.pool, wanted, 0);
    const own = { terminal: terminal ?? "", shortId, store: "main", currency: "KES" };
    const folder = new Folder(own, { url: server.url, key });
    await folder.sell(`${shortId}-a`, one, true);
    folder.keep();
    const twin = way === "copied" ? folder.copy() : undefined;
    // What is sold offline and then lost with its folder is nowhere; so it is sold online where that may happen.
    await folder.sell(`${shortId}-b`, 2, way !== "copied" || two);
    if (way !== "copied") folder.happens(way);
    if (three) await (twin ?? folder).sell(`${shortId}-c`, 2, false);
    await (twin ?? folder).sell(`${shortId}-d`, 1, true);
    await folder.sell(`${shortId}-e`, 1, true);
    if (twin) await twin.sell(`${shortId}-f`, 1, true);
    const sold = [...folder.sold, ...(twin?.sold ?? [])].sort();
    const there = await documentsOf(shortId);
    expect(there.map(({ localId }) => localId)).toEqual(sold);
    // After its first contact no copy gives a number again. Whichever comes second sold until then, and cannot have known.
    const second = two ? /-[cd]-/ : /-[be]-/;
    const known = there.filter(({ localId }) => twin === undefined || !second.test(localId));
    const late = known.filter(({ localId }) => /-[ef]-/.test(localId)).map(({ receipt }) => receipt);
    const others = known.map(({ receipt }) => receipt);
    for (const receipt of late) expect(others.filter((one) => one === receipt)).toHaveLength(1);
    const till = folder.open(true);
    await drained(till);
    for (const localId of folder.sold) expect(till.order(localId)?.state).toBe("closed");
    await till.close();
  },
);
