import type { ChainPlace, ExchangeRequest, ExchangeResponse } from "@tillsync/protocol";
import type { Life } from "../journal.ts";
import type { Sql } from "../ports.ts";
import { type Birth, branch, writeLife } from "./branch.ts";
import { findingOf, questionOf, type Range, wholeOf } from "./question.ts";

/** Contradictions in a row that are looked into at once; past that they count as failures and are waited out. */
const MAX_DOUBTS = 3;

/** A question about a life, on its way. */
export interface Question {
  readonly life: Life;
  readonly range: Range;
  readonly request: ExchangeRequest;
}

export interface LineageOptions extends Birth {
  readonly lives: () => readonly Life[];
  /** Runs a transaction on the till's database. */
  readonly commit: (fn: (tx: Sql) => void) => void;
}

/**
 * How this till's history and the centre's belong together. Where they contradict each other, the database was copied, put
 * back or lost. One contradiction is not believed, since an answer may be altered on its way: the centre is asked how it has
 * the life, until the last place is known at which both agree. The life ends there, and the till goes on in a new one.
 *
 * Lives that ended without the centre are asked about as well, before anything is sent: it may have more of them.
 */
export class Lineage {
  readonly #options: LineageOptions;
  #open: { readonly incarnation: string; readonly range: Range } | undefined;
  #doubts = 0;

  constructor(options: LineageOptions) {
    this.#options = options;
  }

  /** What the centre says of a life contradicts the till. @returns whether it is asked at once */
  doubt({ incarnation, ...life }: Life): boolean {
    this.#doubts++;
    this.#open = { incarnation, range: wholeOf({ incarnation, ...life }) };
    return this.#doubts <= MAX_DOUBTS;
  }

  /** Whether there is something to ask before anything is sent. */
  get isAsking(): boolean {
    return this.#asked() !== undefined;
  }

  /** An ordinary answer fitted. */
  agreed(): void {
    this.#doubts = 0;
  }

  question(cursor: string | null): Question | undefined {
    const asked = this.#asked();
    if (asked === undefined) return undefined;
    const { life, range } = asked;
    return { life, range, request: questionOf(this.#options.journal, life, range, cursor) };
  }

  #asked(): { life: Life; range: Range } | undefined {
    const lives = this.#options.lives();
    const doubted = lives.find(({ incarnation }) => incarnation === this.#open?.incarnation);
    if (this.#open && doubted) return { life: doubted, range: this.#open.range };
    const ended = lives.slice(0, -1).find(({ compared }) => compared === 0);
    return ended && { life: ended, range: wholeOf(ended) };
  }

  /** @throws SyncError NOT_AN_ANSWER: the next ordinary answer tells whether there is still something to ask */
  heard({ life: then, range, request }: Question, answer: ExchangeResponse): void {
    const { journal, lives, commit } = this.#options;
    const life = lives().find(({ ordinal }) => ordinal === then.ordinal) ?? then;
    const { compare: asked = [] } = request;
    this.#open = undefined;
    const finding = findingOf(journal, life, { range, asked }, answer);
    this.#open = finding.what === "narrower" ? { incarnation: life.incarnation, range: finding.range } : undefined;
    if (finding.what === "narrower") return;
    const isPresent = life.ordinal === lives().at(-1)?.ordinal;
    if (finding.what === "agreed") commit((tx) => believe(tx, life, answer, { isPresent, returnsTo: 0 }));
    else if (!isPresent && finding.at.seq === life.headSeq) {
      const at = { durableThrough: finding.at.seq, chainHash: finding.at.hash };
      commit((tx) => believe(tx, life, at, { isPresent, returnsTo: answer.durableThrough }));
    } else this.#branch(life, finding.at, answer.durableThrough);
  }

  #branch(life: Life, at: ChainPlace, through: number): void {
    const { lives, commit } = this.#options;
    const parent = { incarnation: life.incarnation, ...at, reason: reasonOf(life, at, through) };
    commit((tx) => branch(tx, this.#options, lives(), { life, at, through, parent }));
  }

  /**
   * A database without a past, whose terminal has one: everything was lost, the witness as well. The last life that the
   * centre knows comes back as one before the first, and a new one begins that does not print its numbers again.
   *
   * @param life as the answer leaves it
   */
  remember(tx: Sql, life: Life, { comparison, durableThrough, chainHash }: ExchangeResponse): void {
    if (comparison === undefined) return;
    tx.run("UPDATE life SET compared = 1 WHERE ordinal = ?", life.ordinal);
    const { other } = comparison;
    const { lives } = this.#options;
    if (other === null || lives().length > 1) return;
    const reason = "the database and the witness were lost, and head office knows this terminal";
    const before = { ordinal: life.ordinal - 1, incarnation: other.incarnation };
    writeLife(tx, { ...before, reason });
    const sql = "UPDATE life SET compared = 1, returns_to = ? WHERE ordinal = ?";
    tx.run(sql, other.durableThrough, before.ordinal);
    const parent = { incarnation: other.incarnation, seq: other.durableThrough, hash: other.chainHash, reason };
    const at = { seq: durableThrough, hash: chainHash };
    branch(tx, this.#options, lives(), { life, at, through: durableThrough, parent });
  }
}

function reasonOf({ headSeq }: Life, { seq }: ChainPlace, through: number): string {
  return seq === headSeq
    ? `head office has ${through} changes of the life, this database ${headSeq}: it was put back to an older copy`
    : `head office has another history behind change ${seq}: this database was copied, or put back to an older copy`;
}

function believe(
  tx: Sql,
  { ordinal }: Life,
  { durableThrough, chainHash }: { durableThrough: number; chainHash: string },
  { isPresent, returnsTo }: { isPresent: boolean; returnsTo: number },
): void {
  tx.run(
    `UPDATE life SET durable_through = ?, durable_hash = unhex(?)${isPresent ? "" : ", compared = 1"}, returns_to = ?
     WHERE ordinal = ?`,
    durableThrough,
    chainHash,
    returnsTo,
    ordinal,
  );
}
