import { makeUuidv7 } from "@tillsync/protocol";
import type { Clock, Ids } from "../ports.ts";
import { sha256 } from "../system/sha256.ts";

/** Chance that repeats: the same calls give the same ids in every run. */
export class FakeIds implements Ids {
  readonly #clock: Clock;
  #calls = 0;
  /** What every wait is spread by. */
  spread = 0.5;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  next(): string {
    return makeUuidv7(this.#clock.wallMs(), `${(++this.#calls).toString(16).padStart(19, "0")}0`);
  }

  hex(digits: number): string {
    return sha256(`chance ${++this.#calls}`).slice(0, digits);
  }

  jitter(): number {
    return this.spread;
  }
}
