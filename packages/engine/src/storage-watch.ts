import { type ErrorCode, SyncError } from "@tillsync/protocol";
import { dropCaches } from "./caches.ts";
import type { Clock, Flush, LocalStore, Ports, Room, Sql } from "./ports.ts";
import { STORAGE_SENTENCES, type StorageState, type StorageStatus } from "./storage-status.ts";

const MIB = 1024 * 1024;

/**
 * The reserve. SQLite's log grows to 4 MiB before it is moved into the database, a sale of five lines adds some 2 KB to
 * that: the first part, 12 MiB, is for several hundred sales, the rest for closing the shift.
 */
export const RESERVE_BYTES = 16 * MIB;
export const CLOSING_BYTES = 4 * MIB;

/** Less than this free is told: months of sales, but no room for another large catalogue. */
export const LOW_BYTES = 256 * MIB;

/** Below this nothing is written any more that can be fetched again. */
export const SHORT_BYTES = 64 * MIB;

/** A commit on a healthy disk takes 1 to 20 ms; this is what a cashier notices. */
export const SLOW_MS = 500;

/** How long a slow commit is told. */
const TELL_SLOW_MS = 5 * 60_000;
const LOOK_EVERY_MS = 60_000;
/** The reserve is not made in the moment of the start, in which a shop waits. */
const FIRST_LOOK_MS = 5_000;

/**
 * Stands between the terminal and its store and knows how the disk is: measures commits, counts errors, keeps the reserve,
 * and refuses what can be fetched again while sales need the room.
 */
export class StorageWatch {
  readonly store: LocalStore;
  readonly #clock: Clock;
  readonly #room: Room | undefined;
  readonly #onChange: () => void;
  readonly #closed = new AbortController();
  #code: ErrorCode | null = null;
  #errors = 0;
  #lastCommitMs = 0;
  #slowAtMs = Number.NEGATIVE_INFINITY;
  #freeBytes: number | null = null;
  #reserveBytes = 0;
  #isFull = false;
  #cancelTimer: (() => void) | null = null;

  constructor({ clock, store, room }: Pick<Ports, "clock" | "store" | "room">, onChange: () => void) {
    this.#onChange = onChange;
    this.#clock = clock;
    this.#room = room;
    this.store = {
      read: store.read,
      iterate: (sql, ...params) => store.iterate(sql, ...params),
      transaction: (fn, flush) => this.#transaction(store, fn, flush),
      reopen: () => store.reopen(),
      close: () => store.close(),
      ...(store.snapshot === undefined ? {} : { snapshot: store.snapshot.bind(store) }),
    };
    if (room === undefined) return;
    this.#measure(room);
    this.#cancelTimer = clock.after(FIRST_LOOK_MS, () => this.#look());
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#closed.abort();
  }

  get status(): StorageStatus {
    const state = this.#state();
    return {
      state,
      code: state === "ok" || state === "slow" || state === "low" ? null : this.#code,
      message: STORAGE_SENTENCES[state],
      freeBytes: this.#freeBytes,
      reserveBytes: this.#reserveBytes,
      lastCommitMs: this.#lastCommitMs,
      errors: this.#errors,
    };
  }

  /**
   * The disk was full just now: gives back a part of the reserve.
   *
   * @returns whether there is more room than before, so that the same may be tried again
   */
  makeRoom(forClosing: boolean): boolean {
    const room = this.#room;
    if (room === undefined) return false;
    const before = room.reserveBytes();
    room.release(forClosing ? 0 : Math.min(before, CLOSING_BYTES));
    this.#measure(room);
    return room.reserveBytes() < before;
  }

  #transaction<T>(store: LocalStore, fn: (tx: Sql) => T, flush: Flush = "now"): T {
    // What may come later can be fetched again: it waits for the room, not sales.
    if (flush === "later" && this.isShort) throw new SyncError("STORE_FULL", STORAGE_SENTENCES.low);
    const beganMs = this.#clock.monotonicMs();
    try {
      const result = store.transaction(fn, flush);
      if (flush === "now") this.#committed(this.#clock.monotonicMs() - beganMs);
      return result;
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  #committed(tookMs: number): void {
    this.#lastCommitMs = Math.round(tookMs);
    if (tookMs >= SLOW_MS) this.#slowAtMs = this.#clock.monotonicMs();
    if (this.#room === undefined) this.#isFull = false;
  }

  #failed(error: unknown): void {
    if (!(error instanceof SyncError)) return;
    const { code } = error;
    if (code === "STORE_FULL") this.#isFull = true;
    else if (code === "COMMIT_UNKNOWN" || code === "STORE_FAILING") this.#errors++;
    else if (code !== "STORE_DAMAGED" && code !== "DATA_DIR_NOT_WRITABLE") return;
    this.#code = code === "COMMIT_UNKNOWN" ? "STORE_FAILING" : code;
  }

  #state(): StorageState {
    if (this.#code === "STORE_DAMAGED") return "damaged";
    if (this.#code === "DATA_DIR_NOT_WRITABLE") return "read-only";
    if (this.#errors > 0) return "failing";
    if (this.#isFull) return "full";
    if (this.#isBelow(LOW_BYTES)) return "low";
    return this.#clock.monotonicMs() - this.#slowAtMs < TELL_SLOW_MS ? "slow" : "ok";
  }

  get isShort(): boolean {
    return this.#isFull || this.#isBelow(SHORT_BYTES);
  }

  #isBelow(bytes: number): boolean {
    return this.#freeBytes !== null && this.#freeBytes < bytes;
  }

  /** Once a minute: how much room there is, and whether the reserve can be made whole again. */
  #look(): void {
    const room = this.#room;
    if (room === undefined) return;
    this.#cancelTimer = this.#clock.after(LOOK_EVERY_MS, () => this.#look());
    const before = this.#state();
    this.#measure(room);
    const free = this.#freeBytes ?? 0;
    if (this.#reserveBytes < RESERVE_BYTES && free > RESERVE_BYTES + CLOSING_BYTES) this.#fill(room);
    // Only a write that works shows that there is room again; a disk may be full for this user alone.
    if (this.#isFull && this.#reserveBytes >= RESERVE_BYTES) this.#isFull = false;
    if (this.isShort) this.#giveBack();
    if (this.#state() !== before) this.#onChange();
  }

  /** Nobody waits for it, and what fails is tried again with the next look. */
  #giveBack(): void {
    const own = { store: this.store, clock: this.#clock };
    void dropCaches(own, { attempts: this.#isFull, signal: this.#closed.signal }).catch(() => {});
  }

  #fill(room: Room): void {
    try {
      room.fill(RESERVE_BYTES);
    } catch {
      // No room for it, or no right to write: half a reserve is given back, and the next look tries again.
      room.release(Math.min(room.reserveBytes(), CLOSING_BYTES));
    }
    this.#measure(room);
  }

  #measure(room: Room): void {
    this.#freeBytes = room.freeBytes();
    this.#reserveBytes = room.reserveBytes();
  }
}
