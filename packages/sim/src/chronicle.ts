import { createHash } from "node:crypto";

/** One broken promise, by its number in `reference/reliability.md`. */
export interface Violation {
  readonly invariant: string;
  readonly atMs: number;
  readonly what: string;
}

/** More of them only repeat the first ones. */
const MAX_VIOLATIONS = 20;
const HASHED_AT_ONCE = 16_384;

export type Fact = string | number | boolean | null;

/**
 * Everything that happened in one run, as one hash (I35), with the faults that were met on the way and the promises that
 * were broken.
 */
export class Chronicle {
  readonly #hash = createHash("sha256");
  /** Lines that are not in the hash yet: one call for each would cost as much as what it tells of. */
  #lines = "";
  readonly #nowMs: () => number;
  readonly #listener: ((line: string) => void) | undefined;
  readonly #coverage = new Map<string, number>();
  readonly #violations: Violation[] = [];

  /** @param listener gets every line, for looking into one seed */
  constructor(nowMs: () => number, listener?: (line: string) => void) {
    this.#nowMs = nowMs;
    this.#listener = listener;
  }

  get violations(): readonly Violation[] {
    return this.#violations;
  }

  get coverage(): ReadonlyMap<string, number> {
    return this.#coverage;
  }

  note(event: string, ...facts: readonly Fact[]): void {
    const line = `${this.#nowMs()} ${event} ${facts.join(" ")}\n`;
    this.#lines += line;
    if (this.#lines.length > HASHED_AT_ONCE) this.#digestLines();
    this.#listener?.(line);
  }

  /** A fault, or a branch that only faults lead to, was met. */
  hit(fault: string, ...facts: readonly Fact[]): void {
    this.#coverage.set(fault, (this.#coverage.get(fault) ?? 0) + 1);
    this.note(fault, ...facts);
  }

  violate(invariant: string, what: string): void {
    this.note("VIOLATION", invariant, what);
    const known = this.#violations.some((earlier) => earlier.invariant === invariant && earlier.what === what);
    if (!known && this.#violations.length < MAX_VIOLATIONS)
      this.#violations.push({ invariant, atMs: this.#nowMs(), what });
  }

  digest(): string {
    this.#digestLines();
    return this.#hash.copy().digest("hex");
  }

  #digestLines(): void {
    this.#hash.update(this.#lines);
    this.#lines = "";
  }
}
