import { join } from "node:path";
import { openTerminal, type ShiftSettlement, type Terminal } from "@tillsync/engine";
import { readOnly } from "@tillsync/engine/sqlite";
import { enroll, openPool, type RunningServer, startServer } from "@tillsync/server";
import { migratedDatabase, tempFolder } from "@tillsync/server/testing";
import type pg from "pg";
import { pino } from "pino";

const PLACE = { org: "demo", store: "main", currency: "KES" };

/** A till: the engine on a file of its own. */
export interface TestTill {
  readonly terminal: Terminal;
  readonly id: string;
  readonly shortId: string;
  readonly file: string;
  readonly key: string;
}

/** One row as either side keeps it. */
export interface Content {
  readonly hash: string;
  readonly body: string;
  readonly private: string | null;
}

/** A central server on a PostgreSQL of its own, and tills that speak with it over HTTP: both sides of a settlement. */
export class TwoSides {
  readonly server: RunningServer;
  /** Past row security and past the product. */
  readonly admin: pg.Pool;
  readonly #drop: () => Promise<void>;

  private constructor(server: RunningServer, admin: pg.Pool, drop: () => Promise<void>) {
    this.server = server;
    this.admin = admin;
    this.#drop = drop;
  }

  static async open(): Promise<TwoSides> {
    const database = await migratedDatabase();
    const log = pino({ level: "silent" });
    const server = await startServer({ databaseUrl: database.url, host: "127.0.0.1", port: 0, log });
    return new TwoSides(server, openPool(database.adminUrl, { max: 1 }), () => database.drop());
  }

  async close(): Promise<void> {
    await this.admin.end();
    await this.server.close();
    await this.#drop();
  }

  /** @param url the way to the centre, when it is not the straight one */
  async openTill(shortId: string, url = this.server.url): Promise<TestTill> {
    const wanted = { ...PLACE, role: "terminal", name: shortId, terminal: { shortId } } as const;
    const { terminal: id = "", key } = await enroll(this.server.pool, wanted, 0);
    const file = join(tempFolder(), "till.db");
    return openEngine({ id, shortId, file, key }, url);
  }

  /** The same till again, after it was closed, with the straight way to the centre. */
  reopen(till: TestTill): TestTill {
    return openEngine(till, this.server.url);
  }

  async centreContent({ id }: TestTill): Promise<Content[]> {
    const { rows } = await this.admin.query<Content>(
      `SELECT encode(h.hash, 'hex') AS hash, convert_from(b.body, 'UTF8') AS body, convert_from(p.private, 'UTF8') AS private
       FROM tillsync.change_head h JOIN tillsync.change_body b USING (org_id, store_id, terminal, incarnation, seq)
       LEFT JOIN tillsync.change_private p USING (org_id, store_id, terminal, incarnation, seq)
       WHERE h.terminal = $1 ORDER BY h.seq`,
      [id],
    );
    return rows;
  }

  /** What became of each change at the centre, in seq order. */
  async effects({ id }: TestTill): Promise<string[]> {
    const { rows } = await this.admin.query<{ effect: string }>(
      "SELECT effect FROM tillsync.change_head WHERE terminal = $1 ORDER BY seq",
      [id],
    );
    return rows.map(({ effect }) => effect);
  }

  /** Rows that were wrong at the centre and are right again. */
  async healedAtCentre({ id }: TestTill): Promise<number[]> {
    const { rows } = await this.admin.query<{ healed: number[] }>(
      "SELECT healed FROM tillsync.shift_settlement WHERE terminal = $1",
      [id],
    );
    return (rows[0]?.healed ?? []).toSorted((one, other) => one - other);
  }
}

function openEngine(till: Omit<TestTill, "terminal">, url: string): TestTill {
  const { id, shortId, file, key } = till;
  const place = { file, terminal: id, shortId, store: "main", currency: "KES" };
  return { ...till, terminal: openTerminal({ ...place, central: { url, key } }) };
}

export function tillContent({ file }: TestTill): Content[] {
  const db = readOnly(file);
  try {
    return db.all<Content>("SELECT lower(hex(hash)) AS hash, body, private FROM journal ORDER BY position");
  } finally {
    db.close();
  }
}

/** Waits for the till to say that its shift is settled, with exceptions or without. */
export function settled(terminal: Terminal, shift: string): Promise<ShiftSettlement> {
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

/** A statement on one row of the till: what a disk, a person with SQL, or a bug does. */
export function breakTill({ terminal }: TestTill, sql: string, ...params: (string | number | null)[]): void {
  terminal.transaction((tx) => tx.sql.run(sql, ...params));
}

/** Where the till keeps the change `seq` of its first life. */
export function tillPosition(seq: number): string {
  return `position = (1 << 40) + ${seq}`;
}
