import { ERROR_CODES, isErrorCode, SyncError } from "../../errors.ts";

/** Enough to see what is wrong; the seed gives the rest. */
const MAX_VIOLATIONS = 20;

export interface FuzzFigures {
  readonly inputs: number;
  readonly accepted: number;
  /** By code. */
  readonly refused: Readonly<Record<string, number>>;
  readonly crashes: number;
  readonly status500: number;
  readonly violations: readonly string[];
}

/** Counts what became of hostile inputs, and what must not have. */
export class FuzzTally {
  #inputs = 0;
  #accepted = 0;
  #crashes = 0;
  #status500 = 0;
  readonly #refused: Record<string, number> = {};
  readonly #violations: string[] = [];

  get figures(): FuzzFigures {
    return {
      inputs: this.#inputs,
      accepted: this.#accepted,
      refused: { ...this.#refused },
      crashes: this.#crashes,
      status500: this.#status500,
      violations: [...this.#violations],
    };
  }

  /** Runs a reader: it may give anything back, or throw a SyncError, and nothing else. */
  read(what: string, input: string | Buffer, act: () => unknown): void {
    this.#inputs += 1;
    try {
      act();
      this.#accepted += 1;
    } catch (error) {
      if (error instanceof SyncError) this.#count(error.code);
      else this.#crash(what, input, error);
    }
    this.#checkPrototypes(what, input);
  }

  /** The same for a reader that takes its time. */
  async readLater(what: string, input: string | Buffer, act: () => Promise<unknown>): Promise<void> {
    this.#inputs += 1;
    try {
      await act();
      this.#accepted += 1;
    } catch (error) {
      if (error instanceof SyncError) this.#count(error.code);
      else this.#crash(what, input, error);
    }
    this.#checkPrototypes(what, input);
  }

  /** Judges an answer of a door: never 500, and a refusal has the one shape with a known code. */
  answer(what: string, input: string | Buffer, { status, body }: { status: number; body: string }): void {
    this.#inputs += 1;
    this.#checkPrototypes(what, input);
    if (status === 500) {
      this.#status500 += 1;
      this.violate(what, input, `status 500: ${body.slice(0, 300)}`);
    }
    if (status < 400) {
      this.#accepted += 1;
      return;
    }
    const code = codeOf(body);
    if (code === undefined) this.violate(what, input, `status ${status} without a refusal: ${body.slice(0, 300)}`);
    else this.#count(code);
  }

  /** A connection that was closed without an answer, for bytes that never became a request. */
  closed(): void {
    this.#inputs += 1;
    this.#count("(closed)");
  }

  violate(what: string, input: string | Buffer, problem: string): void {
    if (this.#violations.length >= MAX_VIOLATIONS) return;
    const shown = Buffer.from(input).subarray(0, 1500).toString("latin1");
    this.#violations.push(`${what}: ${problem}\n    input: ${JSON.stringify(shown)}`);
  }

  add(other: FuzzFigures): void {
    this.#inputs += other.inputs;
    this.#accepted += other.accepted;
    this.#crashes += other.crashes;
    this.#status500 += other.status500;
    for (const [code, count] of Object.entries(other.refused)) this.#refused[code] = (this.#refused[code] ?? 0) + count;
    this.#violations.push(...other.violations);
  }

  #count(code: string): void {
    this.#refused[code] = (this.#refused[code] ?? 0) + 1;
  }

  #crash(what: string, input: string | Buffer, error: unknown): void {
    this.#crashes += 1;
    this.violate(what, input, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }

  #checkPrototypes(what: string, input: string | Buffer): void {
    if (!("polluted" in {})) return;
    Reflect.deleteProperty(Object.prototype, "polluted");
    this.violate(what, input, "Object.prototype was polluted");
  }
}

/** The code of a refusal that has the shape of docs/errors.md. */
function codeOf(body: string): string | undefined {
  try {
    const { error } = JSON.parse(body) as { error?: Record<string, unknown> };
    const fits = typeof error?.message === "string" && isErrorCode(error.code);
    return fits && error.retryable === ERROR_CODES[error.code as keyof typeof ERROR_CODES].retryable
      ? String(error.code)
      : undefined;
  } catch {
    return undefined;
  }
}
