import { collapse } from "./interpret.ts";
import type { DocumentRow, IngestTransaction, Mark, StoredChange, TerminalLife } from "./ports.ts";
import { runsOf } from "./runs.ts";

export interface Batch {
  /** In seq order, without a gap, the first right after the mark. */
  readonly changes: readonly StoredChange[];
  /** What those of them make that are applied, in seq order. */
  readonly documents: readonly DocumentRow[];
  readonly place: Parameters<IngestTransaction["advance"]>[1];
  readonly nowMs: number;
}

/**
 * Storing first, which cannot fail for what a change says; then applying inside a savepoint. When that throws, the
 * changes are left pending, to be interpreted one by one.
 */
export async function storeBatch(
  tx: IngestTransaction,
  life: TerminalLife,
  { changes, documents, place, nowMs }: Batch,
): Promise<{ receipt: Mark["receipt"]; failed: boolean }> {
  const atOnce = tx.storeAtOnce?.(life, { changes, documents, place, runs: runsOf(changes), nowMs });
  if (atOnce !== undefined) return { receipt: await atOnce, failed: false };
  await tx.store(life, changes, nowMs);
  const receipt = await tx.advance(life, place, nowMs);
  const failure = await tx.attempt(async () => tx.apply(life, collapse(documents, life.terminal)));
  if (failure === undefined) {
    await tx.appendFeed(life, runsOf(changes), nowMs);
    return { receipt, failed: false };
  }
  const fromSeq = changes[0]?.seq ?? place.durableThrough;
  await tx.setPending(life, fromSeq, place.durableThrough);
  // A conflict may have lost to what was just rolled back, so it is judged again behind it.
  const settled = changes.filter(({ effect, repeat }) => repeat || effect === "parked" || effect === "waiting");
  await tx.appendFeed(life, runsOf(settled), nowMs);
  return { receipt, failed: true };
}
