import type { RowsToRepair, SyncResult, Terminal, TerminalStatus } from "@tillsync/engine";
import { SyncError } from "@tillsync/protocol";
import { askJson } from "../http-door.ts";
import type { LocalTill } from "../targets.ts";

/** A till that takes part in a repair: its own process, or this one while that is stopped. */
export interface TillDoor {
  /** Whether its own process was asked. */
  readonly isRunning: boolean;
  /** Has the next exchanges bring back rows, either way. */
  repair(rows: RowsToRepair): Promise<void>;
  /** Sends everything up to here. @returns why something is left, null when nothing is */
  send(): Promise<string | null>;
  close(): Promise<void>;
}

/**
 * The till's process is the only writer of its database, so it is asked to repair itself. When none runs, the till is opened
 * here, as its own start would, and closed again.
 *
 * @throws SyncError LOCKED when a process holds the database and does not answer at the till's address
 */
export async function tillDoor(
  target: Pick<LocalTill, "local" | "shortId" | "open">,
  terminal: string,
): Promise<TillDoor> {
  const status = await statusOf(target);
  if (status === undefined) return openedHere(target.open());
  if (status.terminal !== terminal) {
    const message = `At ${target.local.url} another till answers (${status.shortId}); stop it, or say which till is meant.`;
    throw new SyncError("INVALID_INPUT", message, { field: "--terminal", expected: terminal, got: status.terminal });
  }
  const { local } = target;
  return {
    isRunning: true,
    repair: async (rows) => void (await askJson(local, "POST", "/api/sync/repair", rows)),
    send: async () => reasonOf(await askJson<SyncResult>(local, "POST", "/api/sync/now", {})),
    close: async () => {},
  };
}

async function statusOf({ local }: Pick<LocalTill, "local">): Promise<TerminalStatus | undefined> {
  try {
    return await askJson<TerminalStatus>(local, "GET", "/api/status");
  } catch (error) {
    if (error instanceof SyncError && error.code === "UNREACHABLE") return undefined;
    throw error;
  }
}

function openedHere(terminal: Terminal): TillDoor {
  return {
    isRunning: false,
    repair: async (rows) => terminal.repairRows(rows),
    send: async () => reasonOf(await terminal.syncNow()),
    close: () => terminal.close(),
  };
}

function reasonOf({ left, reason }: SyncResult): string | null {
  return left === 0 ? null : (reason?.message ?? `${left} changes are still to be sent`);
}
