/** PostgreSQL's codes for two transactions in each other's way; the whole transaction runs again. */
export class Conflict extends Error {
  readonly code: "40001" | "40P01";

  constructor(code: Conflict["code"]) {
    super(code === "40P01" ? "deadlock detected" : "could not serialize access");
    this.name = "Conflict";
    this.code = code;
  }
}

/** Whoever holds locks: a running transaction. */
export type Holder = object;

interface Waiter {
  readonly holder: Holder;
  readonly key: string;
  readonly resolve: () => void;
}

/** Row locks until the end of a transaction, first come first served. A wait that would close a circle is a deadlock. */
export class Locks {
  readonly #held = new Map<string, Holder>();
  readonly #keys = new Map<Holder, string[]>();
  #waiters: Waiter[] = [];

  /** @throws Conflict 40P01 */
  async acquire(holder: Holder, key: string): Promise<void> {
    const owner = this.#held.get(key);
    if (owner === holder) return;
    if (owner === undefined) {
      this.#give(holder, key);
      return;
    }
    if (this.#waitsFor(owner, holder)) throw new Conflict("40P01");
    await new Promise<void>((resolve) => this.#waiters.push({ holder, key, resolve }));
  }

  /** How many locks are held; what `release` keeps when it undoes a savepoint. */
  count(holder: Holder): number {
    return this.#keys.get(holder)?.length ?? 0;
  }

  release(holder: Holder, keep = 0): void {
    this.#waiters = this.#waiters.filter((waiter) => waiter.holder !== holder);
    const keys = this.#keys.get(holder) ?? [];
    for (const key of keys.splice(keep)) {
      this.#held.delete(key);
      const next = this.#waiters.find((waiter) => waiter.key === key);
      if (next === undefined) continue;
      this.#waiters = this.#waiters.filter((waiter) => waiter !== next);
      this.#give(next.holder, key);
      next.resolve();
    }
    if (keys.length === 0) this.#keys.delete(holder);
  }

  #give(holder: Holder, key: string): void {
    this.#held.set(key, holder);
    const keys = this.#keys.get(holder);
    if (keys) keys.push(key);
    else this.#keys.set(holder, [key]);
  }

  #waitsFor(holder: Holder, target: Holder): boolean {
    const waiting = this.#waiters.find((waiter) => waiter.holder === holder);
    const owner = waiting && this.#held.get(waiting.key);
    return owner !== undefined && (owner === target || this.#waitsFor(owner, target));
  }
}
