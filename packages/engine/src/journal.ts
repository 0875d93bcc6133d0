import {
  CHAIN_START,
  canonicalText,
  checkTotals,
  type Kind,
  LIMITS,
  linkHash,
  type Origin,
  PAYLOADS,
  type PayloadOf,
  type PrivatePart,
  parseAs,
  privateHash,
  privatePart,
  privateText,
  type Sha256,
  SyncError,
  wantedPrivate,
} from "@tillsync/protocol";
import type { Ids, LocalStore, Sql } from "./ports.ts";

/** One life of this database, as the `life` table keeps it; `headSeq` and `headHash` are read from the journal. */
export interface Life {
  readonly ordinal: number;
  readonly incarnation: string;
  readonly durableThrough: number;
  readonly durableHash: string;
  /** Up to here a verified backup of the centre has it, as the centre said last. */
  readonly backedUpThrough: number;
  readonly headSeq: number;
  readonly headHash: string;
  /** 1 once the centre has said how it has this life (`000009.sql`). */
  readonly compared: number;
  /** What is behind the last row up to here comes back from the centre. */
  readonly returnsTo: number;
  /** Why it began, in words. */
  readonly reason: string;
  /** The business date of its first change; null while it has none. */
  readonly beganOn: string | null;
}

/** A journal row as it is read back. */
export interface JournalRow {
  readonly position: number;
  readonly hash: string;
  readonly kind: Kind;
  readonly localId: string;
  readonly version: number;
  readonly businessDate: string;
  readonly body: string;
  readonly private: string | null;
  readonly origin: string | null;
  /** What is left of `body` and `private` when they were given up (`000010.sql`); null while they are here. */
  readonly retired: string | null;
}

/** What the journal needs to write a change; the rest (id, seq, hash) is its own business. */
export interface ChangeDraft<K extends Kind = Kind> {
  readonly kind: K;
  readonly localId: string;
  readonly version: number;
  readonly shiftId: string | undefined;
  readonly businessDate: string;
  readonly occurredAt: string;
  readonly payload: PayloadOf<K>;
  readonly receiptSequence?: number;
  readonly private?: Readonly<Record<string, string>> | undefined;
}

export interface Head {
  readonly ordinal: number;
  readonly incarnation: string;
  readonly seq: number;
  readonly hash: string;
}

export interface Appended {
  readonly head: Head;
  readonly changeId: string;
}

/** Lives are numbered from 1 and no life reaches 2^40 changes: 35 years of a thousand sales a second. */
const LIFE_SPAN = 2 ** 40;

/** Row order is journal order: see `000001.sql`. */
export function positionOf(ordinal: number, seq: number): number {
  return ordinal * LIFE_SPAN + seq;
}

export function seqOf(position: number): number {
  return position % LIFE_SPAN;
}

export function ordinalOf(position: number): number {
  return Math.floor(position / LIFE_SPAN);
}

const COLUMNS = `position, lower(hex(hash)) AS hash, kind, local_id AS localId, version, business_date AS businessDate, body,
  private, origin, retired`;

/** The hash-chained list of changes: the truth on the till. */
export class Journal {
  readonly terminal: string;
  readonly #store: LocalStore;
  readonly #ids: Ids;
  readonly #sha256: Sha256;

  constructor(terminal: string, ports: { store: LocalStore; ids: Ids; sha256: Sha256 }) {
    this.terminal = terminal;
    this.#store = ports.store;
    this.#ids = ports.ids;
    this.#sha256 = ports.sha256;
  }

  /**
   * Writes the next change of the chain inside the caller's transaction.
   *
   * @throws SyncError INVALID_INPUT naming the field; TOTALS_MISMATCH; TOO_LARGE when the change is over `LIMITS.maxChangeBytes`
   */
  append<K extends Kind>(tx: Sql, head: Head, draft: ChangeDraft<K>): Appended {
    const { receiptSequence, private: fields, payload, ...envelope } = draft;
    const parsed = parseAs<unknown>(PAYLOADS[draft.kind], payload);
    if (draft.kind === "order.closed") checkTotals(parsed as PayloadOf<"order.closed">);
    const secret = fields && Object.keys(fields).length > 0 ? privateText(fields, this.#ids.hex(32)) : null;
    const changeId = this.#ids.next();
    const hashOfSecret = secret === null ? undefined : privateHash(this.#sha256, secret);
    const body = canonicalText({ ...envelope, changeId, payload, private: hashOfSecret });
    refuseLarge(body, secret);
    const place = { terminal: this.terminal, incarnation: head.incarnation, seq: head.seq + 1, prevHash: head.hash };
    const hash = linkHash(this.#sha256, { ...place, body });
    tx.run(
      `INSERT INTO journal (position, hash, kind, local_id, version, business_date, receipt_sequence, body, private)
       VALUES (?, unhex(?), ?, ?, ?, ?, ?, ?, ?)`,
      positionOf(head.ordinal, place.seq),
      hash,
      draft.kind,
      draft.localId,
      draft.version,
      draft.businessDate,
      receiptSequence ?? null,
      body,
      secret,
    );
    return { head: { ...head, seq: place.seq, hash }, changeId };
  }

  /** All lives, oldest first. */
  lives(): Life[] {
    const rows = this.#store.read.all<Omit<Life, "headSeq" | "headHash">>(
      `SELECT ordinal, incarnation, durable_through AS durableThrough, lower(hex(durable_hash)) AS durableHash,
         backed_up_through AS backedUpThrough, compared, returns_to AS returnsTo, reason,
         (SELECT business_date FROM journal WHERE position = ordinal * ${positionOf(1, 0)} + 1) AS beganOn
       FROM life ORDER BY ordinal`,
    );
    return rows.map((life) => {
      const last = this.#store.read.get<{ position: number; hash: string }>(
        "SELECT position, lower(hex(hash)) AS hash FROM journal WHERE position >= ? AND position < ? ORDER BY position DESC LIMIT 1",
        positionOf(life.ordinal, 0),
        positionOf(life.ordinal + 1, 0),
      );
      return { ...life, headSeq: last ? seqOf(last.position) : 0, headHash: last?.hash ?? CHAIN_START };
    });
  }

  row(ordinal: number, seq: number): JournalRow | undefined {
    return this.#store.read.get<JournalRow>(
      `SELECT ${COLUMNS} FROM journal WHERE position = ?`,
      positionOf(ordinal, seq),
    );
  }

  /** The hash at a place of a life's chain; `CHAIN_START` before its first change. */
  hashAt(ordinal: number, seq: number): string | undefined {
    if (seq === 0) return CHAIN_START;
    return this.row(ordinal, seq)?.hash;
  }

  /** Changes of a life from `fromSeq` on, at most `limit`. */
  range(ordinal: number, fromSeq: number, limit: number): JournalRow[] {
    return this.#store.read.all<JournalRow>(
      `SELECT ${COLUMNS} FROM journal WHERE position >= ? AND position < ? ORDER BY position LIMIT ?`,
      positionOf(ordinal, fromSeq),
      positionOf(ordinal + 1, 0),
      limit,
    );
  }

  /** Positions that hold a change, `first` to `last`, at most `limit`; the rows themselves are not read. */
  positions(first: number, last: number, limit: number): number[] {
    const sql = "SELECT position FROM journal WHERE position >= ? AND position <= ? ORDER BY position LIMIT ?";
    return this.#store.read.all<{ position: number }>(sql, first, last, limit).map(({ position }) => position);
  }

  /** Every change of one entity, oldest first. */
  ofEntity(localId: string): JournalRow[] {
    return this.#store.read.all<JournalRow>(
      `SELECT ${COLUMNS} FROM journal WHERE local_id = ? ORDER BY position`,
      localId,
    );
  }

  ofReceipt(businessDate: string, sequence: number): JournalRow[] {
    return this.#store.read.all<JournalRow>(
      `SELECT ${COLUMNS} FROM journal WHERE business_date = ? AND receipt_sequence = ? ORDER BY position`,
      businessDate,
      sequence,
    );
  }

  /**
   * The highest receipt sequence of a life on a day: counters are read from what was issued, never kept beside it. Numbers
   * that only the centre knows of count as issued; those of changes that came from an earlier life are that one's.
   */
  lastReceipt(ordinal: number, businessDate: string): number {
    const row = this.#store.read.get<{ sequence: number | null }>(
      `SELECT max(receipt_sequence) AS sequence FROM journal
       WHERE business_date = ? AND receipt_sequence IS NOT NULL AND position >= ? AND position < ? AND origin IS NULL`,
      businessDate,
      positionOf(ordinal, 0),
      positionOf(ordinal + 1, 0),
    );
    const floor = this.#store.read.get<{ sequence: number | null }>(
      "SELECT max(to_sequence) AS sequence FROM receipt_floor WHERE ordinal = ? AND business_date = ?",
      ordinal,
      businessDate,
    );
    return Math.max(row?.sequence ?? 0, floor?.sequence ?? 0);
  }

  /** Receipts of a day in a stretch of a life, by the life that printed them: how many, the first and the last. */
  receiptsWithin(ordinal: number, businessDate: string, fromSeq: number, toSeq: number) {
    return this.#store.read.all<{ printedIn: string | null; count: number; first: number; last: number }>(
      `SELECT origin ->> 'incarnation' AS printedIn, count(*) AS count, min(receipt_sequence) AS first,
         max(receipt_sequence) AS last FROM journal
       WHERE business_date = ? AND receipt_sequence IS NOT NULL AND position BETWEEN ? AND ?
       GROUP BY printedIn ORDER BY min(position)`,
      businessDate,
      positionOf(ordinal, fromSeq),
      positionOf(ordinal, toSeq),
    );
  }

  /** Closed orders, transactions and stock movements of all lives, counted in an index each: the rows are not read. */
  totals(): { orders: number; transactions: number; inventory: number } {
    const count = (sql: string) => this.#store.read.get<{ count: number }>(sql)?.count ?? 0;
    return {
      orders: count(
        "SELECT count(*) AS count FROM journal INDEXED BY journal_receipt WHERE receipt_sequence IS NOT NULL",
      ),
      transactions: count(
        "SELECT count(*) AS count FROM journal INDEXED BY journal_transaction WHERE kind = 'transaction.recorded'",
      ),
      inventory: count(
        "SELECT count(*) AS count FROM journal INDEXED BY journal_inventory WHERE kind = 'inventory.updated'",
      ),
    };
  }

  /** How many changes of each kind a life has with `afterSeq < seq <= toSeq`. */
  kinds(ordinal: number, afterSeq: number, toSeq: number): { kind: Kind; count: number }[] {
    return this.#store.read.all<{ kind: Kind; count: number }>(
      "SELECT kind, count(*) AS count FROM journal WHERE position > ? AND position <= ? GROUP BY kind",
      positionOf(ordinal, afterSeq),
      positionOf(ordinal, toSeq),
    );
  }

  /** How the private part kept with a row stands to its bytes. */
  privatePart({ body, private: secret }: Pick<JournalRow, "body" | "private">): PrivatePart {
    return privatePart(this.#sha256, wantedPrivate(body), secret);
  }

  /** Whether a row's bytes still give its hash. */
  intact(incarnation: string, row: JournalRow, prevHash: string): boolean {
    const origin = row.origin === null ? undefined : (JSON.parse(row.origin) as Origin);
    const place = { terminal: this.terminal, incarnation, seq: seqOf(row.position), prevHash, origin };
    return linkHash(this.#sha256, { ...place, body: row.body }) === row.hash;
  }
}

function refuseLarge(body: string, secret: string | null): void {
  check("change", body, LIMITS.maxChangeBytes);
  if (secret !== null) check("private", secret, LIMITS.maxPrivateBytes);
}

function check(field: string, text: string, limit: number): void {
  if (text.length * 3 <= limit) return;
  const bytes = new TextEncoder().encode(text).length;
  if (bytes <= limit) return;
  const expected = `at most ${limit} bytes`;
  throw new SyncError("TOO_LARGE", `The ${field} has ${bytes} bytes; ${expected} are possible. Split it.`, {
    field,
    expected,
    got: String(bytes),
  });
}
