import { type FeedEntry, LIMITS, type Missing, type Settlement, type Sha256 } from "@tillsync/protocol";
import { type Journal, type Life, ordinalOf, positionOf, seqOf } from "./journal.ts";
import { intactRow, lackOf, lookAtOwn, type OwnRows } from "./own-rows.ts";
import type { LocalStore, Sql } from "./ports.ts";

/** Where a shift is on its way to being the same on both sides; for lists of shifts. */
export interface ShiftSettlement {
  /** `open`: not closed; `waiting`: closed, and the centre has not compared it yet; then as the centre judged. */
  readonly state: "open" | "waiting" | Settlement["state"];
  /** When the judgement came. */
  readonly at: string | null;
  /** Changes that people have to look at. */
  readonly exceptions: number;
  /** Rows that one side lacks and the other is asked for. */
  readonly differences: number;
}

/** What the next exchange asks for because of shifts that are not settled, and how soon it should go. */
export interface Asking {
  readonly need: readonly Missing[];
  readonly lacks: readonly Missing[];
  /** Null when nothing is waited for. */
  readonly soonMs: number | null;
}

const UNFINISHED = "(own IS NULL OR lacks > 0 OR state = 'different')";
/** Judged shifts that are looked after at a time. */
const MAX_UNFINISHED = 20;
const FIRST_WAIT_MS = 1_000;

interface Row {
  readonly position: number;
  readonly state: Settlement["state"];
  readonly judgement: string;
  readonly judgedAt: number;
  readonly own: string | null;
  readonly doubted: string;
}

const COLUMNS = "position, state, judgement, judged_at AS judgedAt, own, doubted";

/** Keeps a judgement that came with the feed, in the transaction that applies the effects before it. */
export function applySettlement(tx: Sql, life: Life, entry: FeedEntry, wallMs: number): void {
  if (entry.settlement === undefined) return;
  tx.run(
    `INSERT INTO settlement (position, state, judgement, judged_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (position) DO UPDATE SET state = excluded.state, judgement = excluded.judgement,
       judged_at = excluded.judged_at, own = CASE WHEN lacks = 0 THEN own END`,
    positionOf(life.ordinal, entry.toSeq),
    entry.settlement.state,
    JSON.stringify(entry.settlement),
    Math.round(wallMs),
  );
}

export interface SettlementsOptions {
  readonly store: LocalStore;
  readonly sha256: Sha256;
  /** Lives as of the last commit. */
  readonly lives: () => readonly Life[];
  /** Runs a transaction of the loop's own on the till's database. */
  readonly commit: (fn: (tx: Sql) => void) => void;
}

/**
 * The till's side of settlement: waits for judgements of closed shifts, looks at its own rows of each judged shift, once,
 * and asks for what it has lost.
 */
export class Settlements {
  readonly #journal: Journal;
  readonly #options: SettlementsOptions;
  /** Closed shifts without a judgement, by localId: the place of their closing. */
  #waiting: Map<string, number>;
  #waits = 0;
  /** What was waited for when the wait began: news begin it anew. */
  #waitedFor = "";

  constructor(journal: Journal, options: SettlementsOptions) {
    this.#journal = journal;
    this.#options = options;
    this.#waiting = this.#readWaiting();
  }

  /** A shift was closed. */
  closed(localId: string): void {
    const position = this.#closingOf(localId);
    if (position !== undefined) this.#waiting.set(localId, position);
  }

  /** Closings stand elsewhere than before, or came back. */
  reread(): void {
    this.#waiting = this.#readWaiting();
  }

  /** After an answer was written down, and at a start. */
  next(): Asking {
    for (const { position } of this.#unfinished("own IS NULL")) this.#look(position);
    const need: Missing[] = [];
    const lacks: Missing[] = [];
    for (const row of this.#unfinished(UNFINISHED)) {
      const life = this.#life(row.position);
      if (life === undefined) continue;
      const { incarnation } = life;
      const needed = judgementOf(row).need;
      for (const seq of needed) need.push({ incarnation, seq });
      // What went bad here since it was looked at cannot be sent either: that has to be said, or the centre waits for ever.
      // Of a row behind one that is lost nothing can be told until that one is back.
      const own = unexplained(row);
      const gone = needed.filter((seq) => !own.includes(seq - 1) && !this.#isWhole(life, seq));
      const lost = new Set([...own, ...gone]);
      for (const seq of lost) lacks.push(lackOf(this.#journal, life, seq));
    }
    this.#dropJudged();
    const waited = [...this.#waiting.values()].filter(
      (position) => this.#isDurable(position) && !this.#isException(position),
    );
    const soonMs = this.#soonMs(JSON.stringify([waited, need, lacks]), waited.length + need.length + lacks.length);
    return { need: need.slice(0, LIMITS.maxRepairs), lacks: lacks.slice(0, LIMITS.maxRepairs), soonMs };
  }

  of(localId: string): ShiftSettlement {
    const position = this.#closingOf(localId);
    const row = position === undefined ? undefined : this.#row(position);
    const unread = position !== undefined && this.#isException(position);
    const none = { at: null, exceptions: unread ? 1 : 0, differences: 0 };
    if (row === undefined) return { ...none, state: position === undefined ? "open" : "waiting" };
    // The centre has spoken; this till has yet to look at its own rows.
    if (row.own === null) return { ...none, state: "waiting" };
    const { exceptionCount, needCount } = judgementOf(row);
    const lacking = unexplained(row).length;
    return {
      state: lacking > 0 ? "different" : row.state,
      at: new Date(row.judgedAt).toISOString(),
      exceptions: exceptionCount,
      differences: needCount + lacking,
    };
  }

  /** First soon, then ever later: whatever is waited for, nothing is asked in a hurry for ever. */
  #soonMs(waitedFor: string, count: number): number | null {
    if (count === 0) return null;
    this.#waits = waitedFor === this.#waitedFor ? this.#waits + 1 : 0;
    this.#waitedFor = waitedFor;
    return FIRST_WAIT_MS * 2 ** Math.min(this.#waits, 20);
  }

  #look(position: number): void {
    const row = this.#row(position);
    const life = this.#life(position);
    if (row === undefined || life === undefined) return;
    const { openSeq } = judgementOf(row);
    const { sha256, commit } = this.#options;
    const found =
      this.#asRetired(row) ??
      lookAtOwn({ journal: this.#journal, sha256, commit }, life, { openSeq, seq: seqOf(position) });
    const doubted = (JSON.parse(row.doubted) as number[]).filter((seq) => !found.lacks.includes(seq));
    const own = JSON.stringify({ ...found, lacks: [...found.lacks, ...doubted] } satisfies OwnRows);
    const lacks = unexplained({ ...row, own }).length;
    commit((tx) => tx.run("UPDATE settlement SET own = ?, lacks = ? WHERE position = ?", own, lacks, position));
  }

  /**
   * A shift whose changes were retired was the same on both sides before. Judged anew, because the centre was put back, it
   * counts as the centre has it: this till has nothing left to add up.
   */
  #asRetired(row: Row): OwnRows | undefined {
    const { openSeq, counts, totals } = judgementOf(row);
    const sql = "SELECT 1 FROM journal WHERE position BETWEEN ? AND ? AND retired IS NOT NULL LIMIT 1";
    const first = positionOf(ordinalOf(row.position), openSeq);
    if (this.#options.store.read.get(sql, first, row.position) === undefined) return undefined;
    return { counts, totals, lacks: [] };
  }

  #isWhole(life: Life, seq: number): boolean {
    const row = intactRow(this.#journal, life, seq);
    return row !== undefined && this.#journal.privatePart(row) !== "lost";
  }

  #dropJudged(): void {
    for (const [localId, position] of this.#waiting) if (this.#row(position)) this.#waiting.delete(localId);
  }

  #isDurable(position: number): boolean {
    return seqOf(position) <= (this.#life(position)?.durableThrough ?? 0);
  }

  /**
   * The centre has the closing and could not take it for one: its bytes are damaged, or its changeId was known. Nobody
   * judges it before that is repaired; until then news of it come at the usual pace.
   */
  #isException(position: number): boolean {
    return this.#options.store.read.get("SELECT 1 FROM exception WHERE position = ?", position) !== undefined;
  }

  #life(position: number): Life | undefined {
    return this.#options.lives().find(({ ordinal }) => ordinal === ordinalOf(position));
  }

  #row(position: number): Row | undefined {
    return this.#options.store.read.get<Row>(`SELECT ${COLUMNS} FROM settlement WHERE position = ?`, position);
  }

  #unfinished(what: string): Row[] {
    const sql = `SELECT ${COLUMNS} FROM settlement WHERE ${UNFINISHED} AND ${what} ORDER BY position LIMIT ${MAX_UNFINISHED}`;
    return this.#options.store.read.all<Row>(sql);
  }

  #closingOf(localId: string): number | undefined {
    return this.#journal.ofEntity(localId).findLast(({ kind }) => kind === "shift.closed")?.position;
  }

  /** Read once at a start; a till has some hundred shifts a year. */
  #readWaiting(): Map<string, number> {
    const rows = this.#options.store.read.all<{ localId: string; position: number }>(
      `SELECT s.local_id AS localId, max(j.position) AS position FROM shift s
       CROSS JOIN journal j ON j.local_id = s.local_id AND j.kind = 'shift.closed'
       WHERE s.closed_at IS NOT NULL GROUP BY s.local_id HAVING max(j.position) NOT IN (SELECT position FROM settlement)`,
    );
    return new Map(rows.map(({ localId, position }) => [localId, position]));
  }
}

function judgementOf({ judgement }: Pick<Row, "judgement">): Settlement {
  return JSON.parse(judgement) as Settlement;
}

/** Rows that this till lacks, but for those of which it is known that nobody has them. */
function unexplained(row: Pick<Row, "judgement" | "own">): readonly number[] {
  if (row.own === null) return [];
  const { lacks } = JSON.parse(row.own) as OwnRows;
  if (lacks.length === 0) return lacks;
  const nobodys = judgementOf(row).exceptions.filter(({ code }) => code === "BODY_DAMAGED" || code === "PRIVATE_LOST");
  const known = new Set(nobodys.map(({ seq }) => seq));
  return lacks.filter((seq) => !known.has(seq));
}
