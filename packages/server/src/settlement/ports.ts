import type { Effect, FoundRow, Settlement, Stretch } from "@tillsync/protocol";
import type { Scope, TerminalLife } from "../ingest/ports.ts";
import type { EarlierPart } from "./earlier.ts";

/** The change that closed a shift: what a judgement is about. */
export interface ClosePlace extends TerminalLife {
  readonly seq: number;
}

/** One stored change as the judge reads it. */
export interface StoredRow extends FoundRow {
  readonly kind: string | null;
  /** The private part stored with it. */
  readonly private: string | null;
  readonly effect: Effect;
  readonly code: string | null;
  readonly repeat: boolean;
  /** Marked as having no intact bytes. */
  readonly damaged: boolean;
}

/** Everything the centre says about a closed shift. `Settlement` is as much of it as travels to the till. */
export interface Judgement extends Settlement {
  /** What the till's manifest says; null when it cannot be read. */
  readonly manifest: Stretch | null;
  /** Parts of the shift in earlier lives of the till's database, oldest first; absent where there are none. */
  readonly earlier?: readonly EarlierPart[];
}

export interface SettlementRow {
  /** Null while the closing cannot be read. */
  readonly localId: string | null;
  readonly businessDate: string | null;
  readonly judgement: Judgement;
  /** Rows that the till lacks as well. */
  readonly lacked: readonly number[];
  /** Rows of the centre that were wrong and are right again, by seq. */
  readonly healed: readonly number[];
  /** True when something in the stretch changed since. */
  readonly due: boolean;
}

/** What the judge writes about flaws that it found. */
export interface Marks {
  /** Rows whose bytes are wrong or gone: they are asked for from now on. */
  readonly altered: readonly number[];
  /** Rows of which nothing is left: their place is kept, and asked for. */
  readonly missing: readonly number[];
  /** Rows whose bytes are right, and whose hash is this. */
  readonly hashes: readonly { readonly seq: number; readonly hash: string }[];
  /** Rows with a private part that is none of theirs: it goes, and what was parked for it is pending. */
  readonly strays: readonly number[];
}

/**
 * The statements with which one shift is judged, all of one store. PostgreSQL implements it in `settlement/postgres.ts`,
 * the simulator in memory.
 */
export interface SettlementTransaction {
  /** Locks the terminal's row: nothing of it is stored, interpreted or judged by anybody else until the end. */
  lock(terminal: string): Promise<void>;
  /** What was judged before; undefined when nothing was. */
  judged(place: ClosePlace): Promise<SettlementRow | undefined>;
  /** How far the life is stored, and the hash there. */
  mark(life: TerminalLife): Promise<{ seq: number; hash: string } | undefined>;
  /** Stored rows in seq order, a page of them: fewer than the range has when they are many or large, at least one. */
  rows(life: TerminalLife, fromSeq: number, toSeq: number): Promise<readonly StoredRow[]>;
  /** Rows of a life, up to `upTo`, that stood in this range of an earlier life first: a run of them, and where it began. */
  sentAgain(
    life: TerminalLife,
    range: { readonly incarnation: string; readonly fromSeq: number; readonly toSeq: number },
    upTo: number,
  ): Promise<{ readonly fromSeq: number; readonly toSeq: number; readonly originSeq: number } | undefined>;
  /** Marks what was found wrong. */
  flag(life: TerminalLife, marks: Marks, nowMs: number): Promise<void>;
  /** Keeps a judgement, and with `entry` tells it to the till: the store's feed counter is the last lock. */
  record(
    place: ClosePlace,
    row: Omit<SettlementRow, "due">,
    entry: { readonly effect: Effect; readonly code: string | null; readonly settlement: Settlement } | null,
    nowMs: number,
  ): Promise<void>;
  /** As in `IngestTransaction`: behind everything else. */
  tellAgain(life: TerminalLife, seqs: readonly number[], nowMs: number): Promise<void>;
  /** Shifts of a terminal whose judgement is due again. */
  due(terminal: string, limit: number): Promise<readonly ClosePlace[]>;
  /** Notes that the till lacks these rows as well, where the centre asks for them; the shift is judged again. */
  noteLacked(life: TerminalLife, seqs: readonly number[]): Promise<void>;
}

/** Where judgements are kept. `transaction` is atomic; conflicts between writers are retried inside. */
export interface SettlementStore {
  transaction<T>(scope: Scope, fn: (tx: SettlementTransaction) => Promise<T>): Promise<T>;
}
