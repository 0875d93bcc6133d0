import type { ErrorCode } from "@tillsync/protocol";

/** How the disk under the till is, worst first; `ok` when there is nothing to say. */
export type StorageState = "damaged" | "read-only" | "failing" | "full" | "low" | "slow" | "ok";

/** The till's disk as the till has met it since it started. */
export interface StorageStatus {
  readonly state: StorageState;
  /** The code of what went wrong last; null while nothing did. */
  readonly code: ErrorCode | null;
  /** What is wrong and what to do, in one sentence; empty when there is nothing to say. */
  readonly message: string;
  /** Bytes that may still be written; null when nobody knows. */
  readonly freeBytes: number | null;
  /** What is left of the reserve: sales go on in its first part, the last is for closing the shift. */
  readonly reserveBytes: number;
  /** Milliseconds that the last durable commit took. */
  readonly lastCommitMs: number;
  /** Errors of the disk since the start; each was resolved, or selling stopped. */
  readonly errors: number;
}

/** A till without a disk of its own to look at. */
export const STORAGE_OK: StorageStatus = {
  state: "ok",
  code: null,
  message: "",
  freeBytes: null,
  reserveBytes: 0,
  lastCommitMs: 0,
  errors: 0,
};

/** Sentences for people; what has to be done for each is in docs/operating.md. */
export const STORAGE_SENTENCES: Readonly<Record<StorageState, string>> = {
  damaged:
    "The till's database is damaged: stop, keep its files, and save what can be read with tillsync export --salvage.",
  "read-only": "The till's database cannot be written: give its user the right to write in its folder, then restart.",
  failing:
    "The till's disk reported errors; everything sold is safe. Let head office have it (Sync now), then replace the disk.",
  full: "The till's disk is full and the reserve is in use: free space now; the last of the reserve closes the shift.",
  low: "The till's disk is nearly full: free space. Below 64 MiB no reference data is fetched.",
  slow: "The till's disk is slow: each sale waits for it. Look for what else uses it, or replace it.",
  ok: "",
};
