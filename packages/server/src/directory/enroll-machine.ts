import { randomUUID } from "node:crypto";
import { parseAs, publicKey, SyncError, shortId, uuid } from "@tillsync/protocol";
import type pg from "pg";
import { z } from "zod";
import { asOperator } from "../db/scope.ts";
import { type CentreKey, hashOfThumbprint, thumbprintOf } from "../identity/centre-key.ts";
import { signGrant } from "../identity/grant.ts";
import type { Scope } from "../ingest/ports.ts";
import { type By, noteAct } from "./acts.ts";
import { ensureTerminal, keyName, terminalKind } from "./enroll.ts";
import { grantedOf, grantMachine, keyUsed, machinesWhere } from "./grants.ts";

/** Of a machine that is to speak for a terminal: what it, or a person at it, says. */
export const machineWanted = z.strictObject({
  /** `x` of the key that the machine made. */
  publicKey,
  name: keyName,
});

export const terminalWanted = machineWanted.extend({
  /** The UUID that the machine made once. */
  id: uuid,
  shortId,
  kind: terminalKind.optional(),
});

export type MachineWanted = z.infer<typeof machineWanted>;
export type TerminalWanted = z.infer<typeof terminalWanted>;

/** What the machine keeps. */
export interface EnrolledMachine {
  readonly terminal: string;
  readonly shortId: string;
  readonly store: string;
  readonly currency: string;
  /** Signed by the centre: whoever lost the directory is shown it. */
  readonly grant: string;
  /**
   * The life that went before on another machine, as far as the centre has it. The new machine begins a new life behind
   * it, whose receipts carry another name; null for a terminal that is new.
   */
  readonly parent: { readonly incarnation: string; readonly seq: number; readonly hash: string } | null;
}

/** Where directory changes are made, and by whom. */
export interface Desk {
  readonly pool: pg.Pool;
  readonly centre: CentreKey;
  readonly scope: Scope;
  readonly nowMs: number;
}

/**
 * Enrols a machine as a terminal of a store: a new one, or one that came with a text (tsk_) until now. Sent again with the
 * same key it answers the same.
 *
 * @throws SyncError INVALID_INPUT; TERMINAL_TAKEN when the terminal has, or had, a machine; UNAVAILABLE
 */
export function enrollMachine(desk: Desk, wanted: TerminalWanted, by: By): Promise<EnrolledMachine> {
  const { publicKey: x, name, ...terminal } = parseAs(terminalWanted, wanted);
  const { scope, nowMs } = desk;
  return asOperator(desk.pool, async (client) => {
    const machine = { terminal: terminal.id, x, name };
    if (await isGranted(client, scope, machine)) return answerOf(client, desk, machine);
    await refuseNamesake(client, scope, terminal);
    const now = new Date(nowMs);
    const row = await ensureTerminal(client, scope, terminal, now);
    const machines = await machinesWhere(client, { ...scope, terminal: row.terminal });
    if (machines.length > 0) throw hasMachine(row.shortId);
    await grantMachine(client, scope, machine, { oldMachines: "draining", now });
    const details = { shortId: row.shortId, name };
    await noteAct(client, scope, { at: now, act: "enrolled", terminal: row.terminal, ...by, details });
    return answerOf(client, desk, machine);
  });
}

/**
 * A new machine takes over a terminal. The old one, unless it is to end at once, may deliver what it had not sent: its
 * changes are of another life and find their place beside those of the new one.
 *
 * @throws SyncError NOT_FOUND, TERMINAL_TAKEN, UNAVAILABLE
 */
export function replaceMachine(
  desk: Desk,
  terminal: string,
  wanted: MachineWanted & { readonly oldMachines: "draining" | "revoked" },
  by: By,
): Promise<EnrolledMachine> {
  const { scope, nowMs } = desk;
  const { publicKey: x, name, oldMachines } = wanted;
  return asOperator(desk.pool, async (client) => {
    const machine = { terminal, x, name };
    await lockTerminal(client, scope, terminal);
    if (!(await isGranted(client, scope, machine))) {
      const now = new Date(nowMs);
      await grantMachine(client, scope, machine, { oldMachines, now });
      const details = { name, oldMachines };
      await noteAct(client, scope, { at: now, act: "replaced", terminal, ...by, details });
    }
    return answerOf(client, desk, machine, await parentOf(client, scope, terminal));
  });
}

/** The terminal's short id, and its lock until the end of the transaction. @throws SyncError NOT_FOUND */
export async function lockTerminal(client: pg.PoolClient, { orgId, storeId }: Scope, terminal: string) {
  const { rows } = await client.query<{ shortId: string; kind: string; retiredAt: Date | null }>(
    `SELECT short_id AS "shortId", kind, retired_at AS "retiredAt" FROM terminal
     WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND device_id IS NULL FOR UPDATE`,
    [orgId, storeId, terminal],
  );
  if (rows[0] === undefined)
    throw new SyncError("NOT_FOUND", "This store has no such terminal.", { field: "terminal" });
  return rows[0];
}

/** Whether the machine speaks for the terminal already. @throws SyncError TERMINAL_TAKEN when its key is used up */
async function isGranted(client: pg.PoolClient, scope: Scope, { terminal, x }: { terminal: string; x: string }) {
  const [known] = await machinesWhere(client, { keyHash: hashOfThumbprint(thumbprintOf(x)) });
  if (known === undefined) return false;
  const isSame = known.terminal === terminal && known.orgId === scope.orgId && known.storeId === scope.storeId;
  if (!isSame || known.revokedAt !== null || known.drainingAt !== null) throw keyUsed();
  return true;
}

/** A machine with another UUID would print this terminal's receipt numbers again. */
async function refuseNamesake(
  client: pg.PoolClient,
  { orgId, storeId }: Scope,
  wanted: { id: string; shortId: string },
) {
  const { rows } = await client.query<{ terminal: string }>(
    "SELECT terminal FROM terminal WHERE org_id = $1 AND store_id = $2 AND short_id = $3",
    [orgId, storeId, wanted.shortId],
  );
  if (rows[0] !== undefined && rows[0].terminal !== wanted.id) throw hasMachine(wanted.shortId);
}

function hasMachine(name: string): SyncError {
  const message = `${name} is enrolled with another machine: choose another short id, or let this machine replace that one.`;
  return new SyncError("TERMINAL_TAKEN", message, { field: "shortId", got: name });
}

type Parent = NonNullable<EnrolledMachine["parent"]>;

/** No life of the terminal is known here, and yet it may have sold: whatever comes next is not its first. */
const UNSEEN: Parent = { incarnation: "0".repeat(16), seq: 0, hash: "0".repeat(64) };

async function parentOf(client: pg.PoolClient, { orgId, storeId }: Scope, terminal: string): Promise<Parent> {
  const { rows } = await client.query<Parent>(
    `SELECT incarnation, durable_through AS seq, encode(chain_hash, 'hex') AS hash FROM incarnation
     WHERE org_id = $1 AND store_id = $2 AND terminal = $3 ORDER BY ordinal DESC LIMIT 1`,
    [orgId, storeId, terminal],
  );
  return rows[0] ?? UNSEEN;
}

export async function answerOf(
  client: pg.PoolClient,
  { centre, scope }: Pick<Desk, "centre" | "scope">,
  { x }: { x: string },
  parent: Parent | null = null,
): Promise<EnrolledMachine> {
  const [machine] = await machinesWhere(client, { keyHash: hashOfThumbprint(thumbprintOf(x)) });
  if (machine === undefined) throw new Error("the machine is not there after it was granted");
  const granted = await grantedOf(client, scope, machine);
  const { sub: terminal, shortId: name, store, currency } = granted;
  return { terminal, shortId: name, store, currency, grant: await signGrant(centre, granted), parent };
}

/** For a terminal that begins somewhere else: its UUID is the centre's to make. */
export function newTerminalId(): string {
  return randomUUID();
}
