import { businessDate, parseField, SyncError } from "@tillsync/protocol";
import { type Head, type JournalRow, type Life, ordinalOf, seqOf } from "./journal.ts";
import { manifestOf, reportOf, type ShiftBooks, stretchesOf, tallyShift } from "./manifest.ts";
import { receiptSeries } from "./receipts.ts";
import { type Present, SHIFT_COLUMNS } from "./recording.ts";
import type { ReceiptSeries, Shift, ShiftReport, ShiftSummary } from "./shift-verbs.ts";
import { manifestIn } from "./shifts.ts";
import { Tally } from "./tally.ts";

export interface ReportBooks extends ShiftBooks {
  readonly incarnationOf: (ordinal: number) => string;
}

/** Shifts in a list at most: a year of three a day on one till. */
export const MAX_SHIFTS = 1000;

/**
 * What shifts hold, for reading. The open one is asked for again and again by pages, so what was added up is kept and only
 * what came since is read; the closing itself adds everything up anew.
 */
export class ShiftReports {
  readonly #books: ReportBooks;
  #kept: { readonly localId: string; readonly tallies: readonly Tally[] } | undefined;

  constructor(books: ReportBooks) {
    this.#books = books;
  }

  /** Rows stand elsewhere than before, or came back: what was added up says nothing. */
  forget(): void {
    this.#kept = undefined;
  }

  /** The X report of the open shift; null when none is. */
  open({ shift, head }: Present): ShiftReport | null {
    return shift === null ? null : this.#open(shift, head);
  }

  /** Newest first. */
  list(
    limit: number,
    { head }: Present,
    settlementOf: (localId: string) => ShiftSummary["settlement"],
  ): ShiftSummary[] {
    const shifts = this.#books.read.all<Shift>(
      `SELECT ${SHIFT_COLUMNS} FROM shift ORDER BY rowid DESC LIMIT ?`,
      Math.max(1, Math.min(Math.trunc(limit) || 1, MAX_SHIFTS)),
    );
    return shifts.map((shift) => {
      const report = shift.closedAt === null ? this.#open(shift, head) : this.#closed(shift, head);
      const { localId, operator, businessDate, openedAt, closedAt } = shift;
      const { changes, totals, openingFloatMinor, counted, overShort } = report;
      const settlement = settlementOf(localId);
      const who = { localId, operator, businessDate, openedAt, closedAt };
      return { ...who, changes, totals, openingFloatMinor, counted, overShort, settlement };
    });
  }

  /** @throws SyncError INVALID_INPUT when it is no date */
  receipts(day: string, lives: readonly Life[]): ReceiptSeries[] {
    return receiptSeries({ ...this.#books, lives }, parseField("businessDate", businessDate, day));
  }

  #open(shift: Shift, head: Head): ShiftReport {
    const manifest = manifestOf(this.#books, shift, this.#tallies(shift.localId, head), {});
    return reportOf(shift.localId, head.incarnation, manifest);
  }

  /** As its closing says; when that can no longer be read, added up again without what was counted. */
  #closed(shift: Shift, head: Head): ShiftReport {
    const { localId } = shift;
    const row = this.#books.journal.ofEntity(localId).findLast(({ kind }) => kind === "shift.closed");
    try {
      if (row) return reportOf(localId, this.#books.incarnationOf(ordinalOf(row.position)), manifestIn(row));
    } catch (error) {
      if (!(error instanceof SyncError && error.code === "BODY_DAMAGED")) throw error;
    }
    const end = row === undefined ? head : this.#before(row);
    return reportOf(
      localId,
      end.incarnation,
      manifestOf(this.#books, shift, tallyShift(this.#books, end, localId), {}),
    );
  }

  #before(row: JournalRow): Head {
    const ordinal = ordinalOf(row.position);
    const seq = seqOf(row.position) - 1;
    const hash = this.#books.journal.hashAt(ordinal, seq) ?? "";
    return { ordinal, incarnation: this.#books.incarnationOf(ordinal), seq, hash };
  }

  /** Goes on from what was added up before; only what is committed is ever read here. */
  #tallies(localId: string, head: Head): readonly Tally[] {
    const { journal } = this.#books;
    const stretches = stretchesOf(this.#books, head, localId);
    const kept = this.#kept?.localId === localId ? this.#kept.tallies : [];
    const tallies = stretches.map((stretch, index) => {
      const before = kept[index];
      // A row that was damaged may have been repaired since.
      const isGood =
        before?.ordinal === stretch.ordinal &&
        before.openSeq === stretch.openSeq &&
        before.seq <= stretch.closeSeq &&
        before.damaged === 0;
      return (isGood ? before : new Tally(journal, stretch)).readTo(journal, stretch.closeSeq);
    });
    this.#kept = { localId, tallies };
    return tallies;
  }
}
