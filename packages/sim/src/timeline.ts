interface Entry {
  readonly atMs: number;
  /** Breaks ties: what was planned first happens first. */
  readonly order: number;
  run: (() => void) | null;
}

/** No run of a few hundred steps comes near this; one that does is a loop that feeds itself. */
const MAX_EVENTS = 200_000;
/** In weeks of outage a till probes every ten seconds. */
const MORE_EVENTS_A_SECOND = 1;

const KEPT = Promise.resolve();

/**
 * Simulated time. Nothing happens between two events, so a whole day takes as long as its events.
 *
 * After each event every promise that can go on does so before the next event: that one waits in `process.nextTick`,
 * which Node runs only once no microtask is left. Promises therefore interleave the same way each time, and the order of
 * everything is the order of events.
 */
export class Timeline {
  #nowMs = 0;
  #planned = 0;
  #events = 0;
  #isPassing = false;
  readonly #heap: Entry[] = [];

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events that have happened. */
  get events(): number {
    return this.#events;
  }

  /** Calls `run` once, `delayMs` from now; the returned function cancels. */
  after(delayMs: number, run: () => void): () => void {
    const entry: Entry = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#planned++, run };
    push(this.#heap, entry);
    return () => {
      entry.run = null;
    };
  }

  /** Runs every event up to `delayMs` from now; first of all what was begun before it and waits for no event. */
  async pass(delayMs: number): Promise<void> {
    const untilMs = this.#nowMs + delayMs;
    await this.#run(untilMs, () => false);
    this.#nowMs = untilMs;
  }

  /** Runs events until `done` says so or the time is over. @returns whether it was done */
  async passUntil(done: () => boolean, withinMs: number): Promise<boolean> {
    if (done()) return true;
    const untilMs = this.#nowMs + withinMs;
    const isDone = await this.#run(untilMs, done);
    if (!isDone) this.#nowMs = untilMs;
    return isDone || done();
  }

  /**
   * One event after the other. Each waits in `process.nextTick` for the promises of the one before it, and then runs as one
   * itself: what it asks of `process.nextTick` comes after all promises only so. Weeks of outage are millions of events, so
   * the loop makes no promise for each.
   */
  #run(untilMs: number, done: () => boolean): Promise<boolean> {
    if (this.#isPassing) throw new Error("time passes already; who waits for it in two places gets it twice");
    this.#isPassing = true;
    const run = new Promise<boolean>((resolve, reject) => {
      const next = () => {
        try {
          if (done()) resolve(true);
          else if (this.#advance(untilMs)) process.nextTick(settled);
          else resolve(false);
        } catch (error) {
          reject(error as Error);
        }
      };
      const settled = () => void KEPT.then(next);
      process.nextTick(settled);
    });
    return run.finally(() => {
      this.#isPassing = false;
    });
  }

  /** @returns false when there is no event up to then */
  #advance(untilMs: number): boolean {
    const entry = this.#next(untilMs);
    if (entry === undefined) return false;
    this.#nowMs = entry.atMs;
    const most = MAX_EVENTS + (MORE_EVENTS_A_SECOND * this.#nowMs) / 1000;
    if (++this.#events > most) throw new Error(`more than ${Math.round(most)} events: something spins`);
    entry.run?.();
    return true;
  }

  /** Takes the next event that was not cancelled. */
  #next(untilMs: number): Entry | undefined {
    for (let first = this.#heap[0]; first !== undefined && first.atMs <= untilMs; first = this.#heap[0]) {
      pop(this.#heap);
      if (first.run !== null) return first;
    }
    return undefined;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function push(heap: Entry[], entry: Entry): void {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || !before(entry, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = entry;
}

function pop(heap: Entry[]): Entry | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (last === undefined || last === top) return top;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    const left = heap[child];
    if (left === undefined) break;
    const right = heap[child + 1];
    if (right !== undefined && before(right, left)) child++;
    const least = heap[child];
    if (least === undefined || !before(least, last)) break;
    heap[at] = least;
    at = child;
  }
  heap[at] = last;
  return top;
}
