import type { Effect, Kind } from "@tillsync/protocol";
import { canonicalText, instant, parseField, SyncError } from "@tillsync/protocol";
import type { ChangeDraft, Head, Journal, JournalRow, Life } from "./journal.ts";
import { ordinalOf, seqOf } from "./journal.ts";
import type { Clock, Sql } from "./ports.ts";
import type { Recorded, Shift } from "./verbs.ts";
import { bodyOf } from "./view.ts";

/** What moves with every commit. Kept in memory by the one writer, read back from the database at open and after trouble. */
export interface Present {
  readonly head: Head;
  readonly shift: Shift | null;
  /** The last receipt of the present life on the shift's business date. */
  readonly receipt: { readonly businessDate: string; readonly sequence: number } | null;
}

/** A shift as the `shift` table keeps it. */
export const SHIFT_COLUMNS = `local_id AS localId, operator, business_date AS businessDate, opened_at AS openedAt,
  closed_at AS closedAt, open_seq AS openSeq, close_seq AS closeSeq`;

/** Reads the present back from the database. @throws SyncError JOURNAL_BROKEN */
export function presentOf(journal: Journal, read: Pick<Sql, "get">, lives: readonly Life[]): Present {
  const life = lives.at(-1);
  if (life === undefined)
    throw new SyncError("JOURNAL_BROKEN", "The journal has no life; the database was not set up.");
  const { ordinal, incarnation, headSeq, headHash } = life;
  const row = read.get<Shift & { ordinal: number }>(
    `SELECT ${SHIFT_COLUMNS}, ordinal FROM shift WHERE closed_at IS NULL ORDER BY opened_at DESC LIMIT 1`,
  );
  const head = { ordinal, incarnation, seq: headSeq, hash: headHash };
  if (row === undefined) return { head, shift: null, receipt: null };
  // A shift that was opened in an earlier life goes on in this one from its first change.
  const { ordinal: began, ...open } = row;
  const { businessDate } = row;
  const receipt = { businessDate, sequence: journal.lastReceipt(ordinal, businessDate) };
  return { head, shift: { ...open, openSeq: began === ordinal ? row.openSeq : 1 }, receipt };
}

/** Everything a verb needs: who we are, the journal, time, and the rest of this transaction. */
export interface Desk {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly currency: string;
  /** The business date of a moment outside shifts. */
  readonly dayOf: (at: string) => string;
  /** The incarnation of a life by its ordinal. */
  readonly incarnationOf: (ordinal: number) => string;
  /** The other way round; undefined for a life that is not this terminal's. */
  readonly ordinalOf: (incarnation: string) => number | undefined;
  /** When head office was last asked for news of its modules, and answered. */
  readonly askedAt: () => string | null;
  /** Whether the centre has the change at this position. */
  readonly isDurable: (position: number) => boolean;
  /** What this terminal prints before its receipt numbers. */
  readonly printed: string;
  /** The same in a life by its ordinal. */
  readonly printedOf: (ordinal: number) => string;
}

/** One transaction under way: the statements, and the present as it will be when it commits. */
export class Recording {
  readonly desk: Desk;
  readonly tx: Sql;
  readonly recorded: Recorded[] = [];
  present: Present;

  constructor(desk: Desk, tx: Sql, present: Present) {
    this.desk = desk;
    this.tx = tx;
    this.present = present;
  }

  /** The shift that sales go into. @throws SyncError SHIFT_NOT_OPEN */
  shift(): Shift {
    if (this.present.shift) return this.present.shift;
    throw new SyncError(
      "SHIFT_NOT_OPEN",
      "No shift is open on this terminal; open one first, its business date is on every receipt.",
    );
  }

  /** When it happened: as the caller says, else now. @throws SyncError INVALID_INPUT */
  now(given: string | undefined): string {
    return given === undefined ? instantOf(this.desk.clock) : parseField("occurredAt", instant, given);
  }

  /** What the centre made of a change that it did not apply; undefined for all others. */
  effectAt(position: number): Effect | undefined {
    return this.tx.get<{ effect: Effect }>("SELECT effect FROM exception WHERE position = ?", position)?.effect;
  }

  /** Writes one change and notes it. */
  append<K extends Kind>(draft: ChangeDraft<K>, extra: Pick<Recorded, "receiptNumber" | "totalMinor"> = {}): Recorded {
    const { head, changeId } = this.desk.journal.append(this.tx, this.present.head, draft);
    this.present = { ...this.present, head };
    const { localId, kind, version } = draft;
    const { incarnation, seq, hash } = head;
    const recorded: Recorded = { localId, changeId, incarnation, seq, hash, kind, version, ...extra, duplicate: false };
    this.recorded.push(recorded);
    return recorded;
  }

  /**
   * The earlier recording of the same entity, when it says the same; undefined when there is none.
   *
   * @throws SyncError LOCAL_ID_TAKEN when the id was used for something else: same id with other content is never a duplicate
   */
  repeated(
    rows: readonly JournalRow[],
    kind: Kind,
    payload: (stored: Record<string, unknown>) => unknown,
  ): Recorded | undefined {
    const last = rows.at(-1);
    if (last === undefined) return undefined;
    const stored = bodyOf(last) as { payload: Record<string, unknown> } & ReturnType<typeof bodyOf>;
    if (last.kind === kind && canonicalText(payload(stored.payload)) === canonicalText(stored.payload)) {
      return this.duplicateOf(last);
    }
    throw taken(last.localId);
  }

  /** What was answered when this row was recorded. */
  duplicateOf(row: JournalRow): Recorded {
    const { changeId, payload } = bodyOf(row) as { changeId: string; payload: Record<string, unknown> } & ReturnType<
      typeof bodyOf
    >;
    const { receiptNumber, totalMinor = payload.amountMinor } = payload;
    return {
      localId: row.localId,
      changeId,
      incarnation: this.desk.incarnationOf(ordinalOf(row.position)),
      seq: seqOf(row.position),
      hash: row.hash,
      kind: row.kind,
      version: row.version,
      ...(typeof receiptNumber === "string" ? { receiptNumber } : {}),
      ...(typeof totalMinor === "number" ? { totalMinor } : {}),
      duplicate: true,
    };
  }
}

/** The same id with other content is never a duplicate. */
export function taken(localId: string): SyncError {
  const message = `localId ${localId} was already used for something else; give every document an id of its own.`;
  return new SyncError("LOCAL_ID_TAKEN", message, { field: "localId", got: localId });
}

/** The last moment that `YYYY-MM-DDTHH:mm:ss.sssZ` can say. */
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Now, as the machine believes it; a clock beyond all calendars must not stop a sale. */
export function instantOf(clock: Clock): string {
  return new Date(Math.max(0, Math.min(clock.wallMs(), LAST_MS))).toISOString();
}
