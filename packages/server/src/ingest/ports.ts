import type {
  ChainPlace,
  Comparison,
  Effect,
  Entity,
  FeedEntry,
  FeedScope,
  FoundRow,
  LineEvent,
} from "@tillsync/protocol";
import type { Packed } from "./packed.ts";

/** One store of one organization: what a transaction may touch. */
export interface Scope {
  readonly orgId: number;
  readonly storeId: number;
}

/** Where an incarnation stands, read under the terminal's lock. */
export interface Mark {
  readonly ordinal: number;
  readonly durableThrough: number;
  readonly chainHash: string;
  readonly backedUpThrough: number;
  /** The highest receipt stored, for the latest business date. */
  readonly receipt: { readonly businessDate: string; readonly sequence: number } | null;
  /** True when this terminal has stored changes that were never interpreted (a crash came between). */
  readonly hasPending: boolean;
  /** True when this incarnation has rows without intact bytes. */
  readonly hasDamaged: boolean;
  /** The kind of the terminal, as it was enrolled; absent when nobody looked. */
  readonly kind?: string;
  /** True when nothing in this store waits or is parked, so that nothing can be blocked; absent when nobody looked. */
  readonly isSettled?: boolean;
}

/** A change to be stored: its bytes as they came, its place, and what could be read from it. */
export interface StoredChange {
  readonly seq: number;
  readonly hash: string;
  readonly body: string;
  readonly private: string | null;
  readonly origin: { readonly incarnation: string; readonly seq: number; readonly hash: string } | null;
  /** Null when the bytes do not tell. */
  readonly changeId: string | null;
  readonly kind: string | null;
  readonly localId: string | null;
  readonly damaged: boolean;
  /** Its changeId came before, at another place: stored, never applied again. */
  readonly repeat: boolean;
  readonly effect: Effect;
  readonly code: string | null;
  readonly message: string | null;
}

/** A change of a history that is not the stored one. */
export interface ForkedRow extends Pick<StoredChange, "seq" | "hash" | "body" | "private"> {}

/** The state of an entity at the centre. */
export type DocumentState = "open" | "closed" | "voided" | "deleted" | "recorded";

/** What one entity looks like after a change: the columns that people search and add up. */
export interface DocumentRow {
  readonly entity: Entity;
  readonly localId: string;
  readonly state: DocumentState;
  readonly version: number;
  readonly businessDate: string;
  readonly occurredAt: string;
  readonly shiftId: string | null;
  readonly documentType: string | null;
  readonly receiptNumber: string | null;
  readonly reference: string | null;
  readonly currency: string | null;
  readonly totalMinor: number | null;
  /** Hash of a document that a device of somebody else's, or head office, sent whole; null for those of our tills. */
  readonly contentHash: string | null;
  /** The change that made it so. */
  readonly seq: number;
  readonly events: readonly LineEvent[];
}

/** How an entity stands, as far as it decides what may follow. */
export interface Standing extends Pick<DocumentRow, "state" | "version" | "contentHash"> {
  /** Whose change made it so. */
  readonly terminal: string;
}

export type EntityKey = Pick<DocumentRow, "entity" | "localId">;

/** What became of a stored change. */
export interface StoredEffect extends Pick<StoredChange, "effect" | "code" | "message"> {
  readonly receivedAtMs: number;
}

/** A stored change that waits for its interpretation. */
export interface PendingChange {
  readonly incarnation: string;
  readonly seq: number;
  readonly body: string;
  readonly private: string | null;
  readonly damaged: boolean;
  /** As in `StoredChange`: it is not applied. */
  readonly repeat: boolean;
}

/** A run of neighbouring changes with one effect, as the feed tells it. */
export interface Run {
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly effect: Effect;
  readonly code: string | null;
  readonly message: string | null;
  /** True when they were told before, and their bytes are right since then: it says no new effect. */
  readonly again?: boolean;
}

/** One text for an entity of any kind, as a key of maps and in the order in which rows are locked. */
export function entityKey({ entity, localId }: EntityKey): string {
  return `${localId} ${entity}`;
}

export interface TerminalLife {
  readonly terminal: string;
  readonly incarnation: string;
}

/** What a batch makes, when all of it can be stored and applied. */
export interface WholeBatch {
  readonly changes: readonly StoredChange[];
  /** In seq order, as they were read. */
  readonly documents: readonly DocumentRow[];
  readonly place: Parameters<IngestTransaction["advance"]>[1];
  readonly runs: readonly Run[];
  readonly nowMs: number;
  /** The same, ready for the database, when that was made ahead. */
  readonly packed?: Packed | undefined;
}

/** What of the feed a terminal is told. */
export interface FeedWish {
  readonly scope: FeedScope;
  /** The terminal asked for more, and its kind is told no more than this. */
  readonly isNarrowed?: true;
  /** Entries in one answer, about its own changes. */
  readonly limit: number;
  /** What others did before this moment is not told to a terminal that begins without a cursor, but for open orders. */
  readonly sinceMs: number;
}

/** A page of the feed as one terminal gets it. */
export interface FeedPage {
  readonly entries: readonly FeedEntry[];
  readonly cursor: string;
  readonly more: boolean;
  /** As in the answer. */
  readonly joining?: true;
}

/** Where a life stands, and what the feed has for its terminal; read together, under the terminal's lock. */
export interface LifeStanding {
  readonly mark: Mark;
  /** Undefined when its cursor is of another history. */
  readonly feed: FeedPage | undefined;
}

/**
 * A transaction that several terminals of one store share, each with one batch or none. It only knows the short way: what
 * is not simple is left to a transaction of its own.
 */
export interface JointTransaction {
  /** Locks the terminals, in one order, and reads where their lives stand; undefined for a life that is not known. */
  lock(
    lives: readonly (TerminalLife & { readonly cursor: string | null })[],
    wish: FeedWish,
  ): Promise<readonly (LifeStanding | undefined)[]>;
  /** As `IngestTransaction.blocked`, without `before`. */
  blocked(localIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Notes that these terminals were here with nothing to send. */
  seen(lives: readonly (TerminalLife & { readonly headSeq: number })[], nowMs: number): Promise<void>;
  /**
   * Stores and applies all of these batches and appends to the feed; throws when any of them cannot be, and then the
   * transaction has to end. No two may speak of the same entity. @returns the highest receipt of each life
   */
  storeAtOnce(batches: readonly (TerminalLife & WholeBatch)[], nowMs: number): Promise<readonly Mark["receipt"][]>;
}

/**
 * The statements of one ingest transaction, in the order in which `exchange` uses them. All of them touch one store only.
 * PostgreSQL implements it in `ingest/postgres.ts`; the simulator in memory; one contract suite runs on both.
 */
export interface IngestTransaction {
  /** Locks the terminal's row for the rest of the transaction, and reads (or makes) the mark of this incarnation. */
  lock(life: TerminalLife, nowMs: number): Promise<Mark>;
  /** Hashes of stored changes by seq, for telling a duplicate from a fork. */
  hashes(life: TerminalLife, fromSeq: number, toSeq: number): Promise<ReadonlyMap<number, string>>;
  /** Which of these changeIds are stored already, anywhere in the store but at the place `except`. */
  knownChangeIds(
    changeIds: readonly string[],
    except?: TerminalLife & { readonly seq: number },
  ): Promise<ReadonlySet<string>>;
  /**
   * Which of these entities have a change that is waiting or parked; with `before`, which have a parked one of another
   * incarnation, or an unsettled one (pending too) that comes earlier in `before`'s own.
   */
  blocked(localIds: readonly string[], before?: TerminalLife & { readonly seq: number }): Promise<ReadonlySet<string>>;
  /** Stores the changes, never refusing any for its content. */
  store(life: TerminalLife, changes: readonly StoredChange[], nowMs: number): Promise<void>;
  /** Keeps the evidence of a fork: rows that came for places that are taken, or behind such. */
  keepForks(life: TerminalLife, rows: readonly ForkedRow[], nowMs: number): Promise<void>;
  /** How a life stands here beside what its terminal has of it. */
  compare(life: TerminalLife, places: readonly ChainPlace[]): Promise<Comparison>;
  /** Replaces missing or damaged bytes whose hash was checked. What was not interpreted for want of them is pending now. */
  repair(
    life: TerminalLife,
    seq: number,
    change: Pick<StoredChange, "body" | "hash" | "origin" | "changeId" | "kind" | "localId" | "repeat">,
  ): Promise<void>;
  /** The rows at these places, and before and behind them; and how far the life is stored, with the hash there. */
  around(
    life: TerminalLife,
    seqs: readonly number[],
  ): Promise<{ found: ReadonlyMap<number, FoundRow>; known: { seq: number; hash: string } }>;
  /** The private part stored with a change, and its bytes; undefined without bytes. */
  privateOf(
    life: TerminalLife,
    seq: number,
  ): Promise<{ readonly body: string; readonly private: string | null } | undefined>;
  /** Puts a private part, or none, in the place of a wrong one. What was parked for that one is pending now. */
  restorePrivate(life: TerminalLife, seq: number, text: string | null): Promise<void>;
  /** Puts hashes right, and asks for bytes that are doubted. */
  restore(
    life: TerminalLife,
    flaws: { hashes: readonly { seq: number; hash: string }[]; doubted: readonly number[] },
  ): Promise<void>;
  /** Says that something changed in the shifts which these changes belong to: they are judged again. `healed`: of these, those that were wrong. */
  rejudge(life: TerminalLife, seqs: readonly number[], healed: readonly number[]): Promise<void>;
  /** Rows of this incarnation without intact bytes, from `fromSeq` on, at most `limit`. */
  damaged(
    life: TerminalLife,
    fromSeq: number,
    limit: number,
  ): Promise<readonly { seq: number; hash: string; prevHash: string; origin: StoredChange["origin"] }[]>;
  /**
   * As `store`, `advance`, `apply` and `appendFeed` one after the other, in fewer round trips. When anything is in its way
   * the whole transaction runs again and this is undefined.
   */
  storeAtOnce?(life: TerminalLife, batch: WholeBatch): Promise<Mark["receipt"]> | undefined;
  /** Runs `fn` so that its failure undoes only itself; the failure is returned, not thrown. */
  attempt(fn: () => Promise<void>): Promise<unknown>;
  /** Applies documents set-based, in entity order; throws when any of them is not as expected (already closed, ...). */
  apply(life: TerminalLife, documents: readonly DocumentRow[]): Promise<void>;
  /** How one entity stands, locked; undefined when the centre does not know it. */
  document(entity: Entity, localId: string): Promise<Standing | undefined>;
  /** How these entities stand, locked, by `entityKey`; those that the centre does not know are missing. */
  standings(keys: readonly EntityKey[]): Promise<ReadonlyMap<string, Standing>>;
  /** What became of the changes with these ids, anywhere in the store; unknown ones are missing. */
  effectsOf(changeIds: readonly string[]): Promise<ReadonlyMap<string, StoredEffect>>;
  /** Takes back "applied", and "conflict" of what is no repeat, from a range whose applying failed. */
  setPending(life: TerminalLife, fromSeq: number, toSeq: number): Promise<void>;
  /** Sets the effect of stored changes. */
  setEffect(life: TerminalLife, runs: readonly Run[]): Promise<void>;
  /**
   * Gives a parked change its turn again, or gives it up for good (a conflict, code DISCARDED), and what waits behind it
   * its turn. One that has just been given its turn, and not had it yet, may still be given up. @returns whether there was
   * such a change at this place
   */
  resolve(life: TerminalLife, seq: number, how: "retry" | Pick<Run, "effect" | "code" | "message">): Promise<boolean>;
  /** Changes of this terminal that are stored and not yet interpreted, in order of incarnation and seq. */
  pending(terminal: string, limit: number): Promise<readonly PendingChange[]>;
  /** Moves the mark; answers the highest receipt now known. */
  advance(
    life: TerminalLife,
    mark: { durableThrough: number; chainHash: string; headSeq: number; receipt: Mark["receipt"] },
    nowMs: number,
  ): Promise<Mark["receipt"]>;
  /** Notes that the terminal was here with nothing to send. */
  seen(life: TerminalLife, headSeq: number, nowMs: number): Promise<void>;
  /** Appends to the store's feed. Takes the store's counter, so nothing but the commit comes after it. */
  appendFeed(life: TerminalLife, runs: readonly Run[], nowMs: number): Promise<void>;
  /**
   * Appends those of these changes to the feed that others are told of, as they stand: what was not told for want of right
   * bytes has them now. The last lock, as in `appendFeed`.
   */
  tellAgain(life: TerminalLife, seqs: readonly number[], nowMs: number): Promise<void>;
  /**
   * Begins a new epoch of the store's feed when it is in this one. Takes the store's counter, as `appendFeed` does.
   * @returns whether it was
   */
  renewFeed(epoch: string): Promise<boolean>;
  /** Says, before `lock`, that `feedAfter` will be asked this of the same terminal: one statement can read both. */
  foreseeFeed?(cursor: string | null, wish: FeedWish): void;
  /** What the feed has for this life behind the cursor. @throws SyncError FEED_RESET when the cursor is of another history */
  feedAfter(life: TerminalLife, cursor: string | null, wish: FeedWish): Promise<FeedPage>;
}

/** Where ingest keeps its truth. `transaction` is atomic and durable once it resolves; conflicts between writers are retried inside. */
export interface IngestStore {
  readonly serverEpoch: string;
  /** True when its transactions have `storeAtOnce`, so that a batch is worth packing before the terminal is locked. */
  readonly storesAtOnce?: boolean;
  transaction<T>(scope: Scope, fn: (tx: IngestTransaction) => Promise<T>): Promise<T>;
  /** As `transaction`, for several terminals at a time; absent where every exchange has a transaction of its own. */
  jointTransaction?<T>(scope: Scope, fn: (tx: JointTransaction) => Promise<T>): Promise<T>;
}
