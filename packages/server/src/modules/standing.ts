import type { ModulePosition } from "@tillsync/protocol";
import type { Place } from "./place.ts";
import { type ModuleState, NEVER_WRITTEN } from "./state.ts";

/** What a statement says of `module_state` beside the life of the database; nulls for a module that was never written. */
export type StateRow = (ModuleState | { readonly [name in keyof ModuleState]: null }) & Life;

/** The life of the database, and those before it: a restore begins another one. */
export interface Life {
  readonly epoch: string;
  readonly former: readonly string[];
  /** In which of them the module was written or confirmed last; null for long ago, or never. */
  readonly writtenIn: string | null;
}

export type Standing = ModuleState & Life;

/** The columns of `Life`, of `server_identity i` and `module_state s`. */
export const LIFE_COLUMNS = `i.server_epoch AS epoch, i.former, s.epoch AS "writtenIn"`;

/** A cursor fits when it is of this place and of a life of this database, and the module had that hash at its number. */
export function fits(
  cursor: ModulePosition,
  { storeId }: Place,
  standing: Pick<Standing, "epoch" | "former" | "n"> & { readonly hashThen: string | null },
): boolean {
  const { n, hashThen } = standing;
  if (!isOfThisDatabase(cursor, storeId, standing) || cursor.n > n) return false;
  const hash = cursor.n === 0 ? NEVER_WRITTEN.hash : hashThen;
  return hash?.startsWith(cursor.hash) === true;
}

/**
 * Whether a copy under this cursor, which does not fit, is newer than what there is: the database was restored to before it.
 * Reference data never goes back at a till: it keeps that copy until head office has written the module, or said that it
 * holds. Where nobody said that it was restored, the number alone tells.
 */
export function isAhead(cursor: ModulePosition, { storeId }: Place, standing: Standing): boolean {
  if (!isOfThisDatabase(cursor, storeId, standing)) return false;
  return cursor.epoch === standing.epoch ? cursor.n >= standing.n : standing.writtenIn !== standing.epoch;
}

function isOfThisDatabase(
  cursor: ModulePosition,
  storeId: number,
  { epoch, former }: Pick<Life, "epoch" | "former">,
): boolean {
  return cursor.storeId === storeId && (cursor.epoch === epoch || former.includes(cursor.epoch));
}

export function standingOf(row: StateRow | undefined): Standing {
  if (row === undefined) throw new Error("this database has no identity");
  const { epoch, former, writtenIn, n, rows, bytes, hash } = row;
  const life = { epoch, former, writtenIn };
  return n === null ? { ...NEVER_WRITTEN, ...life } : { ...life, n, rows, bytes, hash };
}
