import type { ModulePosition } from "@tillsync/protocol";
import type { Place } from "./place.ts";
import { type ModuleState, NEVER_WRITTEN } from "./state.ts";

/** What a statement says of `module_state` beside the life of the database; nulls for a module that was never written. */
export type StateRow = (ModuleState | { readonly [name in keyof ModuleState]: null }) & { readonly epoch: string };

export type Standing = ModuleState & { readonly epoch: string };

/** A cursor fits when it is of this place and life of the database, and the module had that hash at its number. */
export function fits(
  cursor: ModulePosition,
  { storeId }: Place,
  { epoch, n, hashThen }: { readonly epoch: string; readonly n: number; readonly hashThen: string | null },
): boolean {
  if (cursor.epoch !== epoch || cursor.storeId !== storeId || cursor.n > n) return false;
  const hash = cursor.n === 0 ? NEVER_WRITTEN.hash : hashThen;
  return hash?.startsWith(cursor.hash) === true;
}

export function standingOf(row: StateRow | undefined): Standing {
  if (row === undefined) throw new Error("this database has no identity");
  const { epoch, n, rows, bytes, hash } = row;
  return n === null ? { ...NEVER_WRITTEN, epoch } : { epoch, n, rows, bytes, hash };
}
