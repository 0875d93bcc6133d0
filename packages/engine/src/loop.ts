import { type BatchSize, type Pace, plan } from "@tillsync/lanes";
import { type ExchangeRequest, type ExchangeResponse, SyncError } from "@tillsync/protocol";
import { applyAnswer, buildRequest, checkMark, pendingOf, type Standing, sendingLife } from "./central.ts";
import type { Journal, Life } from "./journal.ts";
import { FRESH_LANE, failed, type LaneState, largestBatch, succeeded } from "./lane-state.ts";
import type { Ports, Sql } from "./ports.ts";
import type { SyncResult } from "./verbs.ts";

/** How often a lower mark of the centre is followed without a success in between, before it counts as a failure. */
const MAX_REWINDS = 3;

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
}

interface Waiter {
  readonly from: number;
  /** The first attempt that was begun for it: one that was under way already says nothing about now. */
  readonly attempt: number;
  readonly resolve: (result: SyncResult) => void;
}

/**
 * The one control loop of a terminal: plan, act, write down, plan again. One exchange is in flight at most, and one timer
 * is set while none is. Nothing but `stop` ends it; a halted lane makes it rest until a person or recovery acts.
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

  async #send(): Promise<void> {
    const abort = new AbortController();
    this.#sending = abort;
    this.#attempt++;
    const { journal, ports } = this.#options;
    const lives = this.#options.lives();
    const life = sendingLife(lives);
    try {
      this.#options.onChange();
      const request = buildRequest(journal, lives, this.#standing, this.#size());
      const answer = await ports.transport.exchange(request, abort.signal);
      refuseStandstill(request, answer);
      this.#succeed(life, answer);
    } catch (cause) {
      this.#fail(life, asSyncError(cause));
    } finally {
      this.#sending = null;
      for (const wake of this.#idle.splice(0)) wake();
      this.#options.onChange();
      this.#turn();
    }
  }

  /** The first batch of a process is sent before the centre has said anything. */
  #size(): BatchSize {
    const { changes, bytes } = this.#lane.size;
    return { changes: Math.min(changes, this.#options.maxBatchChanges), bytes };
  }

  #succeed(life: Life, answer: ExchangeResponse): void {
    const { journal, ports, pace } = this.#options;
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
    const busy = left > 0 || more || this.#isNewlyNeeded(answer.need);
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

  /** Rows asked for a second time could not be repaired from here; asking and answering on without a pause changes nothing. */
  #isNewlyNeeded(need: Standing["need"]): boolean {
    if (need.length > 0 && need.length < this.#standing.need.length) return true;
    const asked = new Set(this.#standing.need.map(({ incarnation, seq }) => `${incarnation}/${seq}`));
    return need.some(({ incarnation, seq }) => !asked.has(`${incarnation}/${seq}`));
  }

  #fail(life: Life, failure: SyncError): void {
    let error = failure;
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
