import type { Clock } from "@tillsync/engine";
import { SyncError } from "@tillsync/protocol";
import type { Printer } from "./printers.ts";

/** Receipts that wait at most: a busy till's quarter of an hour. */
const MAX_WAITING = 50;
/** Between attempts, milliseconds: doubling from the first to the last, and never ending. */
const FIRST_WAIT_MS = 1_000;
const LAST_WAIT_MS = 30_000;

export interface PrintJob {
  readonly localId: string;
  /** The bytes; as a repeat when those of an earlier attempt may have come through in part. */
  render(isRepeat: boolean): Promise<Uint8Array>;
}

export interface PrinterState {
  readonly state: "ready" | "not answering";
  /** Since when it does not answer, ISO 8601; null while it does. */
  readonly since: string | null;
  readonly waiting: number;
}

/** Receipts on their way to one printer: one at a time, in order, in memory. Nobody waits for it. */
export class PrintQueue {
  readonly #printer: Printer;
  readonly #clock: Pick<Clock, "wallMs" | "after">;
  readonly #failed: (job: PrintJob, error: unknown) => void;
  readonly #waiting: PrintJob[] = [];
  #since: number | null = null;
  #isRunning = false;
  #isClosed = false;
  #wake: () => void = () => {};

  /** @param failed is told of every attempt that failed, and of a receipt that could not be made, which is left out */
  constructor(
    printer: Printer,
    clock: Pick<Clock, "wallMs" | "after">,
    failed: (job: PrintJob, error: unknown) => void,
  ) {
    this.#printer = printer;
    this.#clock = clock;
    this.#failed = failed;
  }

  /** @throws SyncError UNAVAILABLE when too many wait */
  add(job: PrintJob): PrinterState {
    if (this.#isClosed || this.#waiting.length >= MAX_WAITING) {
      const message = `The printer takes no more: ${this.#waiting.length} receipts wait for it. See to it, then print again.`;
      throw new SyncError("UNAVAILABLE", message, { part: "printer" });
    }
    this.#waiting.push(job);
    if (!this.#isRunning) void this.#run();
    return this.state();
  }

  state(): PrinterState {
    const since = this.#since === null ? null : new Date(this.#since).toISOString();
    return { state: since === null ? "ready" : "not answering", since, waiting: this.#waiting.length };
  }

  /** What waits is given up; the attempt under way ends by itself. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let job = this.#waiting[0]; job !== undefined && !this.#isClosed; job = this.#waiting[0]) {
      await this.#printWhole(job);
      this.#waiting.shift();
    }
    this.#isRunning = false;
  }

  async #printWhole(job: PrintJob): Promise<void> {
    let isRepeat = false;
    const begun = () => {
      isRepeat = true;
    };
    for (let waitMs = FIRST_WAIT_MS; !this.#isClosed; waitMs = Math.min(2 * waitMs, LAST_WAIT_MS)) {
      const bytes = await job.render(isRepeat).catch((error: unknown) => this.#failed(job, error));
      if (bytes === undefined) return;
      try {
        await this.#printer.send(bytes, begun);
        this.#since = null;
        return;
      } catch (error) {
        this.#since ??= this.#clock.wallMs();
        this.#failed(job, error);
        await this.#pause(waitMs);
      }
    }
  }

  #pause(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(waitMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
      if (this.#isClosed) this.#wake();
    });
  }
}
