import type pg from "pg";
import { asOperator, inScope } from "../db/scope.ts";
import type { Scope } from "../ingest/ports.ts";
import { type LeftOnTerminal, NEVER_CALLED, readLeft } from "./left-on-terminal.ts";
import { accessOf, type MachineAccess } from "./machine-access.ts";

export interface MachineView {
  /** The serial of its grant: what a person calls the machine by. */
  readonly machine: number;
  readonly name: string;
  readonly access: MachineAccess;
  readonly grantedAt: string;
}

export interface TerminalView {
  readonly terminal: string;
  readonly shortId: string;
  readonly kind: string;
  readonly retiredAt: string | null;
  /** Newest first. The first one speaks for the terminal; earlier ones were replaced. */
  readonly machines: readonly MachineView[];
  /** How many access keys (tsk_) are good for it. */
  readonly keys: number;
  readonly left: LeftOnTerminal;
}

interface KeyRow {
  readonly terminal: string;
  readonly name: string;
  readonly serial: number | null;
  readonly grantedAt: Date | null;
  readonly drainingAt: Date | null;
  readonly revokedAt: Date | null;
}

/** The tills of a store with their machines and what is still on each, by short id. */
export async function listTerminals(pool: pg.Pool, scope: Scope): Promise<TerminalView[]> {
  const at = [scope.orgId, scope.storeId];
  const { terminals, left } = await inScope(pool, scope, async (client) => {
    const { rows } = await client.query<{ terminal: string; shortId: string; kind: string; retiredAt: Date | null }>(
      `SELECT terminal, short_id AS "shortId", kind, retired_at AS "retiredAt" FROM terminal
       WHERE org_id = $1 AND store_id = $2 AND device_id IS NULL ORDER BY length(short_id), short_id`,
      at,
    );
    return { terminals: rows, left: await readLeft(client, scope) };
  });
  const { rows: keys } = await asOperator(pool, (client) =>
    client.query<KeyRow>(
      `SELECT terminal, name, serial, granted_at AS "grantedAt", draining_at AS "drainingAt", revoked_at AS "revokedAt"
       FROM access_key WHERE org_id = $1 AND store_id = $2 AND role = 'terminal' ORDER BY serial DESC`,
      at,
    ),
  );
  return terminals.map(({ retiredAt, ...row }) => {
    const own = keys.filter(({ terminal }) => terminal === row.terminal);
    return {
      ...row,
      retiredAt: retiredAt?.toISOString() ?? null,
      machines: own.flatMap(machineOf),
      keys: own.filter(({ serial, revokedAt }) => serial === null && revokedAt === null).length,
      left: left.get(row.terminal) ?? NEVER_CALLED,
    };
  });
}

function machineOf({ serial, grantedAt, name, ...key }: KeyRow): MachineView[] {
  if (serial === null || grantedAt === null) return [];
  return [{ machine: serial, name, access: accessOf(key), grantedAt: grantedAt.toISOString() }];
}
