import { LIMITS, type Missing, runsOf } from "@tillsync/protocol";
import type { Life } from "./journal.ts";
import { lookAtOwn, type OwnJournal } from "./own-rows.ts";
import { recall } from "./retirement/recall.ts";
import type { Asking } from "./settlement.ts";
import type { RowsToRepair } from "./verbs.ts";

/** Exchanges that carry a row which somebody asked for; whoever still wants it then asks again. */
const OFFERS = 3;
/** Rows that are looked at together: with its neighbours a row can be told apart from one that was altered. */
const REACH = 4;

/**
 * Rows that a comparison of both sides found wrong, outside any shift that waits: the next exchanges ask the centre for
 * those that this till lacks, and bring it those that it lacks. Kept in memory: they are the wish of somebody who waits.
 */
export class AskedRows {
  readonly #own: OwnJournal;
  readonly #lives: () => readonly Life[];
  readonly #lacks = new Map<string, Offered>();
  readonly #sends = new Map<string, Offered>();

  constructor(own: OwnJournal, lives: () => readonly Life[]) {
    this.#own = own;
    this.#lives = lives;
  }

  /** Rows of lives that this till does not know are left out. What comes back is taken only where it fits the chain. */
  ask({ lacks, sends }: RowsToRepair): void {
    const known = new Map(this.#lives().map((life) => [life.incarnation, life]));
    for (const [incarnation, rows] of Map.groupBy(lacks, (row) => row.incarnation)) {
      const life = known.get(incarnation);
      // A hash whose bytes are right is put right here, and needs nobody.
      if (life) this.#look(life, rows);
    }
    offer(this.#lacks, lacks, known);
    offer(this.#sends, sends, known);
  }

  /** Has a document's retired changes brought back. @throws SyncError BODY_RETIRED */
  async recall(localId: string, flush: () => Promise<unknown>): Promise<void> {
    const { journal } = this.#own;
    await recall({ journal, lives: this.#lives, ask: (rows) => this.ask(rows), flush }, localId);
  }

  /** What is asked for because of shifts, with these rows before it. */
  beside(asking: Asking): Asking {
    const lacks = taken(this.#lacks);
    const need = taken(this.#sends);
    if (lacks.length === 0 && need.length === 0) return asking;
    return {
      need: [...need, ...asking.need].slice(0, LIMITS.maxRepairs),
      lacks: [...lacks, ...asking.lacks].slice(0, LIMITS.maxRepairs),
      soonMs: 0,
    };
  }

  #look(life: Life, rows: readonly Missing[]): void {
    const seqs = rows.map(({ seq }) => seq).sort((one, other) => one - other);
    for (const { fromSeq, toSeq } of runsOf(seqs, REACH)) {
      lookAtOwn(this.#own, life, { openSeq: fromSeq, seq: toSeq });
    }
  }
}

interface Offered {
  readonly row: Missing;
  offersLeft: number;
}

function offer(list: Map<string, Offered>, rows: readonly Missing[], known: ReadonlyMap<string, Life>): void {
  for (const row of rows) {
    if (known.has(row.incarnation)) list.set(`${row.incarnation}/${row.seq}`, { row, offersLeft: OFFERS });
  }
}

function taken(list: Map<string, Offered>): Missing[] {
  const rows = [...list].slice(0, LIMITS.maxRepairs);
  for (const [key, offered] of rows) if (--offered.offersLeft <= 0) list.delete(key);
  return rows.map(([, { row }]) => row);
}
