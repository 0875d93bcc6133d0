import { SyncError } from "@tillsync/protocol";
import type { Life } from "./journal.ts";
import type { LocalStore } from "./ports.ts";

/** A copy of the till's database, and how far the journal was before and after it was taken. */
export interface Snapshot {
  readonly file: string;
  readonly before: readonly Life[];
  readonly after: readonly Life[];
}

/** @throws SyncError INTERNAL for a store that cannot be copied while it is in use */
export async function takeSnapshot(store: LocalStore, file: string, lives: () => readonly Life[]): Promise<Snapshot> {
  if (store.snapshot === undefined) throw new SyncError("INTERNAL", "This store cannot be copied while it is in use.");
  const before = lives();
  await store.snapshot(file);
  return { file, before, after: lives() };
}

/**
 * Sees that a copy, as it was read back, holds everything that was recorded before it was begun, and is what the till had.
 *
 * @throws SyncError BACKUP_UNREADABLE
 */
export function checkSnapshot(
  { before, after }: Pick<Snapshot, "before" | "after">,
  copied: readonly { readonly incarnation: string; readonly headSeq: number; readonly headHash: string }[],
): void {
  for (const life of after) {
    const copy = copied.find(({ incarnation }) => incarnation === life.incarnation);
    const least = before.find(({ incarnation }) => incarnation === life.incarnation)?.headSeq ?? 0;
    const isBetween = copy !== undefined && copy.headSeq >= least && copy.headSeq <= life.headSeq;
    if (isBetween && (copy.headSeq !== life.headSeq || copy.headHash === life.headHash)) continue;
    const got = copy === undefined ? "nothing of it" : `${copy.headSeq} changes`;
    const message = `The copy is not what the till had: of life ${life.ordinal} it holds ${got}, not ${life.headSeq} changes.`;
    throw new SyncError("BACKUP_UNREADABLE", message, { expected: String(life.headSeq), got });
  }
}
