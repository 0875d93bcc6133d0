import type { Attempt } from "./attempt.ts";
import { sendingLife } from "./central.ts";
import { type Life, positionOf, seqOf } from "./journal.ts";
import type { LocalStore, Sql } from "./ports.ts";

/** How much of its past a till keeps. */
export interface Retention {
  /** Attempts, the newest; default 1,000. */
  readonly attempts?: number;
  /** Days; default 30. */
  readonly days?: number;
  /** Days that a change's bytes stay on the till at least, once the centre has them in a backup; default 30. */
  readonly journalDays?: number;
  /** How often the journal is looked through for bytes that may go, milliseconds; default an hour. */
  readonly lookEveryMs?: number;
}

export const KEPT_ATTEMPTS = 1_000;
export const KEPT_DAYS = 30;

const DAY_MS = 24 * 60 * 60_000;
/** Attempts that wait for a transaction to be written with; more are waiting only while the disk takes nothing. */
const MAX_UNWRITTEN = 100;
/** Old rows looked at with each new one: enough to get ahead of what comes, and the cost stays the same. */
const PRUNED_AT_ONCE = 20;

/** An attempt with its place in the history, and where in the journal what it carried begins. */
export type NumberedAttempt = Attempt & { readonly id: number; readonly position: number };

/**
 * The attempts of this till's lanes. They are written in transactions that the loop needs anyway: the history costs no
 * flush of its own, and an idle till still writes nothing.
 */
export class AttemptLog {
  readonly #store: LocalStore;
  readonly #retention: Required<Pick<Retention, "attempts" | "days">>;
  #unwritten: NumberedAttempt[] = [];
  #lastId: number;

  constructor(store: LocalStore, { attempts = KEPT_ATTEMPTS, days = KEPT_DAYS }: Retention = {}) {
    this.#store = store;
    this.#retention = { attempts, days };
    this.#lastId = store.read.get<{ id: number | null }>("SELECT max(id) AS id FROM attempt")?.id ?? 0;
  }

  /** Takes an attempt in, to be written with the next transaction of the loop. A success that carried nothing is not kept. */
  note(attempt: Attempt, lives: readonly Life[]): void {
    if (attempt.outcome === "ok" && attempt.changes === 0) return;
    const position = positionOf(lifeOf(attempt, lives).ordinal, attempt.fromSeq);
    this.#unwritten.push({ ...attempt, id: ++this.#lastId, position });
    if (this.#unwritten.length > MAX_UNWRITTEN) this.#unwritten.shift();
  }

  /** Inside a transaction; `written` has to follow its commit. */
  write(tx: Sql): void {
    for (const attempt of this.#unwritten) insert(tx, attempt);
    const newest = this.#unwritten.at(-1);
    if (newest === undefined) return;
    tx.run("DELETE FROM attempt WHERE id <= ?", newest.id - this.#retention.attempts);
    const tooOld = newest.startedAtMs - this.#retention.days * DAY_MS;
    tx.run(
      "DELETE FROM attempt WHERE id IN (SELECT id FROM attempt ORDER BY id LIMIT ?) AND started_at < ?",
      PRUNED_AT_ONCE,
      tooOld,
    );
  }

  written(): void {
    this.#unwritten = [];
  }

  /** Writes what is left when the terminal closes. What is told of the past must not keep it from closing. */
  end(): void {
    if (this.#unwritten.length === 0) return;
    try {
      this.#store.transaction((tx) => this.write(tx));
    } catch {
      // The last attempts are missing in the history; the log has them.
    }
  }

  /** Newest first: those with a smaller id than `before`, at most `limit`. */
  list(before: number, limit: number): NumberedAttempt[] {
    const fresh = this.#unwritten.filter(({ id }) => id < before).reverse();
    const sql = `SELECT ${COLUMNS} FROM attempt WHERE id < ? ORDER BY id DESC LIMIT ?`;
    const oldestFresh = fresh.at(-1)?.id ?? before;
    return [...fresh, ...this.#store.read.all<Row>(sql, oldestFresh, limit).map(attemptOf)].slice(0, limit);
  }

  /** The attempts by which changes became durable, newest first; all that are kept. */
  deliveries(): NumberedAttempt[] {
    const sql = `SELECT ${COLUMNS} FROM attempt WHERE sent > 0 ORDER BY id DESC`;
    const fresh = this.#unwritten.filter(({ sent }) => sent > 0).reverse();
    return [...fresh, ...this.#store.read.all<Row>(sql).map(attemptOf)];
  }
}

/** The life that an attempt carried changes of, told before its mark was written down or after. */
function lifeOf({ fromSeq, sent }: Attempt, lives: readonly Life[]): Life {
  return lives.findLast(({ durableThrough }) => durableThrough === fromSeq - 1 + sent) ?? sendingLife(lives);
}

type Row = Omit<NumberedAttempt, "shouldRetry" | "fromSeq"> & { readonly shouldRetry: number };

const COLUMNS = `id, lane, correlation_id AS correlationId, attempt_number AS attemptNumber, started_at AS startedAtMs,
  duration_ms AS durationMs, outcome, code, message, should_retry AS shouldRetry, position, changes, sent`;

function attemptOf(row: Row): NumberedAttempt {
  return { ...row, shouldRetry: row.shouldRetry === 1, fromSeq: seqOf(row.position) };
}

/** Again after a commit of which nobody knows whether it is there: then it is there once. */
function insert(tx: Sql, attempt: NumberedAttempt): void {
  tx.run(
    `INSERT OR IGNORE INTO attempt (id, lane, correlation_id, attempt_number, started_at, duration_ms, outcome, code,
       message, should_retry, position, changes, sent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    attempt.id,
    attempt.lane,
    attempt.correlationId,
    attempt.attemptNumber,
    Math.round(attempt.startedAtMs),
    Math.round(attempt.durationMs),
    attempt.outcome,
    attempt.code,
    attempt.message,
    attempt.shouldRetry ? 1 : 0,
    attempt.position,
    attempt.changes,
    attempt.sent,
  );
}
