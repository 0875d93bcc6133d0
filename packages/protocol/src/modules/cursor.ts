import { SyncError } from "../errors.ts";

/** Where a copy of a module stands: at `n` of one history of one scope. */
export interface ModulePosition {
  readonly epoch: string;
  /** 0 is the organization's scope. */
  readonly storeId: number;
  readonly n: number;
  /** The module's hash at `n`: a number alone would not prove that the history is the same. */
  readonly hash: string;
}

/** Half of the hash tells histories apart. */
const HASH_DIGITS = 32;

/** The opaque text of a position; only the centre reads it. */
export function formatModuleCursor({ epoch, storeId, n, hash }: ModulePosition): string {
  return `${epoch}.${storeId}.${n}.${hash.slice(0, HASH_DIGITS)}`;
}

/** The position that a text names, its hash cut short. @throws SyncError FEED_RESET for a text that is not one of ours */
export function parseModuleCursor(text: string): ModulePosition {
  const match = /^([0-9a-f-]{36})\.(\d{1,10})\.(\d{1,15})\.([0-9a-f]{32})$/.exec(text);
  if (!match) throw moduleReset();
  const [, epoch = "", storeId, n, hash = ""] = match;
  return { epoch, storeId: Number(storeId), n: Number(n), hash };
}

/** The refusal of a cursor that fits no history of the module: its reader fetches the whole again. */
export function moduleReset(): SyncError {
  return new SyncError("FEED_RESET", "The cursor belongs to another history of this module; fetch the whole of it.", {
    field: "cursor",
  });
}
