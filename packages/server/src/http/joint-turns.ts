import type { FairGate } from "./fair-gate.ts";

interface Waiting<Work, Result> {
  readonly work: Work;
  /** Leaves the row of those who wait; set while it stands there. */
  giveUp: () => void;
  /** Its answer, once somebody whose turn came has taken it along. */
  taken: Promise<Result> | undefined;
}

export interface JointTurnsOptions<Work, Result> {
  readonly gate: FairGate;
  /** Whether one more may go with those that are chosen already. */
  readonly mayJoin: (chosen: readonly Work[], next: Work) => boolean;
  /** Does all of it; one answer each, in the order given. */
  readonly run: (works: readonly [Work, ...Work[]]) => Promise<Result>[];
}

/**
 * Whose turn comes takes along what else of its store waits and fits: the more there is to do, the more of it is done at
 * a time, and nobody waits for company. What is waited for, and how many may wait, is the gate's business as ever.
 */
export class JointTurns<Work, Result> {
  readonly #options: JointTurnsOptions<Work, Result>;
  /** By share, in order of arrival. */
  readonly #rows = new Map<string, Set<Waiting<Work, Result>>>();

  constructor(options: JointTurnsOptions<Work, Result>) {
    this.#options = options;
  }

  /**
   * @param onWait as of `FairGate.enter`
   * @returns undefined when too many wait already, or waiting was given up
   */
  async take(share: string, work: Work, onWait: (giveUp: () => void) => void = () => {}): Promise<Result | undefined> {
    const own: Waiting<Work, Result> = { work, giveUp: () => {}, taken: undefined };
    const leave = await this.#options.gate.enter(share, (giveUp) => {
      own.giveUp = giveUp;
      this.#stand(share, own);
      onWait(giveUp);
    });
    this.#step(share, own);
    if (leave === undefined) return own.taken;
    try {
      const company = this.#company(share, work);
      const answers = this.#options.run([work, ...company.map((each) => each.work)]);
      for (const [index, each] of company.entries()) {
        each.taken = answers[index + 1];
        each.giveUp();
      }
      await Promise.allSettled(answers);
      return await answers[0];
    } finally {
      leave();
    }
  }

  #stand(share: string, one: Waiting<Work, Result>): void {
    const row = this.#rows.get(share) ?? new Set();
    row.add(one);
    this.#rows.set(share, row);
  }

  #step(share: string, one: Waiting<Work, Result>): void {
    const row = this.#rows.get(share);
    row?.delete(one);
    if (row?.size === 0) this.#rows.delete(share);
  }

  /** What goes with the one whose turn it is. */
  #company(share: string, first: Work): Waiting<Work, Result>[] {
    const company: Waiting<Work, Result>[] = [];
    const works = [first];
    for (const other of this.#rows.get(share) ?? []) {
      if (!this.#options.mayJoin(works, other.work)) continue;
      company.push(other);
      works.push(other.work);
    }
    return company;
  }
}
