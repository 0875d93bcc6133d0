import { SyncError } from "@tillsync/protocol";
import type pg from "pg";
import { inScope } from "../db/scope.ts";
import type { Scope } from "../ingest/ports.ts";
import type { Caller } from "./authenticate.ts";

/** Somebody without a journal of ours: a device of another make, or head office itself. */
export interface Device {
  /** Its row among the terminals of its store. */
  readonly terminal: string;
  readonly shortId: string;
  /** 004 `deviceId`. */
  readonly deviceId: string;
  /** Of its store: amounts come without one. */
  readonly currency: string;
}

/** Where edits at head office stand: one for each store. */
export const HEAD_OFFICE = "head-office";

/** A shop has dozens; a key that names new ones without end is broken or stolen. */
const MAX_DEVICES = 1_000;
/** Devices remembered by one server; past it the oldest are asked for again. */
const MAX_REMEMBERED = 20_000;
const ATTEMPTS = 20;

/** The devices of every store, remembered. */
export interface Devices {
  /** The device of a store that calls itself so; one that comes for the first time is given a row. */
  named(scope: Scope, deviceId: string): Promise<Device>;
  /** The one that a key was enrolled for, by its row. */
  withRow(scope: Scope, terminal: string): Promise<Device>;
}

/** Both throw SyncError UNAVAILABLE; `named` FORBIDDEN when the store has as many devices as it may. */
export function rememberDevices(pool: pg.Pool, wallMs: () => number): Devices {
  const known = new Map<string, Device>();
  const remembered = async ({ orgId, storeId }: Scope, name: string, find: () => Promise<Device>): Promise<Device> => {
    const key = `${orgId}/${storeId}/${name}`;
    const device = known.get(key) ?? (await find());
    if (known.size >= MAX_REMEMBERED) known.delete(known.keys().next().value ?? "");
    known.set(key, device);
    return device;
  };
  return {
    named: (scope, deviceId) =>
      remembered(scope, `named ${deviceId}`, () =>
        inScope(pool, scope, (client) => findOrMakeDevice(client, scope, deviceId, wallMs())),
      ),
    withRow: (scope, terminal) =>
      remembered(scope, `row ${terminal}`, () =>
        inScope(pool, scope, (client) => deviceWithRow(client, scope, terminal)),
      ),
  };
}

/**
 * The device that a request speaks for, as far as its key allows: a key enrolled for one terminal speaks for that one
 * (by its `deviceId` or its UUID), any other key of the store for each device of it.
 *
 * @throws SyncError FORBIDDEN
 */
export async function deviceOf(devices: Devices, caller: Caller, deviceId: string): Promise<Device> {
  if (caller.terminal !== null) {
    const own = await devices.withRow(caller, caller.terminal);
    if (deviceId === own.deviceId || deviceId === own.terminal) return own;
    throw forbidden("This key belongs to another device than the request speaks for.");
  }
  if (deviceId === HEAD_OFFICE) throw forbidden("No device can be head office.");
  return devices.named(caller, deviceId);
}

function forbidden(message: string): SyncError {
  return new SyncError("FORBIDDEN", message, { field: "deviceId" });
}

const DEVICE = `SELECT terminal, short_id AS "shortId", coalesce(device_id, terminal::text) AS "deviceId", currency
  FROM terminal JOIN store USING (org_id, store_id) WHERE org_id = $1 AND store_id = $2`;

async function deviceWithRow(client: pg.PoolClient, { orgId, storeId }: Scope, terminal: string): Promise<Device> {
  const { rows } = await client.query<Device>(`${DEVICE} AND terminal = $3`, [orgId, storeId, terminal]);
  if (rows[0] === undefined) throw new Error("a key names a terminal that its store does not have");
  return rows[0];
}

/** Finds a device of a store by its id, or gives it a row. Runs in a transaction of the store or of the operator. */
export async function findOrMakeDevice(
  client: pg.PoolClient,
  scope: Scope,
  deviceId: string,
  nowMs: number,
): Promise<Device> {
  const at = [scope.orgId, scope.storeId];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { rows } = await client.query<Device>(`${DEVICE} AND device_id = $3`, [...at, deviceId]);
    if (rows[0]) return rows[0];
    await make(client, at, deviceId, nowMs);
  }
  throw new SyncError("UNAVAILABLE", "Many new devices came at once; come back in a moment.");
}

/** Another request may be making the same device, or one with the same short id: then this inserts nothing. */
async function make(client: pg.PoolClient, at: readonly number[], deviceId: string, nowMs: number): Promise<void> {
  const isHeadOffice = deviceId === HEAD_OFFICE;
  // Otherwise a device could pass itself off as a till, or as head office, in what others are told.
  const namesake = await client.query(
    "SELECT 1 FROM terminal WHERE org_id = $1 AND store_id = $2 AND terminal::text = $3",
    [...at, deviceId],
  );
  if (namesake.rowCount !== 0) throw forbidden("This deviceId is the UUID of another terminal of the store.");
  const { rows } = await client.query<{ devices: number; next: number }>(
    `SELECT count(*) FILTER (WHERE device_id IS NOT NULL)::integer AS devices,
       coalesce(max(substring(short_id FROM '^F([0-9]{1,7})$')::integer), 0) + 1 AS next
     FROM terminal WHERE org_id = $1 AND store_id = $2`,
    [...at],
  );
  const { devices = 0, next = 1 } = rows[0] ?? {};
  if (devices >= MAX_DEVICES && !isHeadOffice) {
    const expected = `at most ${MAX_DEVICES} devices in a store`;
    throw new SyncError("FORBIDDEN", `This store has ${devices} devices; no more are taken.`, {
      field: "deviceId",
      expected,
    });
  }
  await client.query(
    `INSERT INTO terminal (org_id, store_id, terminal, short_id, kind, device_id, created_at)
     VALUES ($1, $2, gen_random_uuid(), $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
    [...at, isHeadOffice ? "HQ" : `F${next}`, isHeadOffice ? HEAD_OFFICE : "foreign", deviceId, new Date(nowMs)],
  );
}
