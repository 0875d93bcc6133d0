import type { Outcome, Submission } from "@tillsync/server/ingest";
import type { CentreDatabase } from "../centre/database.ts";
import type { StoreTables } from "../centre/tables.ts";
import type { Chronicle } from "../chronicle.ts";
import { submissionKey } from "../foreign/documents.ts";
import { type Moment, StoredIndex } from "./stored-index.ts";

interface Sender {
  readonly storeId: number;
  readonly terminal: string;
}

/** A verdict that left a server: from then on somebody counts on it. */
export interface ForeignTold extends Sender {
  readonly submission: Submission;
  readonly effect: Outcome["effect"];
  readonly code: string | null;
}

/**
 * What devices of somebody else's and head office have sent, and what they were told, written down apart from the centre.
 * I5 for them: a verdict that leaves a server is committed at that very moment.
 */
export class ForeignLedger {
  /** Everybody without a journal. */
  readonly terminals = new Set<string>();
  /** localIds of documents that can be stored and never applied, on purpose. */
  readonly poisoned = new Set<string>();
  readonly #database: CentreDatabase;
  readonly #chronicle: Chronicle;
  readonly #asked = new Map<string, Submission>();
  #told = new Map<string, ForeignTold>();
  readonly #indexes = new Map<StoreTables, StoredIndex>();

  constructor(database: CentreDatabase, chronicle: Chronicle) {
    this.#database = database;
    this.#chronicle = chronicle;
  }

  /** What was ever sent under this key. */
  find(key: string): Submission | undefined {
    return this.#asked.get(key);
  }

  told(storeId: number): ForeignTold[] {
    return [...this.#told.values()].filter((told) => told.storeId === storeId);
  }

  asked(terminal: string, submission: Submission): void {
    this.#asked.set(submissionKey(terminal, submission), submission);
  }

  /** Called when documents reach a server. @returns what is to be called when the answer leaves it */
  arrived(sender: Sender, submissions: readonly Submission[]): (outcomes: readonly Outcome[]) => void {
    const tables = this.#database.store(sender.storeId);
    const index = this.#indexOf(tables);
    const moments = submissions.map((submission) => index.now(submission));
    return (outcomes) => {
      // A restored centre is another one; what its predecessor still answers was forgotten with it.
      if (this.#database.store(sender.storeId) === tables) this.#answered(sender, submissions, outcomes, moments);
    };
  }

  #answered(
    sender: Sender,
    submissions: readonly Submission[],
    outcomes: readonly Outcome[],
    moments: readonly Moment[],
  ): void {
    if (outcomes.length !== submissions.length)
      this.#chronicle.violate(
        "I5",
        `${sender.terminal} sent ${submissions.length} documents and got ${outcomes.length} verdicts`,
      );
    for (const [index, { effect, code }] of outcomes.entries()) {
      const submission = submissions[index];
      if (submission === undefined) continue;
      const told: ForeignTold = { ...sender, submission, effect, code };
      if (effect === "conflict") this.#chronicle.hit(`foreign.conflict-${code}`);
      const wrong = this.wrongOf(told, moments[index]);
      if (wrong !== null) this.#chronicle.violate("I5", wrong);
      this.#told.set(`${submissionKey(sender.terminal, submission)} ${effect} ${code}`, told);
    }
  }

  /** The centre was put back to a backup. A device has no journal: what it was told of since is gone, and nobody can bring it back. */
  restored(): void {
    this.#told = new Map([...this.#told].filter(([, told]) => this.wrongOf(told) === null));
  }

  /**
   * Why what somebody was told is not so; null when it is.
   *
   * @param since nothing of it need be stored when its content stood already; then it must have stood at some time since
   */
  wrongOf({ storeId, terminal, submission, effect, code }: ForeignTold, since?: Moment): string | null {
    const { kind, localId, version } = submission;
    const name = `${terminal} was told ${code ?? effect} of ${kind} ${localId} v${version}`;
    const index = this.#indexOf(this.#database.store(storeId));
    const head = index.find(submissionKey(terminal, submission));
    if (effect === "applied" && head?.effect !== "applied")
      return index.hasStood(submission, since) ? null : `${name}; it is ${head?.effect ?? "not stored"}`;
    if (head === undefined) return `${name}; it is not stored`;
    if (effect === "pending") return `${name}: that is no verdict`;
    // What waits is looked at again once a person or a repair has freed what it waits for.
    if (effect === "waiting") return null;
    if (head.effect !== effect || (effect === "conflict" && head.code !== code))
      return `${name}; it is ${head.code ?? head.effect}`;
    return null;
  }

  #indexOf(tables: StoreTables): StoredIndex {
    const index = this.#indexes.get(tables) ?? new StoredIndex(tables, this.terminals);
    this.#indexes.set(tables, index);
    return index;
  }
}
