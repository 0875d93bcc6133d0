import type { BatchSize } from "@tillsync/lanes";
import type { ExchangeRequest, ExchangeResponse } from "@tillsync/protocol";
import { buildRequest, type Standing, sendingLife } from "./central.ts";
import { bounded, deadlineMsOf } from "./deadline.ts";
import { type Journal, type Life, positionOf } from "./journal.ts";
import type { Ports } from "./ports.ts";
import { ToldCheck } from "./told-check.ts";

/** An exchange under way. */
export interface Sent {
  readonly life: Life;
  readonly request: ExchangeRequest;
  /** Rows that the centre lacked when this was sent; those that could be repaired are in it. */
  readonly need: Standing["need"];
  /** Sent before the answer to the one before it. */
  readonly isAhead: boolean;
  /** It asks how the centre has a life, and sends nothing. */
  readonly isQuestion: boolean;
  readonly correlationId: string;
  readonly answer: Promise<ExchangeResponse>;
  /** Ends it as TIMED_OUT, whatever the transport does. */
  readonly giveUp: () => void;
}

/** Found in the centre's log; 64 bits, because an idle till sends one every 30 s and pays for each byte. */
const CORRELATION_DIGITS = 16;

export function lastSeqOf({ fromSeq, changes }: ExchangeRequest): number {
  return fromSeq + changes.length - 1;
}

export interface InFlightOptions {
  readonly ports: Ports;
  readonly journal: Journal;
  /** Lives as of the last commit. */
  readonly lives: () => readonly Life[];
}

/** Puts exchanges on their way: one, and a second one behind it while a backlog drains. */
export class InFlight {
  readonly #options: InFlightOptions;
  readonly #told: ToldCheck;
  /** The last exchange of this process was answered: what follows may be sent before its own answer is there. */
  isProven = false;
  /** Position of the last change that was put on its way; null when the last exchange carried none. */
  through: number | null = null;

  constructor(options: InFlightOptions) {
    this.#options = options;
    this.#told = new ToldCheck(options.ports.sha256);
  }

  get deadlineMs(): number {
    return deadlineMsOf(this.#options.ports.transport);
  }

  post(lives: readonly Life[], standing: Standing, size: BatchSize, signal: AbortSignal): Sent {
    const life = sendingLife(lives);
    const request = buildRequest(this.#options.journal, lives, standing, size);
    this.through = request.changes.length === 0 ? null : positionOf(life.ordinal, lastSeqOf(request));
    return { ...this.#put(life, request, signal), need: standing.need };
  }

  ask(life: Life, request: ExchangeRequest, signal: AbortSignal): Sent {
    this.through = null;
    return { ...this.#put(life, request, signal), isQuestion: true };
  }

  #put(life: Life, request: ExchangeRequest, signal: AbortSignal): Sent {
    const { ports } = this.#options;
    const correlationId = ports.ids.hex(CORRELATION_DIGITS);
    const exchange = ports.transport
      .exchange(request, signal, correlationId)
      .then((answered) => this.#told.believed(request, answered));
    const { answer, giveUp } = bounded(exchange, { clock: ports.clock, deadlineMs: this.deadlineMs, signal });
    return { life, request, need: [], isAhead: false, isQuestion: false, correlationId, answer, giveUp };
  }

  /**
   * The batch after one that is under way, as if that had been answered: the centre reads it while it stores the first
   * one, and refuses it when the first did not arrive (go-back-N with two). Only for a backlog, and only to a centre
   * that has just answered.
   */
  postAhead(
    { life: { ordinal }, request }: Sent,
    cursor: string | null,
    size: BatchSize,
    signal: AbortSignal,
  ): Sent | undefined {
    const last = request.changes.at(-1);
    const durableThrough = lastSeqOf(request);
    // As it is now: what was sold since the last one was sent may be in this batch.
    const life = this.#options.lives().find((candidate) => candidate.ordinal === ordinal);
    if (!this.isProven || last === undefined || life === undefined) return undefined;
    if (durableThrough >= life.headSeq) return undefined;
    const after = { ...life, durableThrough, durableHash: last.hash };
    // It carries the cursor of the one before, and would be told the same again.
    const feed = cursor === null ? undefined : ("none" as const);
    const sent = this.post([after], { cursor, need: [], feed }, size, signal);
    sent.answer.catch(() => {}); // told when its turn comes, or never when the first one failed
    return { ...sent, isAhead: true };
  }
}
