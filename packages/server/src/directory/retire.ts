import { SyncError } from "@tillsync/protocol";
import type pg from "pg";
import { asOperator, inScope } from "../db/scope.ts";
import type { Scope } from "../ingest/ports.ts";
import { type By, noteAct } from "./acts.ts";
import { type Desk, type EnrolledMachine, enrollMachine, lockTerminal, type TerminalWanted } from "./enroll-machine.ts";
import { isEmpty, type LeftOnTerminal, NEVER_CALLED, readLeft, readMarks, sayLeft } from "./left-on-terminal.ts";

export interface Retirement {
  /** `draining`: it was told to deliver, and is retired when it has; ask again. */
  readonly state: "draining" | "retired";
  readonly shortId: string;
  readonly left: LeftOnTerminal;
  /** Machines replaced earlier that may still be delivering: end them first. */
  readonly olderMachines: number;
}

/**
 * Ends a terminal. First it only delivers; when it has called after that and holds nothing any more, its keys end. Until
 * then this says how much is on it. `anyway` ends it at once, and what it held is noted and stays on it: its machine can be
 * let deliver again later.
 *
 * @throws SyncError NOT_FOUND, UNAVAILABLE
 */
export async function retire(
  { pool, scope, nowMs }: Pick<Desk, "pool" | "scope" | "nowMs">,
  terminal: string,
  { anyway }: { readonly anyway: boolean },
  by: By,
): Promise<Retirement> {
  const seen = await inScope(pool, scope, (client) => readLeft(client, scope));
  const before = seen.get(terminal) ?? NEVER_CALLED;
  const now = new Date(nowMs);
  return asOperator(pool, async (client) => {
    const { shortId, retiredAt } = await lockTerminal(client, scope, terminal);
    // The lock holds exchanges up from here on: what the marks say now stays so.
    const mark = (await readMarks(client, scope, terminal)).get(terminal);
    const left = { ...before, changes: mark?.changes ?? 0, lastSeenAt: mark?.seen.toISOString() ?? null };
    const { drainingAt, newlyDraining, olderMachines } = await drainKeys(client, scope, terminal, now);
    const told = { shortId, left, olderMachines };
    if (retiredAt !== null) return { state: "retired", ...told };
    const hasReported = drainingAt !== null && mark !== undefined && mark.seen >= drainingAt;
    const details = { left, olderMachines };
    if (anyway || (hasReported && olderMachines === 0 && isEmpty(left))) {
      await endKeys(client, scope, terminal, now);
      await noteAct(client, scope, { at: now, act: "retired", terminal, ...by, details: { ...details, anyway } });
      return { state: "retired", ...told };
    }
    if (newlyDraining) await noteAct(client, scope, { at: now, act: "draining", terminal, ...by, details });
    return { state: "draining", ...told };
  });
}

/** From here on the terminal's keys deliver only. */
async function drainKeys(client: pg.PoolClient, { orgId, storeId }: Scope, terminal: string, now: Date) {
  const live = "org_id = $1 AND store_id = $2 AND terminal = $3 AND role = 'terminal' AND revoked_at IS NULL";
  const at = [orgId, storeId, terminal];
  const newly = await client.query(`UPDATE access_key k SET draining_at = $4 WHERE ${live} AND draining_at IS NULL`, [
    ...at,
    now,
  ]);
  const { rows } = await client.query<{ drainingAt: Date | null; machines: number }>(
    `SELECT max(draining_at) AS "drainingAt", count(public_key)::integer AS machines FROM access_key WHERE ${live}`,
    at,
  );
  const { drainingAt = null, machines = 0 } = rows[0] ?? {};
  return { drainingAt, newlyDraining: newly.rowCount !== 0, olderMachines: Math.max(0, machines - 1) };
}

async function endKeys(client: pg.PoolClient, { orgId, storeId }: Scope, terminal: string, now: Date): Promise<void> {
  const at = [orgId, storeId, terminal, now];
  const mine = "org_id = $1 AND store_id = $2 AND terminal = $3";
  await client.query(`UPDATE access_key SET revoked_at = $4 WHERE ${mine} AND revoked_at IS NULL`, at);
  await client.query(`UPDATE terminal SET retired_at = $4 WHERE ${mine}`, at);
}

/**
 * Begins a terminal in another store of the organization in place of one here. A terminal belongs to one store all its
 * life, and so do its changes: the old one delivers here what it has, first, and the machine goes on as a new terminal with
 * a database of its own. With `atOnce` the new one begins while the old one still has something to deliver.
 *
 * @throws SyncError NOT_FOUND, NOT_DRAINED, TERMINAL_TAKEN, UNAVAILABLE
 */
export async function moveTerminal(
  desk: Desk,
  terminal: string,
  { store, atOnce, ...wanted }: TerminalWanted & { readonly store: string; readonly atOnce: boolean },
  by: By,
): Promise<EnrolledMachine> {
  const { pool, scope } = desk;
  const storeId = await storeOf(pool, scope, store);
  if (storeId === scope.storeId) {
    throw new SyncError("INVALID_INPUT", `The terminal is in store ${store} already.`, { field: "store", got: store });
  }
  const { state, shortId, left } = await retire(desk, terminal, { anyway: false }, by);
  if (state === "draining" && !atOnce) {
    const message = `${shortId} has to deliver first and was told so now: on it is ${sayLeft(left)}. Let it run until it has, then do this again.`;
    throw new SyncError("NOT_DRAINED", message, { field: "terminal", left });
  }
  const there = { ...desk, scope: { orgId: scope.orgId, storeId } };
  const made = await enrollMachine(there, wanted, by);
  await asOperator(pool, async (client) => {
    const at = new Date(desk.nowMs);
    const to = { store, terminal: made.terminal, shortId: made.shortId };
    await noteAct(client, scope, { at, act: "moved", terminal, ...by, details: { to, left } });
  });
  return made;
}

async function storeOf(pool: pg.Pool, { orgId }: Scope, code: string): Promise<number> {
  const { rows } = await asOperator(pool, (client) =>
    client.query<{ storeId: number }>(`SELECT store_id AS "storeId" FROM store WHERE org_id = $1 AND code = $2`, [
      orgId,
      code,
    ]),
  );
  if (rows[0] !== undefined) return rows[0].storeId;
  throw new SyncError("NOT_FOUND", `The organization has no store ${code}.`, { field: "store", got: code });
}
