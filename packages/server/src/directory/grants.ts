import { SyncError } from "@tillsync/protocol";
import type pg from "pg";
import { hashOfThumbprint, thumbprintOf } from "../identity/centre-key.ts";
import type { Granted } from "../identity/grant.ts";
import type { Scope } from "../ingest/ports.ts";

/** What becomes of the machines that spoke for a terminal before. */
export type OldMachines = "draining" | "revoked";

export interface Machine {
  readonly terminal: string;
  /** `x` of its public key. */
  readonly x: string;
  /** Actor of what is done with it. */
  readonly name: string;
}

/**
 * Makes a machine the one that speaks for a terminal. Texts (tsk_) that did so end; machines before it may go on delivering
 * what they have, or end. Runs in a transaction of the operator.
 *
 * @throws SyncError TERMINAL_TAKEN when this machine's key was used before
 */
export async function grantMachine(
  client: pg.PoolClient,
  { orgId, storeId }: Scope,
  { terminal, x, name }: Machine,
  { oldMachines, now, serial: given }: { oldMachines: OldMachines; now: Date; serial?: { of: number; at: Date } },
): Promise<void> {
  const at = [orgId, storeId, terminal];
  // Under the terminal's lock: two machines never get one serial.
  const { rows } = await client.query<{ serial: number }>(
    `UPDATE terminal SET grant_serial = coalesce($4, grant_serial + 1), retired_at = NULL
     WHERE org_id = $1 AND store_id = $2 AND terminal = $3 RETURNING grant_serial AS serial`,
    [...at, given?.of ?? null],
  );
  if (rows[0] === undefined) throw new Error("a machine is granted for a terminal that is not there");
  const mine = "org_id = $1 AND store_id = $2 AND terminal = $3 AND role = 'terminal' AND revoked_at IS NULL";
  await client.query(`UPDATE access_key SET revoked_at = $4 WHERE ${mine} AND public_key IS NULL`, [...at, now]);
  const ends = oldMachines === "revoked" ? "revoked_at = $4" : "draining_at = coalesce(draining_at, $4)";
  await client.query(`UPDATE access_key SET ${ends} WHERE ${mine} AND public_key IS NOT NULL`, [...at, now]);
  const { rowCount } = await client.query(
    `INSERT INTO access_key (key_hash, org_id, store_id, role, name, terminal, created_at, public_key, serial, granted_at)
     VALUES (decode($4, 'hex'), $1, $2, 'terminal', $5, $3, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
    [
      ...[...at, hashOfThumbprint(thumbprintOf(x)), name, now],
      ...[Buffer.from(x, "base64url"), rows[0].serial, given?.at ?? now],
    ],
  );
  if (rowCount === 0) throw keyUsed();
}

export function keyUsed(): SyncError {
  const message =
    "This machine's key was enrolled before, and that has ended or is for another terminal: make a new key.";
  return new SyncError("TERMINAL_TAKEN", message, { field: "publicKey" });
}

/** What the grant of a machine says. In the scope of its store, or the operator's. */
export async function grantedOf(
  client: pg.PoolClient,
  { orgId, storeId }: Scope,
  machine: Machine & { readonly serial: number; readonly grantedAt: Date },
): Promise<Granted> {
  const { rows } = await client.query<Pick<Granted, "org" | "store" | "currency" | "shortId" | "kind">>(
    `SELECT o.code AS org, s.code AS store, s.currency, t.short_id AS "shortId", t.kind
     FROM terminal t JOIN store s USING (org_id, store_id) JOIN organization o USING (org_id)
     WHERE org_id = $1 AND store_id = $2 AND terminal = $3`,
    [orgId, storeId, machine.terminal],
  );
  if (rows[0] === undefined) throw new Error("a machine speaks for a terminal that is not there");
  const { terminal: sub, name, serial, grantedAt, x } = machine;
  const iat = Math.floor(grantedAt.getTime() / 1000);
  return { sub, ...rows[0], name, serial, iat, cnf: { jwk: { kty: "OKP", crv: "Ed25519", x } } };
}

/** A machine's key as the operator sees it. */
export interface MachineRow extends Machine, Scope {
  readonly keyHash: string;
  readonly serial: number;
  readonly grantedAt: Date;
  readonly drainingAt: Date | null;
  readonly revokedAt: Date | null;
}

/** Machines of a terminal, or the one with a key; newest first. In a transaction of the operator. */
export async function machinesWhere(
  client: pg.PoolClient,
  by: { readonly keyHash: string } | (Scope & { readonly terminal: string }),
): Promise<MachineRow[]> {
  const [where, values] =
    "keyHash" in by
      ? ["key_hash = decode($1, 'hex')", [by.keyHash]]
      : ["org_id = $1 AND store_id = $2 AND terminal = $3", [by.orgId, by.storeId, by.terminal]];
  const { rows } = await client.query<Omit<MachineRow, "x"> & { publicKey: Buffer }>(
    `SELECT encode(key_hash, 'hex') AS "keyHash", org_id AS "orgId", store_id AS "storeId", terminal, name, serial,
       public_key AS "publicKey", granted_at AS "grantedAt", draining_at AS "drainingAt", revoked_at AS "revokedAt"
     FROM access_key WHERE public_key IS NOT NULL AND ${where} ORDER BY serial DESC`,
    values,
  );
  return rows.map(({ publicKey, ...row }) => ({ ...row, x: publicKey.toString("base64url") }));
}
