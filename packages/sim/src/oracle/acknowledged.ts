import type { CentreDatabase } from "../centre/database.ts";
import { headKey } from "../centre/tables.ts";
import type { Chronicle } from "../chronicle.ts";

export interface Acknowledgement {
  readonly storeId: number;
  readonly terminal: string;
  readonly incarnation: string;
  readonly durableThrough: number;
  readonly chainHash: string;
}

/**
 * I5: what the centre acknowledges is committed at that very moment, without a hole from the first change on. Looked at
 * when an answer leaves a server, so a commit that comes a moment later does not help.
 */
export class Acknowledged {
  readonly #database: CentreDatabase;
  readonly #chronicle: Chronicle;
  /** How far each life was found whole. */
  #through = new Map<string, number>();
  /** The highest seq that was ever acknowledged, restores of the centre included. */
  readonly #ever = new Map<string, number>();

  constructor(database: CentreDatabase, chronicle: Chronicle) {
    this.#database = database;
    this.#chronicle = chronicle;
  }

  /** The highest seq of a life that was ever acknowledged: no till may believe in more. */
  ever(terminal: string, incarnation: string): number {
    return this.#ever.get(`${terminal}/${incarnation}`) ?? 0;
  }

  check({ storeId, terminal, incarnation, durableThrough, chainHash }: Acknowledgement): void {
    const { heads } = this.#database.store(storeId);
    const life = `${terminal}/${incarnation}`;
    const from = this.#through.get(life) ?? 0;
    for (let seq = from + 1; seq <= durableThrough; seq++) {
      if (heads.has(headKey(terminal, incarnation, seq))) continue;
      this.#chronicle.violate("I5", `${life}: ${durableThrough} acknowledged, ${seq} is not stored`);
      return;
    }
    const last = heads.get(headKey(terminal, incarnation, durableThrough));
    if (last && last.hash !== chainHash)
      this.#chronicle.violate("I5", `${life}: acknowledged ${durableThrough} with another hash than is stored`);
    this.#through.set(life, Math.max(from, durableThrough));
    this.#ever.set(life, Math.max(this.#ever.get(life) ?? 0, durableThrough));
  }

  /** The centre was put back to a backup: what it acknowledged since is void, and comes back from the tills. */
  restored(): void {
    this.#through = new Map();
  }
}
