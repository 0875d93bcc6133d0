import { type BatchSize, type Pace, plan } from "@tillsync/lanes";
import { type ExchangeRequest, type ExchangeResponse, SyncError } from "@tillsync/protocol";
import { applyAnswer, buildRequest, checkMark, pendingOf, type Standing, sendingLife } from "./central.ts";
import type { Journal, Life } from "./journal.ts";
import { FRESH_LANE, failed, type LaneState, largestBatch, succeeded } from "./lane-state.ts";
import type { Ports, Sql } from "./ports.ts";
import type { SyncResult } from "./verbs.ts";

/** How often a lower mark of the centre is followed without a success in between, before it counts as a failure. */
const MAX_REWINDS = 3;

/** An exchange under way. */
interface Sent {
  readonly life: Life;
  readonly request: ExchangeRequest;
  /** Rows that the centre lacked when this was sent; those that could be repaired are in it. */
  readonly need: Standing["need"];
  /** Sent before the answer to the one before it. */
  readonly isAhead: boolean;
  readonly answer: Promise<ExchangeResponse>;
}

function lastSeqOf({ fromSeq, changes }: ExchangeRequest): number {
  return fromSeq + changes.length - 1;
}

export interface LoopOptions {
  readonly ports: Ports;
  readonly journal: Journal;
  readonly pace: Pace;
  /** Changes in one exchange at most. */
  readonly maxBatchChanges: number;
  /** Lives as of the last commit. */
  readonly lives: () => readonly Life[];
  /** Runs a transaction of the loop's own on the till's database; after trouble the terminal is stopped. */
  readonly commit: (fn: (tx: Sql) => void) => void;
  readonly onChange: () => void;
  /** What the centre says of the receipts of a life, before anything else of its answer or refusal is looked at. Never throws. */
  readonly onReceipts: (life: Life, receiptCounter: unknown) => void;
}

interface Waiter {
  readonly from: number;
  /** The first attempt that was begun for it: one that was under way already says nothing about now. */
  readonly attempt: number;
  readonly resolve: (result: SyncResult) => void;
}

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
  /** The last exchange of this process was answered: what follows may be sent before its own answer is there. */
  #isProven = false;
  #sending: AbortController | null = null;
  #cancelTimer: (() => void) | null = null;
  #stopped = true;
  #waiters: Waiter[] = [];
  #idle: (() => void)[] = [];

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  get state(): LaneState & { readonly sending: boolean } {
    return { ...this.#lane, sending: this.#sending !== null };
  }

  /** Reads where the lane stood and begins: a start of the process is a reason to send at once. */
  start(): void {
    const row = this.#options.ports.store.read.get<LaneRow>(`SELECT ${LANE_COLUMNS} FROM lane WHERE name = 'central'`);
    const now = this.#options.ports.clock.monotonicMs();
    if (row) {
      const error = row.errorCode === null ? null : { code: row.errorCode, message: row.errorMessage ?? "" };
      const { failures, lastAttemptAt, lastSuccessAt } = row;
      this.#lane = { ...FRESH_LANE, failures, lastAttemptAt, lastSuccessAt, error, halted: row.halted === 1 };
      this.#standing = { cursor: row.cursor, need: [] };
      this.#serverEpoch = row.serverEpoch;
    }
    this.#lane = { ...this.#lane, dueAtMs: now };
    this.#stopped = false;
    this.#turn();
  }

  /** Something worth sending at once was committed. While the target fails, its own back-off decides. */
  nudge(): void {
    if (this.#lane.failures === 0) this.#lane = { ...this.#lane, dueAtMs: this.#options.ports.clock.monotonicMs() };
    this.#turn();
  }

  /** Sends everything up to here, now. Resolves when it is gone, or with the reason why it is not. */
  flush(): Promise<SyncResult> {
    if (this.#stopped)
      return Promise.reject(new SyncError("TERMINAL_STOPPED", "The terminal is stopped; start it again first."));
    this.#flush = true;
    const from = pendingOf(this.#options.lives());
    return new Promise((resolve) => {
      this.#waiters.push({ from, attempt: this.#attempt + 1, resolve });
      this.#turn();
      if (this.#lane.halted) this.#settle();
    });
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
    let ahead: Sent | undefined;
    let life = sendingLife(this.#options.lives());
    try {
      this.#options.onChange();
      sent = this.#post(this.#options.lives(), this.#standing, abort.signal);
      while (sent !== undefined) {
        life = sent.life;
        ahead = this.#postAhead(sent, abort.signal);
        const answer: ExchangeResponse = await sent.answer;
        refuseStandstill(sent.request, answer);
        this.#succeed(sent, answer);
        this.#isProven = true;
        // It follows the whole batch; when less was taken, it is sent again in its place.
        sent = answer.durableThrough === lastSeqOf(sent.request) ? ahead : undefined;
        if (sent !== undefined) this.#options.onChange();
      }
    } catch (cause) {
      this.#isProven = false;
      this.#fail(life, asSyncError(cause), sent?.isAhead === true);
    } finally {
      abort.abort();
      this.#sending = null;
      for (const wake of this.#idle.splice(0)) wake();
      this.#options.onChange();
      this.#turn();
    }
  }

  #post(lives: readonly Life[], standing: Standing, signal: AbortSignal): Sent {
    const { journal, ports } = this.#options;
    const life = sendingLife(lives);
    const request = buildRequest(journal, lives, standing, this.#size());
    const answer = ports.transport.exchange(request, signal);
    return { life, request, need: standing.need, isAhead: false, answer };
  }

  /**
   * The batch after one that is under way, as if that had been answered: the centre reads it while it stores the first
   * one, and refuses it when the first did not arrive (go-back-N with two). Only for a backlog, and only to a centre
   * that has just answered.
   */
  #postAhead({ life: { ordinal }, request }: Sent, signal: AbortSignal): Sent | undefined {
    const last = request.changes.at(-1);
    const durableThrough = lastSeqOf(request);
    // As it is now: what was sold since the last one was sent may be in this batch.
    const life = this.#options.lives().find((candidate) => candidate.ordinal === ordinal);
    if (!this.#isProven || this.#stopped || last === undefined || life === undefined) return undefined;
    if (durableThrough >= life.headSeq) return undefined;
    const after = { ...life, durableThrough, durableHash: last.hash };
    const sent = this.#post([after], { cursor: this.#standing.cursor, need: [] }, signal);
    sent.answer.catch(() => {}); // told when its turn comes, or never when the first one failed
    return { ...sent, isAhead: true };
  }

  /** The first batch of a process is sent before the centre has said anything. */
  #size(): BatchSize {
    const { changes, bytes } = this.#lane.size;
    return { changes: Math.min(changes, this.#options.maxBatchChanges), bytes };
  }

  #succeed({ life, need: asked }: Sent, answer: ExchangeResponse): void {
    const { journal, ports, pace } = this.#options;
    this.#options.onReceipts(life, answer.receiptCounter);
    checkMark(journal, life, answer);
    const before = this.#lane;
    const lives = this.#options.lives();
    const present = lives.find((candidate) => candidate.ordinal === life.ordinal) ?? life;
    const restored = this.#serverEpoch !== null && this.#serverEpoch !== answer.serverEpoch;
    const news =
      answer.durableThrough !== present.durableThrough ||
      answer.cursor !== this.#standing.cursor ||
      answer.give.length > 0 ||
      before.failures > 0 ||
      restored;
    const left = pendingOf(lives) - (answer.durableThrough - present.durableThrough);
    const more = answer.more && answer.cursor !== this.#standing.cursor;
    const busy = left > 0 || more || isNewlyNeeded(answer.need, asked);
    const largest = largestBatch(answer.limits, this.#options.maxBatchChanges);
    const next = succeeded(before, this.#moment(), { busy, pace, notBeforeMs: answer.pacing.notBeforeMs, largest });
    const standing = { cursor: answer.cursor, need: answer.need };
    if (news) {
      this.#options.commit((tx) => {
        applyAnswer(tx, { journal, sha256: ports.sha256, lives, life: present }, answer);
        writeLane(
          tx,
          next,
          standing.cursor,
          answer.serverEpoch,
          ports.clock.wallMs() + (next.dueAtMs - ports.clock.monotonicMs()),
        );
      });
    }
    this.#lane = next;
    this.#standing = standing;
    this.#serverEpoch = answer.serverEpoch;
    this.#rewinds = 0;
    if (left <= 0) {
      this.#flush = false;
      this.#settle();
    }
  }

  #fail(life: Life, failure: SyncError, isAhead: boolean): void {
    let error = failure;
    this.#options.onReceipts(life, failure.details.receiptCounter);
    if (isAhead && error.code === "GAP") {
      // It overtook the one before it, and says nothing about where the centre stands now.
      this.#lane = { ...this.#lane, dueAtMs: this.#options.ports.clock.monotonicMs() };
      return;
    }
    try {
      if (error.code === "GAP" && this.#rewind(life, error)) return;
    } catch (cause) {
      error = asSyncError(cause);
    }
    this.#rewinds = 0;
    if (this.#stopped) {
      this.#settle();
      return;
    }
    const { pace, ports } = this.#options;
    if (error.code === "FEED_RESET" && this.#standing.cursor !== null) {
      // A proper answer that says how to go on ends every wait; without a cursor it counts as a failure, so nothing spins.
      this.#standing = { ...this.#standing, cursor: null };
      this.#lane = { ...this.#lane, dueAtMs: ports.clock.monotonicMs() };
      return;
    }
    const before = this.#lane;
    this.#lane = failed(before, this.#moment(), error, { pace, jitter: ports.ids.jitter() });
    if (this.#lane.failures === before.failures) return; // a smaller batch goes at once
    this.#flush = this.#waiters.some(({ attempt }) => attempt > this.#attempt);
    const dueAt = ports.clock.wallMs() + (this.#lane.dueAtMs - ports.clock.monotonicMs());
    try {
      this.#options.commit((tx) => writeLane(tx, this.#lane, this.#standing.cursor, this.#serverEpoch, dueAt));
    } catch (cause) {
      // The note about the failure could not be kept on disk: it stays in memory, and what is wrong with the disk is shown.
      const { code, message } = asSyncError(cause);
      this.#lane = { ...this.#lane, error: { code, message } };
    }
    this.#settle(this.#attempt);
    if (this.#lane.halted) this.#settle();
  }

  /** The centre has less (restored from a backup) or more than we thought: believe its mark if our chain agrees, and go on from there. */
  #rewind(life: Life, error: SyncError): boolean {
    const { durableThrough, chainHash } = error.details;
    if (typeof durableThrough !== "number" || typeof chainHash !== "string" || this.#rewinds >= MAX_REWINDS)
      return false;
    this.#rewinds++;
    const { journal } = this.#options;
    checkMark(journal, life, { durableThrough, chainHash });
    this.#options.commit((tx) => {
      tx.run(
        "UPDATE life SET durable_through = ?, durable_hash = unhex(?) WHERE ordinal = ?",
        durableThrough,
        chainHash,
        life.ordinal,
      );
    });
    this.#lane = { ...this.#lane, dueAtMs: this.#options.ports.clock.monotonicMs() };
    return true;
  }

  /** Tells those who wait for a flush how it went: all of them, or those whose turn ended with that attempt. */
  #settle(attempt = Number.POSITIVE_INFINITY): void {
    const left = pendingOf(this.#options.lives());
    const reason = left === 0 ? null : this.#stopped ? CUT_SHORT : this.#lane.error;
    const waiters = this.#waiters.splice(0);
    this.#waiters = waiters.filter((waiter) => waiter.attempt > attempt);
    for (const waiter of waiters) {
      if (waiter.attempt <= attempt) waiter.resolve({ sent: Math.max(0, waiter.from - left), left, reason });
    }
  }

  #moment() {
    const { clock } = this.#options.ports;
    return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
  }
}

/**
 * Rows asked for again by the answer to what would have repaired them cannot be repaired from here: asking and answering
 * on without a pause changes nothing.
 */
function isNewlyNeeded(need: Standing["need"], asked: Standing["need"]): boolean {
  if (need.length > 0 && need.length < asked.length) return true;
  const before = new Set(asked.map(({ incarnation, seq }) => `${incarnation}/${seq}`));
  return need.some(({ incarnation, seq }) => !before.has(`${incarnation}/${seq}`));
}

const CUT_SHORT = {
  code: "TERMINAL_STOPPED",
  message: "The terminal was stopped before everything was sent; it goes on at its next start.",
};

/** @throws SyncError NOT_AN_ANSWER when changes were sent and none was taken: asking again at once would go on for ever */
function refuseStandstill(request: ExchangeRequest, answer: ExchangeResponse): void {
  if (request.changes.length === 0 || answer.durableThrough >= request.fromSeq) return;
  throw new SyncError("NOT_AN_ANSWER", "The centre answered without taking any of the changes that were sent.");
}

function asSyncError(cause: unknown): SyncError {
  return cause instanceof SyncError
    ? cause
    : new SyncError("INTERNAL", "The exchange failed inside the terminal.", {}, cause);
}

interface LaneRow {
  readonly failures: number;
  readonly lastAttemptAt: number | null;
  readonly lastSuccessAt: number | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  readonly halted: number;
  readonly cursor: string | null;
  readonly serverEpoch: string | null;
}

const LANE_COLUMNS = `failures, last_attempt_at AS lastAttemptAt, last_success_at AS lastSuccessAt, error_code AS errorCode,
  error_message AS errorMessage, halted, cursor, server_epoch AS serverEpoch`;

function writeLane(
  tx: Sql,
  lane: LaneState,
  cursor: string | null,
  serverEpoch: string | null,
  dueAtWallMs: number,
): void {
  tx.run(
    `INSERT INTO lane (name, failures, due_at, last_attempt_at, last_success_at, error_code, error_message, halted, cursor, server_epoch)
     VALUES ('central', ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET failures = excluded.failures, due_at = excluded.due_at,
       last_attempt_at = excluded.last_attempt_at, last_success_at = excluded.last_success_at,
       error_code = excluded.error_code, error_message = excluded.error_message, halted = excluded.halted,
       cursor = excluded.cursor, server_epoch = excluded.server_epoch`,
    lane.failures,
    Math.round(dueAtWallMs),
    lane.lastAttemptAt,
    lane.lastSuccessAt,
    lane.error?.code ?? null,
    lane.error?.message ?? null,
    lane.halted ? 1 : 0,
    cursor,
    serverEpoch,
  );
}
