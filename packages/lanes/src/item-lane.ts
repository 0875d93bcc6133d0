import { SyncError } from "@tillsync/protocol";
import { type Failure, retryDelayMs } from "./backoff.ts";
import type { Destination } from "./destination.ts";
import {
  type Call,
  type Decision,
  delivered,
  discardedByPerson,
  found,
  type ItemRules,
  type ItemState,
  intended,
  type Moment,
  presumedUnknown,
  replied,
  retriedByPerson,
  stepOf,
} from "./item.ts";
import type { ItemStore, StoredItem } from "./item-store.ts";
import type { Found, Outcome, Reply } from "./outcome.ts";

/** Time, as the engine's port has it. */
export interface LaneTime {
  wallMs(): number;
  monotonicMs(): number;
  after(delayMs: number, fn: () => void): () => void;
}

export interface ItemLaneOptions<Payload> {
  readonly lane: string;
  /**
   * One after the other as they were enqueued: what is unknown, or waits to be sent again, holds up those behind it. What is
   * parked does not. Otherwise the one that is due first.
   */
  readonly inOrder: boolean;
  readonly store: ItemStore<Payload>;
  readonly destination: Destination<Payload>;
  readonly clock: LaneTime;
  /** In [0, 1). */
  readonly jitter: () => number;
  readonly rules: ItemRules;
  /** A call that takes longer is given up and its item is unknown. 150,000 when absent: above what a destination allows itself. */
  readonly callTimeoutMs?: number;
  /** The store failed, or a destination threw. Nothing is lost by it, but somebody should know. */
  readonly onError: (error: unknown) => void;
}

/** What one step came to. */
export type Progress =
  | { readonly kind: "moved" }
  | { readonly kind: "wait"; readonly waitMs: number }
  | { readonly kind: "idle" };

const CALL_TIMEOUT_MS = 150_000;
/** The wall clock may be set meanwhile: a long wait is looked at again each minute. */
const LONGEST_SLEEP_MS = 60_000;
/** A store that fails is asked again once a second. */
const STORE_RETRY_MS = 1_000;

/**
 * Carries the items of one lane, one at a time. It keeps nothing that cannot be lost: every move is in the store before the
 * next is made. `start` runs it by itself; whoever shares a budget among lanes (`turnOf`) calls `step` instead.
 */
export class ItemLane<Payload> {
  readonly #options: ItemLaneOptions<Payload>;
  /** Calls in a row after which the whole lane had to wait. */
  #failures = 0;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #answersAgainMs = Number.NEGATIVE_INFINITY;
  #stop = new AbortController();
  #running: Promise<void> | undefined;
  #wanted = false;
  #cancelTimer: (() => void) | undefined;

  constructor(options: ItemLaneOptions<Payload>) {
    this.#options = options;
    this.#stop.abort();
  }

  start(): void {
    this.#stop = new AbortController();
    this.look();
  }

  /** Ends the call that is under way; its item is unknown then, and looked up after the next start. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#cancelTimer?.();
    await this.#running;
  }

  /** Something was enqueued. */
  look(): void {
    this.#wanted = true;
    if (this.#stop.signal.aborted || this.#running !== undefined) return;
    this.#cancelTimer?.();
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.#wanted) this.look();
    });
  }

  /** The far end answers again: waits end, except those that it asked for itself. */
  answersAgain(): void {
    this.#answersAgainMs = this.#options.clock.wallMs();
    this.#notBeforeMs = Number.NEGATIVE_INFINITY;
    this.look();
  }

  /** @throws SyncError NOT_FOUND, NOT_PARKED, CONCURRENT_MODIFICATION */
  async retry(id: string, by: Pick<Decision, "operator" | "reason">): Promise<StoredItem<Payload>> {
    return this.#decide(id, (state, nowMs) => retriedByPerson(state, by, nowMs));
  }

  /** @throws SyncError NOT_FOUND, NOT_PARKED, CONCURRENT_MODIFICATION */
  async discard(id: string, by: Pick<Decision, "operator" | "reason">): Promise<StoredItem<Payload>> {
    return this.#decide(id, (state, nowMs) => discardedByPerson(state, by, nowMs));
  }

  /** Does the one thing that is due, if any. Rejects with what the store rejects with; the item is as it was stored last. */
  async step(signal: AbortSignal = new AbortController().signal): Promise<Progress> {
    const { clock, store, lane, inOrder } = this.#options;
    const laneWaitMs = this.#notBeforeMs - clock.monotonicMs();
    if (laneWaitMs > 0) return { kind: "wait", waitMs: laneWaitMs };
    const item = await store.first(lane, inOrder ? "enqueued" : "due");
    if (item === undefined) return { kind: "idle" };
    const step = stepOf(item.state, clock.wallMs(), this.#answersAgainMs);
    switch (step.do) {
      case "nothing":
        return { kind: "idle" };
      case "wait":
        return { kind: "wait", waitMs: Math.max(0, step.untilMs - clock.wallMs()) };
      case "presume":
        await this.#move(item, presumedUnknown(item.state, this.#moment()));
        break;
      case "read":
        await this.#read(item);
        break;
      case "deliver":
        // The store may have bound something to the item with the intent: what it answers is what is sent.
        await this.#call("deliver", await this.#move(item, intended(item.state, clock.wallMs())), signal);
        break;
      case "lookUp":
        await this.#call("lookUp", item, signal);
    }
    return { kind: "moved" };
  }

  async #call(to: Call, item: StoredItem<Payload>, signal: AbortSignal): Promise<void> {
    const raw = await this.#ask(to, item.payload, signal);
    await this.#read(await this.#move(item, replied(item.state, to, raw)));
  }

  async #ask(to: Call, payload: Payload, signal: AbortSignal): Promise<Reply> {
    const { clock, destination, onError, callTimeoutMs = CALL_TIMEOUT_MS } = this.#options;
    const ends = new AbortController();
    const givenUp = Promise.withResolvers<Reply>();
    const cancel = clock.after(callTimeoutMs, () => {
      ends.abort();
      givenUp.resolve(lost("TIMED_OUT", `There was no reply within ${callTimeoutMs} ms.`));
    });
    try {
      const call = destination[to](payload, AbortSignal.any([signal, ends.signal]));
      return await Promise.race([call, givenUp.promise]);
    } catch (error) {
      onError(error);
      return lost("CUT_OFF", `The connector failed: ${String(error)}`);
    } finally {
      cancel();
    }
  }

  async #read(item: StoredItem<Payload>): Promise<void> {
    const { reply } = item.state;
    if (reply === null) throw new TypeError("There is no reply to read.");
    const { destination } = this.#options;
    if (reply.to === "deliver") {
      const outcome = this.#understood<Outcome>(() => destination.outcomeOf(item.payload, reply.raw));
      await this.#move(item, delivered(item.state, outcome, this.#moment()));
      this.#pace(reply.raw, outcome);
    } else {
      const result = this.#understood<Found>(() => destination.foundOf(item.payload, reply.raw));
      await this.#move(item, found(item.state, result, this.#moment()));
      this.#pace(reply.raw, result);
    }
  }

  #understood<Result extends Outcome | Found>(read: () => Result): Result | NotUnderstood {
    try {
      return read();
    } catch (error) {
      this.#options.onError(error);
      return { verdict: "unknown", code: "NOT_UNDERSTOOD", message: `The connector failed: ${String(error)}` };
    }
  }

  /** What is wrong with the way, the service or the device holds for every item: the lane as a whole waits, for a while. */
  #pace(raw: Reply, result: Outcome | Found): void {
    const blocks = "blocksLane" in result && result.blocksLane === true;
    const retryAfterMs = "retryAfterMs" in result ? result.retryAfterMs : undefined;
    if (raw.kind === "answer" && !blocks && retryAfterMs === undefined) {
      this.#failures = 0;
      return;
    }
    this.#failures += 1;
    const wait = blocks ? "pause" : retryAfterMs === undefined ? "burst" : "throttled";
    const failure: Failure = { failures: this.#failures, wait, retryAfterMs, jitter: this.#options.jitter() };
    const { clock, rules } = this.#options;
    this.#notBeforeMs = clock.monotonicMs() + retryDelayMs({ intervalMs: 0, ...rules.pace }, failure);
  }

  async #decide(id: string, decide: (state: ItemState, nowMs: number) => ItemState): Promise<StoredItem<Payload>> {
    const { store, clock, lane } = this.#options;
    const item = await store.get(id);
    if (item?.lane !== lane) throw new SyncError("NOT_FOUND", `The lane ${lane} has no item ${id}.`);
    const decided = await this.#move(item, decide(item.state, clock.wallMs()));
    this.look();
    return decided;
  }

  async #move(item: StoredItem<Payload>, to: ItemState): Promise<StoredItem<Payload>> {
    return this.#options.store.move(item.id, item.state, to);
  }

  #moment(): Moment {
    const { clock, jitter, rules } = this.#options;
    return { nowMs: clock.wallMs(), jitter: jitter(), rules };
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    this.#wanted = false;
    while (!signal.aborted) {
      const progress = await this.step(signal).catch((error: unknown): Progress => {
        // A person decided about the item meanwhile: it is read again as it is now.
        if (error instanceof SyncError && error.code === "CONCURRENT_MODIFICATION") return { kind: "moved" };
        this.#options.onError(error);
        return { kind: "wait", waitMs: STORE_RETRY_MS };
      });
      if (progress.kind === "moved" || (progress.kind === "idle" && this.#wanted)) {
        this.#wanted = false;
        continue;
      }
      if (progress.kind === "wait" && !signal.aborted) this.#sleep(progress.waitMs);
      return;
    }
  }

  #sleep(waitMs: number): void {
    this.#cancelTimer = this.#options.clock.after(Math.min(waitMs, LONGEST_SLEEP_MS), () => this.look());
  }
}

type NotUnderstood = Extract<Outcome & Found, { readonly verdict: "unknown" }>;

function lost(code: "TIMED_OUT" | "CUT_OFF", message: string): Reply {
  return { kind: "silence", arrived: "perhaps", code, message };
}
