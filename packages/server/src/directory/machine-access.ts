import { SyncError } from "@tillsync/protocol";
import { asOperator } from "../db/scope.ts";
import { type ActName, type By, noteAct } from "./acts.ts";
import { type Desk, lockTerminal } from "./enroll-machine.ts";
import { type MachineRow, machinesWhere } from "./grants.ts";

/** What a machine may do: everything a till does; deliver what it has; nothing. */
export const MACHINE_ACCESS = ["active", "draining", "revoked"] as const;
export type MachineAccess = (typeof MACHINE_ACCESS)[number];

const ACT: Readonly<Record<MachineAccess, ActName>> = { active: "resumed", draining: "draining", revoked: "revoked" };

export interface ChangedAccess {
  readonly terminal: string;
  readonly shortId: string;
  /** The serial of its grant. */
  readonly machine: number;
  readonly access: MachineAccess;
  readonly before: MachineAccess;
}

/**
 * Says what a machine of a terminal may do from now on; servers notice within 30 seconds. A revoked machine keeps what it
 * had not sent: let it drain, and it delivers that and nothing else. Only the newest machine of a terminal that is not
 * retired can be active.
 *
 * @throws SyncError NOT_FOUND, TERMINAL_TAKEN, UNAVAILABLE
 */
export function changeAccess(
  { pool, scope, nowMs }: Pick<Desk, "pool" | "scope" | "nowMs">,
  terminal: string,
  { access, machine: serial }: { readonly access: MachineAccess; readonly machine?: number | undefined },
  by: By,
): Promise<ChangedAccess> {
  return asOperator(pool, async (client) => {
    const { shortId, retiredAt } = await lockTerminal(client, scope, terminal);
    const machines = await machinesWhere(client, { ...scope, terminal });
    const machine = serial === undefined ? machines[0] : machines.find((one) => one.serial === serial);
    if (machine === undefined) {
      const message = `${shortId} has no such machine; the list of terminals has them. Access keys (tsk_) end by their name.`;
      throw new SyncError("NOT_FOUND", message, { field: "machine" });
    }
    if (access === "active" && (machine !== machines[0] || retiredAt !== null)) {
      const message = `${shortId} was retired or has a newer machine: this one can deliver what it has, or take the terminal over with a new key.`;
      throw new SyncError("TERMINAL_TAKEN", message, { field: "machine" });
    }
    const before = accessOf(machine);
    const at = new Date(nowMs);
    if (before !== access) {
      await client.query("UPDATE access_key SET draining_at = $2, revoked_at = $3 WHERE key_hash = decode($1, 'hex')", [
        machine.keyHash,
        access === "active" ? null : (machine.drainingAt ?? at),
        access === "revoked" ? at : null,
      ]);
      const details = { machine: machine.serial, before };
      await noteAct(client, scope, { at, act: ACT[access], terminal, ...by, details });
    }
    return { terminal, shortId, machine: machine.serial, access, before };
  });
}

export function accessOf({ drainingAt, revokedAt }: Pick<MachineRow, "drainingAt" | "revokedAt">): MachineAccess {
  if (revokedAt !== null) return "revoked";
  return drainingAt === null ? "active" : "draining";
}
