import { SyncError } from "@tillsync/protocol";
import type { Clock } from "../ports.ts";

/** One piece of work under way. */
export interface Run {
  /** It is given up: what it still waits for is wanted no more, and it may write nothing. */
  readonly signal: AbortSignal;
  /** A sign of life: something that it waited for has come. */
  readonly goesOn: () => void;
}

interface UnderWay {
  heardAtMs: number;
  readonly giveUp: () => void;
  readonly over: Promise<void>;
}

/**
 * What is under way, by name. One that is given up is over for everybody, whatever it still waits for: neither an answer
 * that never comes nor a timer that was lost holds anything up.
 */
export class Runs {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #underWay = new Map<string, UnderWay>();

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  has(key: string): boolean {
    return this.#underWay.has(key);
  }

  get names(): Pick<ReadonlySet<string>, "has"> {
    return this.#underWay;
  }

  get size(): number {
    return this.#underWay.size;
  }

  /** When the one that was silent for longest was heard of last, monotonic; null while nothing is under way. */
  get silentSinceMs(): number | null {
    const heard = [...this.#underWay.values()].map(({ heardAtMs }) => heardAtMs);
    return heard.length === 0 ? null : Math.min(...heard);
  }

  /** @param over is called at the end, when it counts no more as under way; with why, if it failed or was given up */
  begin(key: string, work: (run: Run) => Promise<void>, over: (cause: unknown) => void): void {
    const abort = new AbortController();
    const { promise: givenUp, reject } = Promise.withResolvers<never>();
    const giveUp = () => {
      abort.abort();
      reject(new SyncError("TIMED_OUT", "It neither went on nor ended, and was given up."));
    };
    const run = { signal: abort.signal, goesOn: () => this.#heard(key, giveUp) };
    const end = (cause: unknown) => {
      this.#underWay.delete(key);
      over(cause);
    };
    const ended = Promise.race([work(run), givenUp]).then(() => end(undefined), end);
    this.#underWay.set(key, { heardAtMs: this.#clock.monotonicMs(), giveUp, over: ended });
  }

  /** Gives up what was not heard of since then. */
  giveUpSilent(sinceMs: number): void {
    for (const { heardAtMs, giveUp } of this.#underWay.values()) if (heardAtMs <= sinceMs) giveUp();
  }

  /** Gives up all there is, and resolves when nothing is under way. */
  async stop(): Promise<void> {
    const all = [...this.#underWay.values()];
    for (const { giveUp } of all) giveUp();
    await Promise.all(all.map(({ over }) => over));
  }

  #heard(key: string, giveUp: () => void): void {
    const of = this.#underWay.get(key);
    // One that was given up may wake up late, when another goes by its name.
    if (of?.giveUp === giveUp) of.heardAtMs = this.#clock.monotonicMs();
  }
}
