import {
  type Amount,
  CHAIN_START,
  cashDirection,
  PAYLOADS,
  type PayloadOf,
  plusMinor,
  type ReadChange,
  StretchSums,
} from "@tillsync/protocol";
import { type Journal, type JournalRow, seqOf } from "./journal.ts";

/** Rows read at a time while a shift is added up. */
const PAGE = 500;

/** A stretch of one life's journal, from its first change on. */
export interface Stretch {
  readonly ordinal: number;
  readonly incarnation: string;
  readonly openSeq: number;
  /** The last change; `openSeq - 1` for a stretch with nothing in it yet. */
  readonly closeSeq: number;
}

/** Cash in and out of the drawer beside sales, in one currency. Both positive. */
export interface CashMoved {
  readonly inMinor: number;
  readonly outMinor: number;
}

/**
 * Adds up a stretch of the journal from the till's own bytes, and goes on from where it stopped: with the fold that the
 * centre judges with, so that the same bytes come to the same on both sides, and beside it what only the drawer asks for. A
 * row whose bytes no longer fit its hash counts with its kind and without money: what it says is not what was sold, and it
 * must not keep the shift open.
 */
export class Tally {
  readonly ordinal: number;
  readonly incarnation: string;
  readonly openSeq: number;
  readonly cash = new Map<string, CashMoved>();
  readonly #sums = new StretchSums();
  /** What the opening of a shift in this stretch says. */
  opening: PayloadOf<"shift.opened"> | undefined;
  /** Rows whose bytes do not fit their hash. */
  damaged = 0;
  seq: number;
  hash: string;

  constructor(journal: Journal, { ordinal, incarnation, openSeq }: Stretch) {
    this.ordinal = ordinal;
    this.incarnation = incarnation;
    this.openSeq = openSeq;
    this.seq = openSeq - 1;
    this.hash = journal.hashAt(ordinal, this.seq) ?? CHAIN_START;
  }

  readTo(journal: Journal, closeSeq: number): this {
    while (this.seq < closeSeq) {
      const rows = journal.range(this.ordinal, this.seq + 1, Math.min(PAGE, closeSeq - this.seq));
      if (rows.length === 0) break; // gone from the disk; verify tells, and the shift can be closed
      for (const row of rows) {
        if (seqOf(row.position) > closeSeq) return this;
        this.#add(journal, row);
      }
    }
    return this;
  }

  get counts(): Record<string, number> {
    return this.#sums.counts();
  }

  get totals(): Amount[] {
    return this.#sums.totals();
  }

  #add(journal: Journal, row: JournalRow): void {
    const good = this.#intact(journal, row);
    if (good) this.#addDrawer(this.#sums.add(good.body));
    else {
      this.#sums.addUnread(row.kind);
      this.damaged++;
    }
    this.seq = seqOf(row.position);
    this.hash = row.hash;
  }

  /** A manifest is written once and for all: what was read wrong is read again before it counts as damaged. */
  #intact(journal: Journal, row: JournalRow): JournalRow | undefined {
    if (journal.intact(this.incarnation, row, this.hash)) return row;
    const again = journal.row(this.ordinal, seqOf(row.position));
    return again && journal.intact(this.incarnation, again, this.hash) ? again : undefined;
  }

  /** Bytes that fit their hash may still be nothing that this release has written. */
  #addDrawer({ kind, payload }: ReadChange): void {
    if (kind === "transaction.recorded") {
      const { success, data: moved } = PAYLOADS["transaction.recorded"].safeParse(payload);
      const direction = success ? cashDirection(moved) : undefined;
      if (success && direction !== undefined) this.#addCash(moved.currency, direction, moved.amountMinor);
    } else if (kind === "shift.opened") {
      const { success, data } = PAYLOADS["shift.opened"].safeParse(payload);
      if (success) this.opening = data;
    }
  }

  #addCash(currency: string, direction: "in" | "out", amountMinor: number): void {
    const { inMinor, outMinor } = this.cash.get(currency) ?? { inMinor: 0, outMinor: 0 };
    const moved =
      direction === "in"
        ? { inMinor: plusMinor(inMinor, amountMinor), outMinor }
        : { inMinor, outMinor: plusMinor(outMinor, -amountMinor) };
    this.cash.set(currency, moved);
  }
}
