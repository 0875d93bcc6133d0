import type pg from "pg";
import { openPool } from "../db/pool.ts";
import { type Enrolled, type Enrolment, enroll } from "../directory/enroll.ts";
import type { Scope } from "../ingest/ports.ts";
import { type MigratedDatabase, migratedDatabase } from "./migrated-database.ts";
import { type TestApp, testApp } from "./test-app.ts";

/** 004's shapes, as far as tests look into them. */
export interface SyncableRow {
  readonly localId: string;
  readonly syncVersion: number;
  readonly deviceId: string;
  readonly order: Record<string, unknown>;
  readonly transaction: Record<string, unknown>;
}
export interface ItemAnswer {
  readonly success: boolean;
  readonly serverId?: string;
  readonly message?: string;
  readonly error?: { readonly code: string; readonly field: string };
  readonly conflicts?: readonly { readonly conflictType: string; readonly remoteData: SyncableRow }[];
}
export interface UpdatesAnswer {
  readonly orders: SyncableRow[];
  readonly transactions: SyncableRow[];
  readonly deletedOrderIds: string[];
  readonly deletedTransactionIds: string[];
  readonly nextSyncToken: string;
}
export interface BatchAnswer {
  readonly syncedOrders: ItemAnswer[];
  readonly syncedTransactions: ItemAnswer[];
  readonly serverUpdates: Omit<UpdatesAnswer, "nextSyncToken">;
  readonly nextSyncToken: string;
}

/** The doors of 004 on a real database. For tests. */
export class DeviceDoorsWorld {
  readonly database: MigratedDatabase;
  /** As superuser: row security does not bind it. */
  readonly admin: pg.Pool;
  #stores = 0;

  private constructor(database: MigratedDatabase) {
    this.database = database;
    this.admin = openPool(database.adminUrl, { max: 2 });
  }

  static async open(): Promise<DeviceDoorsWorld> {
    return new DeviceDoorsWorld(await migratedDatabase());
  }

  async newStore(): Promise<DeviceDoorsStore> {
    const place = { org: "demo", store: `S${++this.#stores}`, currency: "KES" };
    const key = await enroll(this.database.pool, { ...place, role: "foreign", name: "any POS" }, 0);
    return new DeviceDoorsStore(this, testApp(this.database.pool), place, key);
  }

  async close(): Promise<void> {
    await this.admin.end();
    await this.database.drop();
  }
}

export class DeviceDoorsStore {
  readonly app: TestApp["app"];
  readonly scope: Scope;
  readonly world: TestApp;
  readonly #place: Pick<Enrolment, "org" | "store" | "currency">;
  readonly #key: string;
  readonly #doors: DeviceDoorsWorld;

  constructor(
    doors: DeviceDoorsWorld,
    world: TestApp,
    place: Pick<Enrolment, "org" | "store" | "currency">,
    key: Enrolled,
  ) {
    this.#doors = doors;
    this.#place = place;
    this.#key = key.key;
    this.world = world;
    this.app = world.app;
    this.scope = { orgId: key.orgId, storeId: key.storeId };
  }

  /** The rows of everybody who may send here. */
  async terminals(): Promise<string[]> {
    const { orgId, storeId } = this.scope;
    const { rows } = await this.#doors.admin.query<{ terminal: string }>(
      "SELECT terminal FROM tillsync.terminal WHERE org_id = $1 AND store_id = $2 ORDER BY terminal",
      [orgId, storeId],
    );
    return rows.map(({ terminal }) => terminal);
  }

  /** One more key of this store. */
  enroll(more: Pick<Enrolment, "role" | "name"> & Partial<Enrolment>): Promise<Enrolled> {
    return enroll(this.#doors.database.pool, { ...this.#place, ...more }, 0);
  }

  /** @param payload an object, or JSON text as it is to be sent */
  async send(method: "GET" | "POST" | "PUT" | "DELETE", url: string, payload?: unknown, key = this.#key) {
    const text = typeof payload === "string" ? payload : JSON.stringify(payload);
    const type = payload === undefined ? {} : { "content-type": "application/json" };
    const headers = { authorization: `Bearer ${key}`, ...type };
    const answer = await this.app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload: text }) });
    return { status: answer.statusCode, body: answer.json(), text: answer.body };
  }

  async batch(deviceId: string, orders: unknown[], transactions: unknown[] = [], more = {}): Promise<BatchAnswer> {
    const { status, text } = await this.send("POST", "/api/sync/batch", { deviceId, orders, transactions, ...more });
    if (status !== 200) throw new Error(`${status}: ${text}`);
    return JSON.parse(text);
  }

  async updates(deviceId: string, since: number | string = 0): Promise<UpdatesAnswer> {
    const { status, text } = await this.send("GET", `/api/sync/updates?deviceId=${deviceId}&since=${since}`);
    if (status !== 200) throw new Error(`${status}: ${text}`);
    return JSON.parse(text);
  }

  /** SQL with `$1` for the organization and `$2` for the store, as superuser. */
  async rows<T extends object>(sql: string): Promise<T[]> {
    return (await this.#doors.admin.query<T>(sql, [this.scope.orgId, this.scope.storeId])).rows;
  }

  /** Everything ever stored, in words such as `o-1 applied`, sorted. */
  async changes(): Promise<string[]> {
    const rows = await this.rows<{ text: string }>(
      `SELECT local_id || ' ' || coalesce(code, effect) AS text FROM tillsync.change_head WHERE org_id = $1 AND store_id = $2`,
    );
    return rows.map(({ text }) => text).sort();
  }
}
