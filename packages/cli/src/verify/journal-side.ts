import { seqOf, sha256 } from "@tillsync/engine";
import { type JournalReader, readOnly } from "@tillsync/engine/sqlite";
import { linkHash, type Origin } from "@tillsync/protocol";
import type { ReceiptFloor } from "./receipt-gaps.ts";

/** One change as the till has it. */
export interface TillChange {
  readonly seq: number;
  readonly hash: string;
  /** Whether its bytes, hashed again just now behind `prevHash`, give its hash. */
  fits(prevHash: string): boolean;
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
  changes(life: TillLife, fromSeq: number, toSeq: number): TillChange[];
  /** Receipt sequences by business date of one life, in order. */
  receipts(life: TillLife): Iterable<{ readonly businessDate: string; readonly sequence: number }>;
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
    changes: (life, fromSeq, toSeq) => changesOf(db, identity.terminal, life, fromSeq, toSeq),
    receipts: (life) =>
      db.iterate(
        `SELECT business_date AS businessDate, receipt_sequence AS sequence FROM journal
         WHERE receipt_sequence IS NOT NULL AND position >= ? AND position < ? ORDER BY business_date, receipt_sequence`,
        life.ordinal * LIFE_SPAN,
        (life.ordinal + 1) * LIFE_SPAN,
      ),
    floors: ({ ordinal }) => floorsOf(db, ordinal),
    voided: db.all<{ count: number }>("SELECT count(*) AS count FROM voided_order")[0]?.count ?? 0,
    close: () => db.close(),
  };
}

/** A database that no till of this version has opened yet has no such table. */
function floorsOf(db: JournalReader, ordinal: number): ReceiptFloor[] {
  if (db.all("SELECT 1 FROM sqlite_schema WHERE name = 'receipt_floor'").length === 0) return [];
  return db.all<ReceiptFloor>(
    `SELECT business_date AS businessDate, from_sequence AS "from", to_sequence AS "to" FROM receipt_floor WHERE ordinal = ?
     ORDER BY business_date, from_sequence`,
    ordinal,
  );
}

function livesOf(db: JournalReader): TillLife[] {
  return db.all<TillLife>(
    `SELECT l.ordinal, l.incarnation, l.durable_through AS durableThrough,
       coalesce((SELECT max(position) FROM journal WHERE position >= l.ordinal * ${LIFE_SPAN} AND position < (l.ordinal + 1) * ${LIFE_SPAN}), 0) % ${LIFE_SPAN} AS headSeq
     FROM life l ORDER BY l.ordinal`,
  );
}

interface Row {
  readonly position: number;
  readonly hash: string;
  readonly kind: string;
  readonly localId: string;
  readonly body: string;
  readonly origin: string | null;
}

function changesOf(db: JournalReader, terminal: string, life: TillLife, fromSeq: number, toSeq: number): TillChange[] {
  const base = life.ordinal * LIFE_SPAN;
  const rows = db.all<Row>(
    `SELECT position, lower(hex(hash)) AS hash, kind, local_id AS localId, body, origin FROM journal
     WHERE position BETWEEN ? AND ? ORDER BY position`,
    base + fromSeq,
    base + toSeq,
  );
  return rows.map((row) => {
    const { position, hash, kind, localId, body } = row;
    const seq = seqOf(position);
    const origin = row.origin === null ? undefined : (JSON.parse(row.origin) as Origin);
    const link = { terminal, incarnation: life.incarnation, seq, origin, body };
    const fits = (prevHash: string) => linkHash(sha256, { ...link, prevHash }) === hash;
    return { seq, hash, fits, kind, localId, document: documentOf(row) };
  });
}

/** What a change is worth, from the till's own bytes: closed orders and transactions count money. */
function documentOf({ kind, body }: Row): TillChange["document"] {
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
