import { existsSync } from "node:fs";
import { ordinalOf, seqOf, sha256 } from "@tillsync/engine";
import { type JournalReader, readOnly, retiredColumn } from "@tillsync/engine/sqlite";
import { CHAIN_START, ERASED, linkHash, type Origin, SyncError } from "@tillsync/protocol";
import type { LogEntry } from "../poslog/write-entry.ts";
import { type Body, entryOf } from "./entry-of.ts";

/** Which documents of a till are wanted. Dates are business dates, both included. */
export interface Wanted {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  /** With names, phones and other personal data, which is the default: without them it is not the same document. */
  readonly personal?: boolean | undefined;
}

/** What a till's journal holds that an export does not, and why. */
export interface NotExported {
  readonly what: string;
  readonly count: number;
}

export interface ExportJournal {
  readonly shortId: string;
  readonly store: string;
  /** Changes there are to read; what the till records from now on is not among them. */
  readonly changes: number;
  /** Every document, in the order in which it was recorded. */
  entries(wanted: Wanted): Generator<LogEntry>;
  /** Of what was read so far. */
  notExported(): NotExported[];
  /** Changes that could not be trusted: their bytes do not give their hash. */
  readonly damaged: number;
  /** Documents whose private part was exported: the file outlives its erasure at the till. */
  readonly personal: number;
  close(): void;
}

/** Rows read at a time. */
const PAGE = 500;

interface Row {
  readonly position: number;
  readonly hash: string;
  readonly kind: string;
  readonly localId: string;
  readonly businessDate: string;
  readonly body: string;
  readonly private: string | null;
  readonly origin: string | null;
  readonly retired: string | null;
  /** It was recorded in an earlier life of this database, and is sent again in this one. */
  readonly again: number;
}

/** `:` columns of a page, with the rows that repeat an earlier one marked. */
const rowsOf = (
  retired: string,
) => `SELECT position, lower(hex(hash)) AS hash, kind, local_id AS localId, business_date AS businessDate, body,
  private, origin, ${retired}, origin IS NOT NULL AND EXISTS (SELECT 1 FROM journal e
    WHERE e.local_id = j.local_id AND e.version = j.version AND e.kind = j.kind AND e.position < j.position) AS again
  FROM journal j WHERE position > ? AND position <= ? ORDER BY position LIMIT ${PAGE}`;

/** Kinds that are no documents of their own, and what they are. */
const NO_DOCUMENT: Readonly<Record<string, string>> = {
  "order.edited": "edits of orders before payment; a closed order holds their result",
  "order.voided": "open orders that were given up before payment",
  "order.deleted": "open orders that were deleted",
  "customer.edited": "edits of customers; head office's list of customers holds their result",
  "terminal.reborn": "new lives of the till's database",
};

/**
 * A till's journal as documents, read beside its running process: nothing is written, no lock is taken.
 *
 * @throws SyncError NOT_FOUND when there is no such database
 */
export function openExport(file: string): ExportJournal {
  if (!existsSync(file))
    throw new SyncError("NOT_FOUND", `There is no till's database at ${file}; has the till been started once?`, {
      file,
    });
  const db = readOnly(file);
  const [identity] = db.all<Identity>("SELECT terminal, short_id AS shortId, store FROM identity");
  if (identity === undefined) throw new SyncError("NOT_FOUND", `${file} is not a till's database.`, { file });
  return new JournalOnDisk(db, identity);
}

interface Identity {
  readonly terminal: string;
  readonly shortId: string;
  readonly store: string;
}

class JournalOnDisk implements ExportJournal {
  readonly shortId: string;
  readonly store: string;
  readonly changes: number;
  damaged = 0;
  personal = 0;
  readonly #db: JournalReader;
  readonly #terminal: string;
  readonly #last: number;
  readonly #incarnations: ReadonlyMap<number, string>;
  readonly #notExported = new Map<string, number>();

  constructor(db: JournalReader, { terminal, shortId, store }: Identity) {
    this.#db = db;
    this.#terminal = terminal;
    this.shortId = shortId;
    this.store = store;
    const [end] = db.all<{ last: number; changes: number }>(
      "SELECT coalesce(max(position), 0) AS last, count(*) AS changes FROM journal",
    );
    this.#last = end?.last ?? 0;
    this.changes = end?.changes ?? 0;
    const lives = db.all<{ ordinal: number; incarnation: string }>("SELECT ordinal, incarnation FROM life");
    this.#incarnations = new Map(lives.map(({ ordinal, incarnation }) => [ordinal, incarnation]));
  }

  *entries({ since = "", until = "9999-12-31", personal = true }: Wanted): Generator<LogEntry> {
    // Numbered by date and counted over all documents of it, so that a number does not depend on what is wanted.
    const numbers = new Map<string, number>();
    for (const row of this.#rows()) {
      const { businessDate } = row;
      if (businessDate < since || businessDate > until) continue;
      const entry = entryOf(row.kind, JSON.parse(row.body) as Body, this.#personalOf(row, personal));
      if (entry === undefined) {
        this.#count(NO_DOCUMENT[row.kind] ?? `changes of kind ${row.kind}`);
        continue;
      }
      if (entry.openedAt !== undefined) this.#count("times at which an order was opened");
      const sequence = (numbers.get(businessDate) ?? 0) + 1;
      numbers.set(businessDate, sequence);
      const { shortId: terminal, store } = this;
      yield { entry: { ...entry.entry, terminal }, store, terminal, sequence };
    }
  }

  notExported(): NotExported[] {
    const [open] = this.#db.all<{ count: number }>(
      "SELECT count(*) AS count FROM open_order WHERE EXISTS (SELECT 1 FROM journal WHERE journal.local_id = open_order.local_id)",
    );
    const found = [...this.#notExported].map(([what, count]) => ({ what, count }));
    return open === undefined || open.count === 0
      ? found
      : [...found, { what: "orders that are still open", count: open.count }];
  }

  close(): void {
    this.#db.close();
  }

  /** Rows whose bytes give their hash, less those that an earlier life recorded already. */
  *#rows(): Generator<Row> {
    const sql = rowsOf(retiredColumn(this.#db));
    let prevHash = CHAIN_START;
    let ordinal = 0;
    for (let after = 0; ; ) {
      const rows = this.#db.all<Row>(sql, after, this.#last);
      if (rows.length === 0) return;
      for (const row of rows) {
        if (ordinalOf(row.position) !== ordinal) prevHash = CHAIN_START;
        ordinal = ordinalOf(row.position);
        const isIntact = this.#isIntact(row, ordinal, prevHash);
        prevHash = row.hash;
        after = row.position;
        if (row.retired !== null) this.#count("old changes whose content only head office has now");
        else if (!isIntact) {
          this.damaged += 1;
          this.#count("changes whose bytes do not give their hash; tillsync verify says which");
        } else if (row.again === 0) yield row;
      }
    }
  }

  #isIntact({ position, hash, body, origin }: Row, ordinal: number, prevHash: string): boolean {
    const place = {
      terminal: this.#terminal,
      incarnation: this.#incarnations.get(ordinal) ?? "",
      seq: seqOf(position),
    };
    const from = origin === null ? undefined : (JSON.parse(origin) as Origin);
    return linkHash(sha256, { ...place, origin: from, body, prevHash }) === hash;
  }

  #personalOf(row: Row, wanted: boolean): Readonly<Record<string, string>> | undefined {
    if (row.private === null || row.private === ERASED) return undefined;
    if (!wanted) {
      this.#count("private parts (names, phones)");
      return undefined;
    }
    this.personal += 1;
    return (JSON.parse(row.private) as { fields: Record<string, string> }).fields;
  }

  #count(what: string): void {
    this.#notExported.set(what, (this.#notExported.get(what) ?? 0) + 1);
  }
}
