import type { CentreDatabase } from "../centre/database.ts";
import { COUNTER } from "../centre/tables.ts";
import type { Chronicle } from "../chronicle.ts";

/**
 * I20: no number of a feed means two things. Looked at when a number is given, with the epoch under which it is given: that
 * pair is all that a consumer of the feed remembers.
 */
export class FeedMeanings {
  readonly #database: CentreDatabase;
  readonly #chronicle: Chronicle;
  readonly #meanings = new Map<string, string>();
  /** How far each store's feed was looked at. */
  readonly #through = new Map<number, number>();
  /** Nobody told the database that it was put back: until a till proves it, numbers are given again, and that is known. */
  readonly #unaware = new Set<number>();

  constructor(database: CentreDatabase, chronicle: Chronicle) {
    this.#database = database;
    this.#chronicle = chronicle;
  }

  /** Something was committed. */
  check(storeId: number): void {
    const { counter, feed } = this.#database.store(storeId);
    const { epoch = "", n = 0 } = counter.get(COUNTER) ?? {};
    for (let at = (this.#through.get(storeId) ?? 0) + 1; at <= n; at++) {
      const key = `${storeId} ${epoch} ${at}`;
      const { chain: _chain, ...row } = feed.get(String(at)) ?? { chain: "" };
      const meaning = JSON.stringify(row);
      const before = this.#meanings.get(key);
      if (before !== undefined && before !== meaning && !this.#unaware.has(storeId))
        this.#chronicle.violate("I20", `feed number ${at} of store ${storeId} means ${before} and ${meaning}`);
      this.#meanings.set(key, meaning);
    }
    this.#through.set(storeId, n);
  }

  /** The database was put back to a backup, by somebody who said so or not. */
  restored(storeIds: readonly number[], isNoticed: boolean): void {
    for (const storeId of storeIds) {
      this.#through.set(storeId, this.#database.store(storeId).counter.get(COUNTER)?.n ?? 0);
      if (!isNoticed) this.#unaware.add(storeId);
    }
  }
}
