import type { Witness, Witnessed } from "@tillsync/engine";
import type { Random } from "../random.ts";
import type { Life } from "./clock.ts";

/**
 * The witness file: written without a flush, so a power cut leaves any of the states since the last flush, or a torn line
 * that says nothing.
 */
export class WitnessFile {
  #flushed: Witnessed | undefined;
  #written: (Witnessed | undefined)[] = [];

  get content(): Witnessed | undefined {
    return this.#written.length > 0 ? this.#written.at(-1) : this.#flushed;
  }

  /** The file as one process of the till has it open. */
  open(life: Life): Witness {
    return {
      read: () => this.content,
      write: (seen) => {
        if (life.alive) this.#written.push(seen);
      },
      flush: () => {
        if (life.alive) this.#flush();
      },
      close: () => {},
    };
  }

  powerCut(random: Random): void {
    const torn = this.#written.length > 0 && random.chance(0.1);
    const states = [this.#flushed, ...this.#written];
    this.#flushed = torn ? undefined : random.pick(states.map((state) => [state] as const))[0];
    this.#written = [];
  }

  copy(): WitnessFile {
    const other = new WitnessFile();
    other.#flushed = this.content;
    return other;
  }

  /** The file is lost, or was never copied along. */
  remove(): void {
    this.#flushed = undefined;
    this.#written = [];
  }

  #flush(): void {
    this.#flushed = this.content;
    this.#written = [];
  }
}
