import {
  AmountSums,
  CHAIN_START,
  cashDirection,
  NO_TENDER,
  type OrderClosed,
  type PayloadOf,
  plusMinor,
} from "@tillsync/protocol";
import { type Journal, type JournalRow, seqOf } from "./journal.ts";
import { bodyOf } from "./view.ts";

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
 * Adds up a stretch of the journal from the till's own bytes, and goes on from where it stopped. A row whose bytes no
 * longer fit its hash counts with its kind and without money: what it says is not what was sold, and it must not keep the
 * shift open.
 */
export class Tally {
  readonly ordinal: number;
  readonly incarnation: string;
  readonly openSeq: number;
  readonly counts: Record<string, number> = {};
  readonly totals = new AmountSums();
  readonly cash = new Map<string, CashMoved>();
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

  #add(journal: Journal, row: JournalRow): void {
    this.counts[row.kind] = (this.counts[row.kind] ?? 0) + 1;
    const good = this.#intact(journal, row);
    if (good) this.#addMoney(good);
    else this.damaged++;
    this.seq = seqOf(row.position);
    this.hash = row.hash;
  }

  /** A manifest is written once and for all: what was read wrong is read again before it counts as damaged. */
  #intact(journal: Journal, row: JournalRow): JournalRow | undefined {
    if (journal.intact(this.incarnation, row, this.hash)) return row;
    const again = journal.row(this.ordinal, seqOf(row.position));
    return again && journal.intact(this.incarnation, again, this.hash) ? again : undefined;
  }

  #addMoney(row: JournalRow): void {
    if (row.kind === "order.closed") {
      const { currency, tenders } = bodyOf(row).payload as OrderClosed;
      for (const { type, amountMinor } of tenders) this.totals.add({ currency, tender: type, amountMinor });
    } else if (row.kind === "transaction.recorded") {
      const moved = bodyOf(row).payload as PayloadOf<"transaction.recorded">;
      const { currency, tender = NO_TENDER, amountMinor } = moved;
      this.totals.add({ currency, tender, amountMinor });
      const direction = cashDirection(moved);
      if (direction !== undefined) this.#addCash(currency, direction, amountMinor);
    } else if (row.kind === "shift.opened") this.opening = bodyOf(row).payload as PayloadOf<"shift.opened">;
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
