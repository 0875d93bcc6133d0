import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { enroll, openPool, type RunningServer, startServer } from "@tillsync/server";
import { type MigratedDatabase, migratedDatabase } from "@tillsync/server/testing";
import type pg from "pg";
import pino from "pino";
import { onTestFinished } from "vitest";
import { type SyncOptions, SyncService } from "../../../../../examples/sync-client/sync-client.ts";

export type StoredOrder = { readonly localId: string; readonly version: number; readonly state: string };

/** A server on a database of its own, and stores in it. */
export class DeviceWorld {
  readonly server: RunningServer;
  readonly #database: MigratedDatabase;
  /** As superuser: row security does not bind it. */
  readonly #admin: pg.Pool;
  #stores = 0;

  private constructor(server: RunningServer, database: MigratedDatabase) {
    this.server = server;
    this.#database = database;
    this.#admin = openPool(database.adminUrl, { max: 2 });
  }

  /** @param openDevices devices of this machine need no key, as in the demo */
  static async start({ openDevices = false } = {}): Promise<DeviceWorld> {
    const database = await migratedDatabase();
    const log = pino({ level: "silent" });
    const server = await startServer({ databaseUrl: database.url, host: "127.0.0.1", port: 0, log, openDevices });
    return new DeviceWorld(server, database);
  }

  async newStore(): Promise<DeviceStore> {
    const place = { org: "demo", store: `S${++this.#stores}`, currency: "KES" };
    const { pool } = this.server;
    const { key, orgId, storeId } = await enroll(pool, { ...place, role: "foreign", name: "any POS" }, Date.now());
    const admin = await enroll(pool, { ...place, role: "admin", name: "head office" }, Date.now());
    const rows = async <T extends object>(sql: string): Promise<T[]> =>
      (await this.#admin.query<T>(sql, [orgId, storeId])).rows;
    return new DeviceStore(this.server.url, { key, adminKey: admin.key, rows });
  }

  async stop(): Promise<void> {
    await this.server.close();
    await this.#admin.end();
    await this.#database.drop();
  }
}

/** One store: its devices, its head office, and what is in the database. */
export class DeviceStore {
  readonly url: string;
  readonly key: string;
  readonly #adminKey: string;
  readonly #rows: <T extends object>(sql: string) => Promise<T[]>;

  constructor(url: string, { key, adminKey, rows }: { key: string; adminKey: string; rows: DeviceStore["rows"] }) {
    this.url = url;
    this.key = key;
    this.#adminKey = adminKey;
    this.#rows = rows;
  }

  /** A device of another make, with an empty folder, for the running test. */
  device(deviceId: string, more: Partial<SyncOptions> = {}): SyncService {
    const folder = more.folder ?? folderForTest();
    const service = new SyncService({ baseUrl: this.url, apiKey: this.key, deviceId, ...more, folder });
    onTestFinished(() => service.stop());
    return service;
  }

  /** What somebody at head office does. @returns the answer's status */
  async atHeadOffice(method: "PUT" | "DELETE", localId: string, body: object): Promise<number> {
    const response = await fetch(`${this.url}/api/admin/orders/${localId}`, {
      method,
      headers: { authorization: `Bearer ${this.#adminKey}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    await response.body?.cancel();
    return response.status;
  }

  /** An order as it stands at the server. */
  async order(localId: string) {
    const headers = { authorization: `Bearer ${this.#adminKey}` };
    const response = await fetch(`${this.url}/api/admin/orders/${localId}`, { headers });
    return (await response.json()) as { order: { total: number }; syncVersion: number };
  }

  /** SQL with `$1` for the organization and `$2` for the store. */
  rows<T extends object>(sql: string): Promise<T[]> {
    return this.#rows<T>(sql);
  }

  /** The rows of 004's `sync_orders`, whatever they are called here. */
  storedOrders(): Promise<StoredOrder[]> {
    return this.rows(
      `SELECT local_id AS "localId", version::integer, state FROM tillsync.document
       WHERE org_id = $1 AND store_id = $2 AND entity = 'order' ORDER BY local_id`,
    );
  }

  /** Everything ever stored, repeats and conflicts included, in words such as `o-1 applied`, sorted. */
  async changes(): Promise<string[]> {
    const rows = await this.rows<{ text: string }>(
      `SELECT local_id || ' ' || coalesce(code, effect) AS text FROM tillsync.change_head
       WHERE org_id = $1 AND store_id = $2`,
    );
    return rows.map(({ text }) => text).sort();
  }
}

/** A folder for the running test, gone when it ends. */
export function folderForTest(): string {
  const folder = mkdtempSync(join(tmpdir(), "tillsync-device-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

export const orderOf = (id: string, total: number) => ({ id, orderNumber: `ORD-${id}`, total, items: ["bread"] });
