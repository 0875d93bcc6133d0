import { type Stub, seqOf, sha256 } from "@tillsync/engine";
import { type JournalReader, readOnly, retiredColumn } from "@tillsync/engine/sqlite";
import {
  bytesHash,
  CHAIN_START,
  linkHash,
  type Origin,
  type PrivatePart,
  privatePart,
  wantedPrivate,
} from "@tillsync/protocol";
import { type ReceiptFloor, receiptFloors } from "./receipt-gaps.ts";

/** One change as the till has it. */
export interface TillChange {
  readonly seq: number;
  readonly hash: string;
  /** Its bytes were given up here: the hash that stayed is what there is to compare. */
  readonly isRetired: boolean;
  /** The hash of its bytes behind `prevHash`, worked out just now; of a retired change the one that stayed. */
  hashBehind(prevHash: string): string;
  /** Hash of its bytes without their place. */
  bytes(): string;
  /** How the private part that is kept stands to its bytes. */
  private(): PrivatePart;
  readonly kind: string;
  readonly localId: string;
  readonly document: {
    readonly receiptNumber: string | null;
    readonly currency: string;
    readonly totalMinor: number;
  } | null;
}

export interface TillLife {
  readonly ordinal: number;
  readonly incarnation: string;
  readonly durableThrough: number;
  readonly headSeq: number;
}

/** A till's journal, read beside its running process. */
export interface TillJournal {
  readonly terminal: string;
  readonly shortId: string;
  readonly lives: readonly TillLife[];
  /** One row at a time, so that memory stays flat; nothing else may be read meanwhile. */
  changes(life: TillLife, fromSeq: number, toSeq: number): Iterable<TillChange>;
  /** The hash that is stored at a place; `CHAIN_START` before the first. */
  hashAt(life: TillLife, seq: number): string | undefined;
  /** Where a life's changes of this business date and later begin; null when it has none. */
  firstSince(life: TillLife, businessDate: string): number | null;
  /** Receipt sequences by business date of one life, from that date on, in order. */
  receipts(life: TillLife, since: string): Iterable<{ readonly businessDate: string; readonly sequence: number }>;
  /** Receipt numbers of one life that the till passed over, because head office had documents with them. */
  floors(life: TillLife): ReceiptFloor[];
  /** Closed orders that were taken back by a document. */
  readonly voided: number;
  close(): void;
}

const LIFE_SPAN = 2 ** 40;

export function openJournal(file: string): TillJournal {
  const db = readOnly(file);
  const [identity] = db.all<{ terminal: string; shortId: string }>(
    "SELECT terminal, short_id AS shortId FROM identity",
  );
  if (identity === undefined) throw new Error(`${file} is not a till's database`);
  return {
    ...identity,
    lives: livesOf(db),
    changes: (life, fromSeq, toSeq) => changesOf(db, identity.terminal, life, { fromSeq, toSeq }),
    hashAt: (life, seq) => hashAt(db, life, seq),
    firstSince: (life, businessDate) => firstSince(db, life, businessDate),
    receipts: (life, since) =>
      db.iterate(
        `SELECT business_date AS businessDate, receipt_sequence AS sequence FROM journal
         WHERE receipt_sequence IS NOT NULL AND business_date >= ? AND position >= ? AND position < ?
         ORDER BY business_date, receipt_sequence`,
        since,
        life.ordinal * LIFE_SPAN,
        (life.ordinal + 1) * LIFE_SPAN,
      ),
    floors: ({ ordinal }) => receiptFloors(db, ordinal),
    voided: db.all<{ count: number }>("SELECT count(*) AS count FROM voided_order")[0]?.count ?? 0,
    close: () => db.close(),
  };
}

function livesOf(db: JournalReader): TillLife[] {
  return db.all<TillLife>(
    `SELECT l.ordinal, l.incarnation, l.durable_through AS durableThrough,
       coalesce((SELECT max(position) FROM journal WHERE position >= l.ordinal * ${LIFE_SPAN} AND position < (l.ordinal + 1) * ${LIFE_SPAN}), 0) % ${LIFE_SPAN} AS headSeq
     FROM life l ORDER BY l.ordinal`,
  );
}

function hashAt(db: JournalReader, { ordinal }: TillLife, seq: number): string | undefined {
  if (seq === 0) return CHAIN_START;
  const sql = "SELECT lower(hex(hash)) AS hash FROM journal WHERE position = ?";
  return db.all<{ hash: string }>(sql, ordinal * LIFE_SPAN + seq)[0]?.hash;
}

/** The oldest shift of the date, whose row tells where it began even where that change is gone, or the first change. */
function firstSince(db: JournalReader, { ordinal }: TillLife, businessDate: string): number | null {
  const [row] = db.all<{ shift: number | null; position: number | null }>(
    `SELECT (SELECT min(open_seq) FROM shift WHERE ordinal = ? AND business_date >= ?) AS shift,
       (SELECT min(position) FROM journal WHERE position >= ? AND position < ? AND business_date >= ?) AS position`,
    ...[ordinal, businessDate, ordinal * LIFE_SPAN, (ordinal + 1) * LIFE_SPAN, businessDate],
  );
  const change = row?.position == null ? null : seqOf(row.position);
  if (row?.shift == null || change === null) return change ?? row?.shift ?? null;
  return Math.min(row.shift, change);
}

interface Row {
  readonly position: number;
  readonly hash: string;
  readonly kind: string;
  readonly localId: string;
  readonly body: string;
  readonly private: string | null;
  readonly origin: string | null;
  readonly retired: string | null;
}

function* changesOf(
  db: JournalReader,
  terminal: string,
  { ordinal, incarnation }: TillLife,
  { fromSeq, toSeq }: { fromSeq: number; toSeq: number },
): Generator<TillChange> {
  const base = ordinal * LIFE_SPAN;
  const rows = db.iterate<Row>(
    `SELECT position, lower(hex(hash)) AS hash, kind, local_id AS localId, body, private, origin, ${retiredColumn(db)} FROM journal
     WHERE position BETWEEN ? AND ? ORDER BY position`,
    base + fromSeq,
    base + toSeq,
  );
  for (const { position, hash, kind, localId, body, private: secret, origin: originText, retired } of rows) {
    const isRetired = retired !== null;
    const seq = seqOf(position);
    const origin = originText === null ? undefined : (JSON.parse(originText) as Origin);
    yield {
      seq,
      hash,
      isRetired,
      hashBehind: (prevHash) =>
        isRetired ? hash : linkHash(sha256, { terminal, incarnation, seq, origin, body, prevHash }),
      bytes: () => bytesHash(sha256, { origin, body }),
      private: () => (isRetired ? "whole" : privatePart(sha256, wantedPrivate(body), secret)),
      kind,
      localId,
      document: isRetired ? documentOfStub(retired) : documentOf(kind, body),
    };
  }
}

function documentOfStub(retired: string): TillChange["document"] {
  const { receiptNumber = null, currency, totalMinor = 0 } = JSON.parse(retired) as Stub;
  return currency === undefined ? null : { receiptNumber, currency, totalMinor };
}

/** What a change is worth, from the till's own bytes: closed orders and transactions count money. */
function documentOf(kind: string, body: string): TillChange["document"] {
  if (kind !== "order.closed" && kind !== "transaction.recorded") return null;
  try {
    const { payload } = JSON.parse(body) as {
      payload: { receiptNumber?: string; currency: string; totalMinor?: number; amountMinor?: number };
    };
    const { receiptNumber = null, currency, totalMinor, amountMinor } = payload;
    return { receiptNumber, currency, totalMinor: totalMinor ?? amountMinor ?? 0 };
  } catch {
    return null; // damaged bytes are reported by their hash
  }
}
