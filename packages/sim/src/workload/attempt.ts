import type { OrderView, Recorded, TerminalTransaction } from "@tillsync/engine";
import { type ErrorCode, SyncError } from "@tillsync/protocol";
import type { Machine } from "../till/machine.ts";

/** What a cashier learns from pressing a button. `unknown`: the screen went dark, or the till could not say. */
export type Outcome =
  | { readonly kind: "told"; readonly recorded: readonly Recorded[] }
  | { readonly kind: "refused"; readonly code: ErrorCode }
  | { readonly kind: "unknown" };

/** What a till may answer any request with while its disk fails. */
const DISK_TROUBLE: ReadonlySet<string> = new Set(["NOT_SOLD", "STORE_FULL"]);

/**
 * One transaction of the POS: what the verbs record, and the POS's own row for each document that has an amount. Whatever
 * comes out of it that is not in `expected` is a violation: a cashier must never see a programmer's error.
 */
export function attempt(
  machine: Machine,
  fn: (tx: TerminalTransaction) => readonly Recorded[],
  expected: readonly ErrorCode[],
): Outcome {
  const { terminal } = machine;
  if (terminal === null) return { kind: "unknown" };
  try {
    const recorded = terminal.transaction((tx) => withPosRows(tx, fn(tx)));
    return machine.terminal === terminal ? { kind: "told", recorded } : { kind: "unknown" };
  } catch (error) {
    if (machine.terminal !== terminal) return { kind: "unknown" };
    return outcomeOf(machine, error, expected);
  }
}

function withPosRows(tx: TerminalTransaction, recorded: readonly Recorded[]): readonly Recorded[] {
  for (const { localId, kind, receiptNumber, totalMinor, duplicate } of recorded) {
    if (duplicate || (kind !== "order.closed" && kind !== "transaction.recorded")) continue;
    tx.sql.run(
      "INSERT INTO pos_sale (local_id, receipt, amount_minor) VALUES (?, ?, ?)",
      localId,
      receiptNumber ?? null,
      totalMinor ?? 0,
    );
  }
  return recorded;
}

function outcomeOf(machine: Machine, error: unknown, expected: readonly ErrorCode[]): Outcome {
  const { chronicle } = machine.options;
  if (!(error instanceof SyncError)) {
    if ((error as { code?: unknown }).code === "SQLITE_FULL" && machine.disk.full)
      return { kind: "refused", code: "STORE_FULL" };
    chronicle.violate("refusal", `${machine.name}: the cashier saw ${String(error)}`);
    return { kind: "unknown" };
  }
  chronicle.note("refused", machine.name, error.code);
  if (error.code === "COMMIT_UNKNOWN") return { kind: "unknown" };
  if (error.code === "TERMINAL_STOPPED") {
    machine.crash(false);
    return { kind: "unknown" };
  }
  if (isExcused(machine, error)) return { kind: "refused", code: error.code };
  if (!expected.includes(error.code) && !DISK_TROUBLE.has(error.code)) {
    chronicle.violate("refusal", `${machine.name}: unexpected ${error.code}: ${error.message}`);
  }
  return { kind: "refused", code: error.code };
}

/**
 * A damaged document cannot be read, and one that went with a database that was put back is not known any more. What
 * another terminal has ended, or this one in an earlier life, is not sold a second time.
 */
function isExcused(machine: Machine, { code, details }: SyncError): boolean {
  if (code === "BODY_DAMAGED") return machine.rotten.size > 0;
  if (code === "BODY_RETIRED") return machine.retired.size > 0;
  if (code === "ORDER_NOT_OPEN" && details.terminal !== undefined) return true;
  return code === "NOT_FOUND" && machine.suspect === "rolled back";
}

/** An order as the till shows it; undefined when the till does not know it, or can no longer read it. */
export function orderAt(machine: Machine, localId: string): OrderView | undefined {
  try {
    return machine.terminal?.order(localId);
  } catch (error) {
    const { code } = error as Partial<SyncError>;
    const excused =
      (code === "BODY_DAMAGED" && machine.rotten.size > 0) || (code === "BODY_RETIRED" && machine.retired.size > 0);
    if (!excused)
      machine.options.chronicle.violate("refusal", `${machine.name}: looking at ${localId} gives ${String(error)}`);
    return undefined;
  }
}
