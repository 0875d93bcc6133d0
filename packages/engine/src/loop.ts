import {
  answersAgain,
  type BatchSize,
  begun,
  FRESH_LANE,
  failed,
  type LaneState,
  largestBatch,
  type Observation,
  plan,
  resumed,
  succeeded,
  treatmentOf,
  type Watched,
} from "@tillsync/lanes";
import { type ExchangeResponse, SyncError } from "@tillsync/protocol";
import { asSyncError, attemptOf, CUT_SHORT, type UnderWay } from "./attempt.ts";
import {
  applyAnswer,
  checkMark,
  goingOn,
  isNewlyNeeded,
  pendingOf,
  refuseStandstill,
  rewind,
  type Standing,
  sendingLife,
} from "./central.ts";
import { InFlight, lastSeqOf, type Sent } from "./in-flight.ts";
import type { Life } from "./journal.ts";
import { readLane, writeLane } from "./lane-row.ts";
import type { LoopOptions } from "./loop-options.ts";
import { beginFeed } from "./others.ts";
import type { Flushed } from "./verbs.ts";
import { Waiters } from "./waiters.ts";

/** How often a lower mark of the centre is followed without a success in between, before it counts as a failure. */
const MAX_REWINDS = 3;

/**
 * The one control loop of a terminal: plan, act, write down, plan again. One exchange is in flight, two while a backlog
 * drains, and one timer is set while none is. Nothing but `stop` ends it; a halted lane makes it rest until a person or recovery acts.
 */
export class Loop {
  readonly #options: LoopOptions;
  #lane: LaneState = FRESH_LANE;
  #standing: Standing = { cursor: null, need: [] };
  #serverEpoch: string | null = null;
  #flush = false;
  #rewinds = 0;
  #attempt = 0;
  #sending: AbortController | null = null;
  #underWay: UnderWay | null = null;
  #refused = false;
  #cancelTimer: (() => void) | null = null;
  #stopped = true;
  readonly #inFlight: InFlight;
  readonly #waiters = new Waiters();
  #idle: (() => void)[] = [];

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#inFlight = new InFlight(options);
  }

  /** `inFlight`: the position up to which what the centre lacks is on its way now. */
  get state(): LaneState & { readonly sending: boolean; readonly inFlight: number | null } {
    const sending = this.#sending !== null;
    return { ...this.#lane, sending, inFlight: sending ? this.#inFlight.through : null };
  }

  /** The last exchange was answered, and not as it should be. */
  get isRefused(): boolean {
    return this.#refused;
  }

  get watched(): Watched {
    const { dueAtMs, halted } = this.#lane;
    const begunAtMs = this.#underWay?.begunAtMs ?? null;
    return { dueAtMs, begunAtMs, deadlineMs: this.#inFlight.deadlineMs, halted: halted || this.#stopped };
  }

  /** Reads where the lane stood and begins: a start of the process is a reason to send at once. */
  start(): void {
    this.#standing = beginFeed(this.#options.ports.store, this.#options.others);
    const row = readLane(this.#options.ports.store.read);
    const now = this.#options.ports.clock.monotonicMs();
    if (row) {
      const error = row.errorCode === null ? null : { code: row.errorCode, message: row.errorMessage ?? "" };
      const { failures, lastAttemptAt, lastSuccessAt } = row;
      this.#lane = resumed({ failures, lastAttemptAt, lastSuccessAt, error, halted: row.halted === 1 });
      this.#serverEpoch = row.serverEpoch;
    }
    this.#lane = { ...this.#lane, dueAtMs: now };
    this.#stopped = false;
    this.#askForShifts();
    this.#turn();
  }

  /** Something worth sending at once was committed. While the target fails, its own back-off decides. */
  nudge(): void {
    if (this.#lane.failures === 0) this.#lane = { ...this.#lane, dueAtMs: this.#options.ports.clock.monotonicMs() };
    this.#turn();
  }

  /** A probe was answered as it should be: every wait after a failure ends, and what no attempt missed yet goes as well. */
  answersAgain(wasAway: boolean): void {
    if (this.#lane.failures === 0 && !(wasAway && pendingOf(this.#options.lives()) > 0)) return;
    const { clock, ids } = this.#options.ports;
    this.#lane = answersAgain(this.#lane, clock.monotonicMs(), ids.jitter());
    this.#turn();
  }

  /** The watchdog found that due work was not attempted. */
  repair(stall: "overdue" | "hanging"): void {
    if (stall === "hanging") this.#underWay?.sent.giveUp();
    else this.#turn();
  }

  /** Sends everything up to here, now. Resolves when it is gone, or with the reason why it is not. */
  flush(): Promise<Flushed> {
    if (this.#stopped)
      return Promise.reject(new SyncError("TERMINAL_STOPPED", "The terminal is stopped; start it again first."));
    this.#flush = true;
    const from = pendingOf(this.#options.lives());
    const result = this.#waiters.add(from, this.#attempt + 1);
    this.#turn();
    if (this.#lane.halted) this.#settle();
    return result;
  }

  /** Ends the loop: an exchange under way gets `graceMs`, then is given up; it will be sent again. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const sending = this.#sending;
    if (sending !== null) {
      const cancel = this.#options.ports.clock.after(graceMs, () => sending.abort());
      await new Promise<void>((resolve) => this.#idle.push(resolve));
      cancel();
    }
    this.#settle();
  }

  #turn(): void {
    if (this.#stopped || this.#sending !== null) return;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const { clock } = this.#options.ports;
    const view = { name: "central", priority: 3, pending: 0, sending: false, flush: this.#flush, ...this.#lane };
    const next = plan([view], clock.monotonicMs());
    if (next.act === "wait") this.#cancelTimer = clock.after(next.forMs, () => this.#turn());
    else if (next.act === "send") void this.#send();
  }

  /** One exchange; while a backlog drains, one after the other, each sent before the answer to the last is there. */
  async #send(): Promise<void> {
    const abort = new AbortController();
    this.#sending = abort;
    this.#attempt++;
    let sent: Sent | undefined;
    let life = sendingLife(this.#options.lives());
    let isAnswered = false;
    try {
      this.#options.onChange();
      const question = this.#options.lineage.question(this.#standing.cursor);
      sent = question && this.#inFlight.ask(question.life, question.request, abort.signal);
      sent ??= this.#inFlight.post(this.#options.lives(), this.#standing, this.#size(), abort.signal);
      while (sent !== undefined) {
        life = sent.life;
        isAnswered = false;
        this.#begin(sent);
        const ahead: Sent | undefined =
          this.#stopped || question !== undefined
            ? undefined
            : this.#inFlight.postAhead(sent, this.#standing.cursor, this.#size(), abort.signal);
        const answer: ExchangeResponse = await sent.answer;
        if (question !== undefined) {
          this.#options.lineage.heard(question, answer);
          isAnswered = true;
          this.#goOn();
          this.#end("proper", null, 0);
          break;
        }
        refuseStandstill(sent.request, answer);
        isAnswered = true;
        this.#end("proper", null, this.#succeed(sent, goingOn(sent.request, answer, this.#standing.cursor)));
        this.#inFlight.isProven = true;
        // It follows the whole batch; when less was taken, it is sent again in its place.
        sent = answer.durableThrough === lastSeqOf(sent.request) ? ahead : undefined;
        if (sent !== undefined) this.#options.onChange();
      }
    } catch (cause) {
      this.#inFlight.isProven = false;
      const failure = asSyncError(cause);
      const counted = this.#fail(life, failure, sent ?? {});
      // What fails after a proper answer fails on this till.
      const shows = counted === null || isAnswered ? "proper" : treatmentOf(counted.code).shows;
      this.#end(shows, counted ?? failure, 0);
    } finally {
      abort.abort();
      this.#sending = null;
      this.#underWay = null;
      for (const wake of this.#idle.splice(0)) wake();
      this.#options.onChange();
      this.#turn();
    }
  }

  #begin(sent: Sent): void {
    const { monotonicMs: begunAtMs, wallMs: begunAtWallMs } = this.#moment();
    this.#underWay = { sent, begunAtMs, begunAtWallMs, attemptNumber: this.#lane.failures + 1 };
    this.#lane = begun(this.#lane);
    this.#options.onBegin();
  }

  /** Tells how an exchange went: to the connectivity, and to those who keep a history. */
  #end(observation: Observation, failure: SyncError | null, sent: number): void {
    const underWay = this.#underWay;
    this.#underWay = null;
    if (underWay === null || this.#stopped) return;
    const durationMs = Math.round(this.#moment().monotonicMs - underWay.begunAtMs);
    this.#refused = failure !== null && observation === "troubled";
    this.#options.onHeard(observation, durationMs);
    try {
      this.#options.onAttempt?.(attemptOf(underWay, { durationMs, failure, shouldRetry: !this.#lane.halted, sent }));
    } catch {
      // Whoever keeps the history: the loop goes on without it.
    }
  }

  /** The first batch of a process is sent before the centre has said anything. */
  #size(): BatchSize {
    const { changes, bytes } = this.#lane.size;
    return { changes: Math.min(changes, this.#options.maxBatchChanges), bytes };
  }

  /** @returns how many changes became durable */
  #succeed({ life, need: asked }: Sent, answer: ExchangeResponse): number {
    const { journal, ports, pace, others, lineage } = this.#options;
    this.#options.onReceipts(life, answer.receiptCounter);
    checkMark(journal, life, answer);
    lineage.agreed();
    const before = this.#lane;
    const lives = this.#options.lives();
    const present = lives.find((candidate) => candidate.ordinal === life.ordinal) ?? life;
    const restored = this.#serverEpoch !== null && this.#serverEpoch !== answer.serverEpoch;
    const news =
      answer.durableThrough !== present.durableThrough ||
      answer.cursor !== this.#standing.cursor ||
      answer.give.length > 0 ||
      before.failures > 0 ||
      answer.comparison !== undefined ||
      restored;
    const left = pendingOf(lives) - (answer.durableThrough - present.durableThrough);
    const more = answer.more && answer.cursor !== this.#standing.cursor;
    const busy = left > 0 || more || isNewlyNeeded(answer.need, asked);
    const largest = largestBatch(answer.limits, this.#options.maxBatchChanges);
    const next = succeeded(before, this.#moment(), { busy, pace, notBeforeMs: answer.pacing.notBeforeMs, largest });
    const standing = { ...this.#standing, cursor: answer.cursor, need: answer.need, shifts: undefined };
    if (news) {
      this.#options.commit((tx) => {
        applyAnswer(tx, { journal, sha256: ports.sha256, lives, life: present, ...this.#moment(), others }, answer);
        // A centre that was put back may have less of other lives too: it is asked again.
        if (restored) tx.run("UPDATE life SET compared = 0 WHERE ordinal < ?", lives.at(-1)?.ordinal ?? 0);
        writeLane(tx, next, {
          cursor: standing.cursor,
          serverEpoch: answer.serverEpoch,
          dueAtWallMs: this.#wallOf(next.dueAtMs),
        });
        lineage.remember(tx, present, answer);
      });
    }
    this.#lane = next;
    this.#standing = standing;
    this.#serverEpoch = answer.serverEpoch;
    this.#rewinds = 0;
    this.#askForShifts();
    if (lineage.isAsking || this.#options.lives().length > lives.length) this.#goOn();
    else if (left <= 0) {
      this.#flush = false;
      this.#settle();
    }
    return Math.max(0, answer.durableThrough - present.durableThrough);
  }

  /** A closed shift that is not settled has the next exchange sooner, and asks for what is missing. */
  #askForShifts(): void {
    try {
      const { soonMs, ...shifts } = this.#options.settlements.next();
      this.#standing = { ...this.#standing, shifts };
      const soonAtMs = this.#moment().monotonicMs + (soonMs ?? Number.POSITIVE_INFINITY);
      this.#lane = { ...this.#lane, dueAtMs: Math.min(this.#lane.dueAtMs, soonAtMs) };
    } catch {
      // A disk that takes no note of it now: nothing is lost, and the next answer asks again.
    }
  }

  /** @returns the failure as it counts; null when the answer was a proper one that says how to go on */
  #fail(life: Life, failure: SyncError, { isAhead = false, isQuestion = false }: Partial<Sent>): SyncError | null {
    let error = failure;
    this.#options.onReceipts(life, failure.details.receiptCounter);
    // One that overtook the one before it says nothing about where the centre stands now.
    if (isAhead && error.code === "GAP") return this.#goOn();
    try {
      if (error.code === "GAP" && this.#rewinds < MAX_REWINDS && rewind(this.#options, life, error)) {
        this.#rewinds++;
        return this.#goOn();
      }
    } catch (cause) {
      error = asSyncError(cause);
    }
    this.#rewinds = 0;
    // Whoever contradicts this till is asked how it has the life, before that is believed.
    const isDoubt = error.code === "FORK" && !isQuestion;
    if (isDoubt && this.#options.lineage.doubt(life) && !this.#stopped) return this.#goOn();
    if (this.#stopped) {
      this.#settle();
      return error;
    }
    const { pace, ports } = this.#options;
    if (error.code === "FEED_RESET" && this.#standing.cursor !== null) {
      // A proper answer that says how to go on ends every wait; without a cursor it counts as a failure, so nothing spins.
      this.#standing = { ...this.#standing, cursor: null };
      return this.#goOn();
    }
    const before = this.#lane;
    this.#lane = failed(before, this.#moment(), error, { pace, jitter: ports.ids.jitter() });
    if (this.#lane.failures === before.failures) return error; // a smaller batch goes at once
    this.#flush = this.#waiters.waitsBeyond(this.#attempt);
    const dueAtWallMs = this.#wallOf(this.#lane.dueAtMs);
    const { cursor } = this.#standing;
    try {
      this.#options.commit((tx) => writeLane(tx, this.#lane, { cursor, serverEpoch: this.#serverEpoch, dueAtWallMs }));
    } catch (cause) {
      // The note about the failure could not be kept on disk: it stays in memory, and what is wrong with the disk is shown.
      const { code, message } = asSyncError(cause);
      this.#lane = { ...this.#lane, error: { code, message } };
    }
    this.#settle(this.#attempt);
    if (this.#lane.halted) this.#settle();
    return error;
  }

  /** The next exchange is due at once. */
  #goOn(): null {
    this.#lane = { ...this.#lane, dueAtMs: this.#options.ports.clock.monotonicMs() };
    return null;
  }

  /** Tells those who wait for a flush how it went: all of them, or those whose turn ended with that attempt. */
  #settle(attempt = Number.POSITIVE_INFINITY): void {
    const left = pendingOf(this.#options.lives());
    const reason = left === 0 ? null : this.#stopped ? CUT_SHORT : this.#lane.error;
    this.#waiters.settle(attempt, left, reason);
  }

  #wallOf(monotonicMs: number): number {
    const { clock } = this.#options.ports;
    return clock.wallMs() + (monotonicMs - clock.monotonicMs());
  }

  #moment() {
    const { clock } = this.#options.ports;
    return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
  }
}
