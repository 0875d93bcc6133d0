import type { Observation } from "@tillsync/lanes";
import type { ExchangeRequest, ExchangeResponse, Sha256 } from "@tillsync/protocol";

/** Time. Wall time stamps facts, monotonic time measures and waits; tests move both. */
export interface Clock {
  /** Milliseconds since 1970 as the machine believes it; may jump. */
  wallMs(): number;
  /** Milliseconds that only grow, from an arbitrary start. */
  monotonicMs(): number;
  /** Calls `fn` once after `delayMs`; the returned function cancels. */
  after(delayMs: number, fn: () => void): () => void;
}

/** Chance, from one source, so that a seed repeats a whole run. */
export interface Ids {
  /** A UUIDv7; later calls sort after earlier ones within a process. */
  next(): string;
  /** `digits` random hex digits. */
  hex(digits: number): string;
  /** A number in [0, 1) that spreads waits. */
  jitter(): number;
}

export type SqlValue = string | number | bigint | Uint8Array | null;

/** Statements of one transaction, or reads outside of one. Parameters are positional (`?`). */
export interface Sql {
  run(sql: string, ...params: SqlValue[]): { readonly changes: number };
  get<T>(sql: string, ...params: SqlValue[]): T | undefined;
  all<T>(sql: string, ...params: SqlValue[]): T[];
}

/** When a transaction has to be safe from a power cut: as it returns, or with the next one that does not say `later`. */
export type Flush = "now" | "later";

/**
 * The till's own database. An implementation must guarantee:
 * - `transaction` is atomic and, once it returns, survives a power cut;
 * - with `later` a power cut may take it, and everything behind it, until the next transaction without has returned; the
 *   end of the process takes nothing. For what can be fetched again;
 * - when `fn` throws, nothing of it is visible and the error passes through; a full disk is SyncError STORE_FULL;
 * - `fn` is synchronous: one that gives a promise is refused, because the commit would not wait for it;
 * - when the commit itself fails, the error is SyncError COMMIT_UNKNOWN: the transaction may or may not be there;
 * - there is one writer: a second process (or store on the same file) is refused with SyncError LOCKED;
 * - `reopen` drops every handle and cached page and recovers from the files; what it then shows is the truth.
 * `contract/local-store.ts` is the suite that each implementation passes.
 */
export interface LocalStore {
  readonly read: Pick<Sql, "get" | "all">;
  /** Rows one at a time, for histories that do not fit in memory. The store must not be written meanwhile. */
  iterate<T>(sql: string, ...params: SqlValue[]): Iterable<T>;
  transaction<T>(fn: (tx: Sql) => T, flush?: Flush): T;
  reopen(): void;
  /** Copies the whole into a new file while it goes on being written; one that cannot goes without. */
  snapshot?(file: string): Promise<void>;
  close(): void;
}

/** What the witness file says: how far this terminal's journal had come. */
export interface Witnessed {
  readonly incarnation: string;
  readonly seq: number;
  readonly hash: string;
}

/**
 * The file beside the database that may lag after a power cut and never leads. A witness ahead of the database means that
 * the database was rolled back.
 */
export interface Witness {
  read(): Witnessed | undefined;
  /** After a commit; not flushed. */
  write(seen: Witnessed): void;
  /** At shift close and clean stop. */
  flush(): void;
  close(): void;
}

/**
 * Room on the disk that the database lies on, and a reserve: bytes that are taken while there is room, and given back when
 * there is none. None of it throws for what the disk does but `fill`.
 */
export interface Room {
  /** Bytes that the till's user may still write; null when the system does not say. */
  freeBytes(): number | null;
  /** Bytes that the reserve holds now. */
  reserveBytes(): number;
  /** Makes the reserve this large, in blocks that the disk has really given. Throws when it cannot. */
  fill(bytes: number): void;
  /** Gives back all but so many bytes. */
  release(toBytes: number): void;
}

export interface FetchRequest {
  /** Below the centre's address, with its query: `api/sync/gateway`. */
  readonly path: string;
  readonly type: "application/json" | "application/x-ndjson";
}

/**
 * The lines of one answer. They may be made as they are read, so that a page need not be in memory as text; `read` begins
 * anew each time.
 */
export interface Lines {
  read(): IterableIterator<string>;
  /** Nobody reads them any more: what they take may go before the collector finds it. */
  free?(): void;
}

/**
 * The way to the centre. `exchange` resolves only with an answer that passed the schema; everything else rejects with a
 * SyncError: UNREACHABLE, TIMED_OUT, NOT_AN_ANSWER, or the code the centre gave. `details.retryAfterMs` carries a
 * `Retry-After`. The correlation id travels with the request, so that both sides' logs name it alike.
 */
export interface Transport {
  exchange(request: ExchangeRequest, signal: AbortSignal, correlationId: string): Promise<ExchangeResponse>;
  /**
   * Reads reference data: one whole answer of the type that was asked for, which the caller then parses. What is cut short,
   * of another type or too large rejects, as above. A way that has no modules goes without.
   */
  fetch?(request: FetchRequest, signal: AbortSignal, correlationId: string): Promise<Lines>;
  /** Its own deadline for one exchange, milliseconds; 30,000 when absent. The loop gives up what is half as late again. */
  readonly timeoutMs?: number;
}

/**
 * Asks whether a target is there and could work, which costs it next to nothing: `proper` when it answered so itself,
 * `troubled` when it, or something in its place, answered anything else, `silent` when nothing did. It neither throws nor
 * rejects; the signal ends it.
 */
export interface Probe {
  ask(target: "central", signal: AbortSignal): Promise<Observation>;
}

/** Everything outside the engine. No other file of it reads time, chance, disk or network. */
export interface Ports {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly store: LocalStore;
  readonly witness: Witness;
  readonly transport: Transport;
  readonly probe: Probe;
  readonly sha256: Sha256;
  /** A till without one has no reserve, and hears of a full disk when it is full. */
  readonly room?: Room;
}
