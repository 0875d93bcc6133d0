import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openTerminal, type Terminal } from "@tillsync/engine";
import { enroll, type RunningServer, type Scope, startServer, type Task } from "@tillsync/server";
import { findTasks, type MigratedDatabase, migratedDatabase, tempFolder } from "@tillsync/server/testing";
import pg from "pg";
import { pino } from "pino";
import { askJson } from "../http-door.ts";

/** Nobody listens there. */
const NOWHERE = { url: "http://127.0.0.1:9", key: "none" };
const DAY = "2026-01-16";
const PLACE = { org: "demo", store: "main", currency: "KES" } as const;

export interface Sold {
  readonly localId: string;
  readonly receiptNumber: string;
}

interface Own {
  readonly terminal: string;
  readonly shortId: string;
  readonly store: string;
  readonly currency: string;
}

interface Central {
  readonly url: string;
  readonly key: string;
}

/** A head office, and tills whose folders lie on a real disk, where they can be copied, put back and lost. For tests. */
export class ShopOnFolders {
  readonly #database: MigratedDatabase;
  readonly #server: RunningServer;
  readonly #admin: Central;
  readonly #scope: Scope;

  private constructor(database: MigratedDatabase, server: RunningServer, admin: Central, scope: Scope) {
    this.#database = database;
    this.#server = server;
    this.#admin = admin;
    this.#scope = scope;
  }

  static async open(): Promise<ShopOnFolders> {
    const database = await migratedDatabase();
    const log = pino({ level: "silent" });
    const server = await startServer({ databaseUrl: database.url, host: "127.0.0.1", port: 0, log });
    const { key, orgId, storeId } = await enroll(server.pool, { ...PLACE, role: "admin", name: "head office" }, 0);
    return new ShopOnFolders(database, server, { url: server.url, key }, { orgId, storeId });
  }

  async enrol(shortId: string): Promise<TillFolder> {
    const wanted = { ...PLACE, role: "terminal", name: shortId, terminal: { shortId } } as const;
    const { terminal = "", key } = await enroll(this.#server.pool, wanted, 0);
    const own = { terminal, shortId, store: PLACE.store, currency: PLACE.currency };
    return new TillFolder(own, { url: this.#server.url, key });
  }

  /** What `tillsync tasks` shows of a till, without waiting for the sweep of the minute. */
  async tasksOf({ own }: TillFolder): Promise<Task[]> {
    await findTasks(this.#server.pool, this.#scope, Date.now());
    const { tasks } = await askJson<{ tasks: Task[] }>(this.#admin, "GET", "/api/admin/tasks");
    return tasks.filter(({ evidence }) => JSON.stringify(evidence).includes(own.terminal));
  }

  /** What head office counts as sold, of orders whose id begins with a till's name. */
  documentsOf(name: string): Promise<Sold[]> {
    return this.#rows<Sold>(
      `SELECT local_id AS "localId", receipt_number AS "receiptNumber" FROM tillsync.document
       WHERE entity = 'order' AND state = 'closed' AND local_id LIKE $1 ORDER BY local_id`,
      `${name}-%`,
    );
  }

  /** Lives of a till that followed another one. */
  async birthsOf({ own }: TillFolder): Promise<number> {
    const sql = `SELECT FROM tillsync.change_head WHERE terminal = $1 AND kind = 'terminal.reborn' AND origin IS NULL`;
    return (await this.#rows(sql, own.terminal)).length;
  }

  async #rows<T extends object>(sql: string, ...values: readonly string[]): Promise<T[]> {
    const client = new pg.Client({ connectionString: this.#database.adminUrl });
    await client.connect();
    try {
      return (await client.query<T>(sql, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  async close(): Promise<void> {
    await this.#server.close();
    await this.#database.drop();
  }
}

/** A till's folder, and everything that was sold out of it or a copy of it. */
export class TillFolder {
  readonly own: Own;
  readonly central: Central;
  readonly sold: Sold[] = [];
  #path = tempFolder();
  #kept: string | undefined;

  constructor(own: Own, central: Central) {
    this.own = own;
    this.central = central;
  }

  get file(): string {
    return join(this.#path, "till.db");
  }

  /** Another folder with the same files. */
  copy(): TillFolder {
    const other = new TillFolder(this.own, this.central);
    cpSync(this.#path, other.#path, { recursive: true });
    return other;
  }

  keep(): void {
    this.#kept = tempFolder();
    cpSync(this.#path, this.#kept, { recursive: true });
  }

  /** To what was kept, or to nothing. */
  putBack(what: "the last kept" | "nothing", { withWitness }: { withWitness: boolean }): void {
    const path = tempFolder();
    if (what === "the last kept" && this.#kept) cpSync(this.#kept, path, { recursive: true });
    if (!withWitness) cpSync(`${this.file}.witness`, join(path, "till.db.witness"));
    rmSync(this.#path, { recursive: true, force: true });
    this.#path = path;
  }

  open(isOnline = true): Terminal {
    return openTerminal({ ...this.own, file: this.file, central: isOnline ? this.central : NOWHERE });
  }

  /** Starts the till, sells, delivers when it can, and ends it. @returns the numbers of the receipts */
  async sell(name: string, count: number, isOnline = true): Promise<string[]> {
    const till = this.open(isOnline);
    if (till.shift() === null) till.openShift({ operator: "Amina", businessDate: DAY });
    const numbers: string[] = [];
    for (let at = 0; at < count; at++) {
      const localId = `${name}-${at}`;
      const lines = [{ item: "bread", quantity: "1", unitPrice: "2.50" }];
      const { receiptNumber = "" } = till.closeOrder({ localId, lines, tenders: [{ type: "cash", amountMinor: 250 }] });
      this.sold.push({ localId, receiptNumber });
      numbers.push(receiptNumber);
    }
    if (isOnline) await drained(till);
    await till.close();
    return numbers;
  }
}

/** Nobody presses anything else. @throws Error when something is left, or sending stopped */
export async function drained(till: Terminal): Promise<void> {
  for (let rounds = 0; rounds < 6; rounds++) await till.syncNow();
  const { pending, lanes, text } = till.status();
  if (pending > 0 || lanes.some(({ halted }) => halted !== null)) throw new Error(`the till is not drained: ${text}`);
}
