import { type GrantClaims, SyncError } from "@tillsync/protocol";
import type pg from "pg";
import { asOperator } from "../db/scope.ts";
import { hashOfThumbprint, thumbprintOf } from "../identity/centre-key.ts";
import { refused } from "../identity/grant.ts";
import type { Scope } from "../ingest/ports.ts";
import { noteAct } from "./acts.ts";
import { ensureOrganization, ensureStore, ensureTerminal } from "./enroll.ts";
import { grantMachine, type MachineRow, machinesWhere } from "./grants.ts";
import { callOtherwise } from "./rename.ts";

/** Whoever a grant attaches again is noted under this name: no person did it. */
export const BY_GRANT = "the terminal's grant";

/**
 * Takes a grant of this centre for what it says, where the directory was lost: restored to before the enrolment, the
 * replacement or the rename that the grant is from. Organization, store, terminal and machine are made again. What the
 * directory knows wins: a revocation, a retirement, a later grant.
 *
 * @param grant read and checked; the machine has shown that it has the key that is in it
 * @throws SyncError GRANT_REFUSED, UNAVAILABLE
 */
export function attach(pool: pg.Pool, grant: GrantClaims, nowMs: number): Promise<void> {
  const at = new Date(nowMs);
  const { sub: terminal, shortId, kind, name, serial } = grant;
  const { x } = grant.cnf.jwk;
  const work = asOperator(pool, async (client) => {
    const orgId = await ensureOrganization(client, grant.org, at);
    const store = { code: grant.store, currency: grant.currency };
    const scope: Scope = { orgId, storeId: await ensureStore(client, orgId, store, at) };
    const known = await findTerminal(client, scope, terminal);
    const [machine] = await machinesWhere(client, { keyHash: hashOfThumbprint(thumbprintOf(x)) });
    refuseIfOver({ grant, scope, known, machine });
    // Nothing that this grant tells is news: another request of the terminal was here before.
    if (machine !== undefined && machine.serial >= serial) return;
    if (known === undefined) await ensureTerminal(client, scope, { id: terminal, shortId, kind }, at);
    else if (known.shortId !== shortId) await callOtherwise(client, scope, { terminal, shortId, at });
    const granted = { of: serial, at: new Date(grant.iat * 1000) };
    if (machine === undefined) {
      await grantMachine(client, scope, { terminal, x, name }, { oldMachines: "draining", now: at, serial: granted });
    } else await raiseSerial(client, machine, granted);
    const details = { serial, shortId, name, knewTerminal: known !== undefined, knewMachine: machine !== undefined };
    await noteAct(client, scope, { at, act: "attached", terminal, actor: BY_GRANT, details });
  });
  // What contradicts the directory is the grant's fault, for a till that can only wait.
  return work.catch((error: unknown) => {
    if (!(error instanceof SyncError) || (error.code !== "TERMINAL_TAKEN" && error.code !== "INVALID_INPUT"))
      throw error;
    throw refused(`it contradicts what is known here. ${error.message}`, error);
  });
}

interface Known {
  readonly shortId: string;
  readonly grantSerial: number;
  readonly retiredAt: Date | null;
}

async function findTerminal(
  client: pg.PoolClient,
  { orgId, storeId }: Scope,
  terminal: string,
): Promise<Known | undefined> {
  const { rows } = await client.query<Known>(
    `SELECT short_id AS "shortId", grant_serial AS "grantSerial", retired_at AS "retiredAt" FROM terminal
     WHERE org_id = $1 AND store_id = $2 AND terminal = $3 FOR UPDATE`,
    [orgId, storeId, terminal],
  );
  return rows[0];
}

function refuseIfOver({
  grant: { sub, serial },
  scope,
  known,
  machine,
}: {
  grant: GrantClaims;
  scope: Scope;
  known: Known | undefined;
  machine: MachineRow | undefined;
}): void {
  if (machine !== undefined) {
    const isHere = machine.orgId === scope.orgId && machine.storeId === scope.storeId && machine.terminal === sub;
    if (!isHere) throw refused("its key is that of another terminal here");
    if (machine.revokedAt !== null)
      throw refused(
        "head office revoked this machine. What it holds can still be delivered: head office has to let it drain",
      );
    return;
  }
  if (known?.retiredAt) throw refused("head office retired this terminal");
  if (known !== undefined && known.grantSerial >= serial)
    throw refused("another machine was enrolled for this terminal since. Head office can let it replace that one");
}

async function raiseSerial(
  client: pg.PoolClient,
  machine: MachineRow,
  { of, at }: { of: number; at: Date },
): Promise<void> {
  const { orgId, storeId, terminal, keyHash } = machine;
  await client.query("UPDATE access_key SET serial = $2, granted_at = $3 WHERE key_hash = decode($1, 'hex')", [
    keyHash,
    of,
    at,
  ]);
  await client.query(
    "UPDATE terminal SET grant_serial = greatest(grant_serial, $4) WHERE org_id = $1 AND store_id = $2 AND terminal = $3",
    [orgId, storeId, terminal, of],
  );
}
