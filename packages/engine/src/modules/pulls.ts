import {
  answersAgain,
  FRESH_LANE,
  failed,
  isSlow,
  type LaneState,
  MAX_WAIT_MS,
  type Pace,
  retryDelayMs,
  succeeded,
  treatmentOf,
  type Watched,
} from "@tillsync/lanes";
import { type GatewayModule, isErrorCode, SyncError } from "@tillsync/protocol";
import { bounded, deadlineMsOf } from "../deadline.ts";
import type { Flush, Ports, Sql } from "../ports.ts";
import { type Copy, readCopies } from "./copy.ts";
import { clean } from "./merge.ts";
import { copyKey, nextDueMs, type PullView, toBegin } from "./plan.ts";
import { askGateway, isCurrent, type PullDesk, pull } from "./pull.ts";
import { type Run, Runs } from "./runs.ts";
import type { SliceDesk } from "./slices.ts";
import { type ModulesStatus, type ModulesSummary, modulesStatus, NO_MODULES, summaryOf } from "./status.ts";

/** Between two pulls of one copy: a centre whose gateway and pages disagree must not be asked on and on. */
const REST_MS = 1_000;

/**
 * Rows of a page: some 300 KB, or a sixtieth of 250,000 rows, of which a kill costs two. Halved by each attempt that was cut
 * off, down to the smallest.
 */
const PAGE = 4_096;
const SMALLEST_PAGE = 128;

/** 003 `Config.maxSyncRetry`: attempts in a row at a module before its slow period, when nobody says otherwise. */
export const MAX_SYNC_RETRY = 5;

export interface PullsOptions {
  readonly ports: Pick<Ports, "clock" | "ids" | "store" | "sha256" | "transport">;
  readonly pace: Pace;
  readonly maxSyncRetry?: number | undefined;
  readonly commit: (fn: (tx: Sql) => void, flush?: Flush) => void;
  readonly onChange: () => void;
}

interface View extends PullView {
  readonly target: GatewayModule;
  readonly copy: Copy | undefined;
}

/**
 * What brings reference data down by itself: asks the gateway on the schedule, and pulls what has news, parents first, a few
 * copies at a time. It has timers, back-off and connections of its own, and never holds up sales or the exchange.
 */
export class ModulePulls {
  readonly #options: PullsOptions;
  /** As of the last thing that happened: every change of the till's status shows it, a sale's too. */
  summary: ModulesSummary = NO_MODULES;
  #gateway: LaneState = FRESH_LANE;
  #targets: readonly GatewayModule[] = [];
  readonly #lanes = new Map<string, LaneState>();
  readonly #limits = new Map<string, number>();
  /** What goes on now, by copy, and `gateway` and `clean` besides. */
  readonly #runs: Runs;
  /** When it looks next whether something is due, monotonic. */
  #lookAtMs = 0;
  #cancelTimer: (() => void) | null = null;
  #stopped = true;

  constructor(options: PullsOptions) {
    this.#options = options;
    this.#runs = new Runs(options.ports.clock);
  }

  /** A pull takes as long as it takes; what it waits for may not. */
  get watched(): Watched {
    return {
      dueAtMs: this.#lookAtMs,
      begunAtMs: this.#runs.silentSinceMs,
      deadlineMs: deadlineMsOf(this.#options.ports.transport),
      halted: this.#stopped,
    };
  }

  start(): void {
    if (this.#options.ports.transport.fetch === undefined) return;
    this.#stopped = false;
    this.#gateway = { ...this.#gateway, dueAtMs: this.#nowMs() };
    this.#turn();
  }

  /** Somebody wants the news now: every wait ends. */
  nudge(): void {
    const dueAtMs = this.#nowMs();
    this.#gateway = { ...this.#gateway, dueAtMs };
    for (const [key, lane] of this.#lanes) this.#lanes.set(key, { ...lane, dueAtMs });
    this.#turn();
  }

  /** The centre answers as it should after it did not. */
  answersAgain(): void {
    const moved = (lane: LaneState) => answersAgain(lane, this.#nowMs(), this.#options.ports.ids.jitter());
    if (this.#gateway.failures > 0) this.#gateway = moved(this.#gateway);
    for (const [key, lane] of this.#lanes) if (lane.failures > 0) this.#lanes.set(key, moved(lane));
    this.#turn();
  }

  /** The watchdog found that something stands still. */
  repair(): void {
    this.#runs.giveUpSilent(this.#nowMs() - this.watched.deadlineMs);
    this.#turn();
  }

  /** Ends what is under way; it goes on from there at the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    await this.#runs.stop();
  }

  status(): ModulesStatus {
    const { clock, store } = this.#options.ports;
    const wallOf = (atMs: number) => clock.wallMs() + (atMs - clock.monotonicMs());
    const own = { targets: this.#targets, gateway: this.#gateway, lanes: this.#lanes, running: this.#runs.names };
    return modulesStatus({ ...own, copies: readCopies(store.read), wallOf });
  }

  #turn(): void {
    if (this.#stopped) return;
    this.#cancelTimer?.();
    const waitMs = unlessBroken(() => this.#begin(this.#nowMs())) ?? MAX_WAIT_MS;
    this.#lookAtMs = this.#nowMs() + waitMs;
    this.#cancelTimer = this.#options.ports.clock.after(waitMs, () => this.#turn());
  }

  /** Begins what is due. @returns after how long to look again, milliseconds */
  #begin(nowMs: number): number {
    if (this.#gateway.dueAtMs <= nowMs && !this.#runs.has("gateway")) this.#ask();
    const views = this.#gateway.failures > 0 ? [] : this.#views();
    for (const { target } of toBegin(views, nowMs)) this.#pull(target);
    // What is under way looks again when it ends.
    const askAtMs = this.#runs.has("gateway") ? Number.POSITIVE_INFINITY : this.#gateway.dueAtMs;
    return Math.min(Math.max(Math.min(askAtMs, nextDueMs(views, nowMs)) - nowMs, 1), MAX_WAIT_MS);
  }

  #views(): View[] {
    const copies = new Map(this.#copies().map((copy) => [copyKey(copy), copy]));
    return this.#targets.map((target) => {
      const key = copyKey(target);
      const copy = copies.get(key);
      const { failures, dueAtMs } = this.#lanes.get(key) ?? FRESH_LANE;
      const wants = copy === undefined || !isCurrent(copy, target);
      const isGivenTime = failures >= this.#maxSyncRetry && copy !== undefined && copy.base !== null;
      const { module, dependsOn } = target;
      return { target, copy, module, dependsOn, wants, isGivenTime, dueAtMs, isRunning: this.#runs.has(key) };
    });
  }

  #run(key: string, work: (run: Run) => Promise<void>, over: (error: SyncError | null) => void): void {
    this.#runs.begin(key, work, (cause) => {
      unlessBroken(() => over(cause === undefined ? null : asSyncError(cause)));
      // A database that cannot be read tells its trouble to the next verb; a till must not end over its reference data.
      this.#tell();
      this.#turn();
    });
  }

  #ask(): void {
    let targets = this.#targets;
    const work = async (run: Run) => {
      targets = await askGateway(this.#desk("gateway", run));
    };
    this.#run("gateway", work, (error) => {
      this.#gateway = error === null ? this.#succeeded(this.#gateway) : this.#failed(this.#gateway, error);
      if (error !== null) return;
      this.#targets = targets;
      if (this.#runs.size === 0) this.#clean();
    });
  }

  #pull(target: GatewayModule): void {
    const key = copyKey(target);
    const lane = this.#lanes.get(key) ?? FRESH_LANE;
    this.#run(
      key,
      (run) => pull(this.#desk(key, run), target, target),
      (error) => {
        if (error !== null) {
          if (treatmentOf(error.code).shrinks) this.#limits.set(key, this.#smaller(key));
          this.#lanes.set(key, this.#failed(lane, error));
          return;
        }
        this.#lanes.set(key, { ...this.#succeeded(lane), dueAtMs: this.#nowMs() + REST_MS });
        this.#limits.delete(key);
        // What it has now may be newer than what the gateway said.
        this.#targets = this.#targets.map((each) => (each === target ? this.#reached(each) : each));
      },
    );
  }

  /** Mending what earlier pulls left waits for nothing and nobody waits for it; what fails is tried after the next answer. */
  #clean(): void {
    const { read } = this.#options.ports.store;
    this.#run(
      "clean",
      (run) => clean(this.#slices(run), read),
      () => {},
    );
  }

  #reached(target: GatewayModule): GatewayModule {
    const copy = this.#copies().find((each) => copyKey(each) === copyKey(target));
    return copy?.cursor ? { ...target, cursor: copy.cursor, n: copy.n, rows: copy.rows, news: 0 } : target;
  }

  #smaller(key: string): number {
    return Math.max(SMALLEST_PAGE, (this.#limits.get(key) ?? PAGE) >> 1);
  }

  #copies(): Copy[] {
    return readCopies(this.#options.ports.store.read);
  }

  #desk(key: string, run: Run): PullDesk {
    const { ports } = this.#options;
    const { clock, ids, store, sha256, transport } = ports;
    const own: Pick<PullDesk, "fetch" | "onProgress" | "limit"> = {
      fetch: async (request, until, correlationId) => {
        if (transport.fetch === undefined) throw new SyncError("INTERNAL", "There is no way to fetch modules.");
        const coming = transport.fetch(request, until, correlationId);
        const lines = await bounded(coming, { clock, deadlineMs: deadlineMsOf(transport), signal: until }).answer;
        run.goesOn();
        return lines;
      },
      onProgress: () => this.#tell(),
      limit: this.#limits.get(key) ?? PAGE,
    };
    return { ...this.#slices(run), ids, sha256, read: store.read, ...own };
  }

  /**
   * What a power cut takes of this is fetched again, so no slice waits for the disk; whatever is sold meanwhile flushes it
   * along. SQLite's log keeps the order, so a place is never ahead of its rows.
   */
  #slices({ signal, goesOn }: Run): SliceDesk {
    const commit = (fn: (tx: Sql) => void) => {
      signal.throwIfAborted();
      this.#options.commit(fn, "later");
      goesOn();
    };
    return { clock: this.#options.ports.clock, signal, commit };
  }

  #succeeded(lane: LaneState): LaneState {
    const pace = { ...this.#options.pace, intervalMs: askEveryMs(this.#options.pace) };
    return succeeded(lane, this.#moment(), { busy: false, pace, notBeforeMs: 0, largest: lane.size });
  }

  #failed(lane: LaneState, error: SyncError): LaneState {
    if (this.#stopped) return lane;
    const { pace, ports } = this.#options;
    const jitter = ports.ids.jitter();
    const next = failed(lane, this.#moment(), error, { pace, jitter });
    if (next.failures < this.#maxSyncRetry || isSlow({ failures: next.failures, wait: "burst" })) return next;
    const slowMs = retryDelayMs(pace, { failures: next.failures, wait: "pause", retryAfterMs: undefined, jitter });
    return { ...next, dueAtMs: Math.max(next.dueAtMs, this.#nowMs() + slowMs) };
  }

  get #maxSyncRetry(): number {
    return this.#options.maxSyncRetry ?? MAX_SYNC_RETRY;
  }

  #tell(): void {
    if (this.#stopped) return;
    this.summary = unlessBroken(() => summaryOf(this.status())) ?? this.summary;
    this.#options.onChange();
  }

  #nowMs(): number {
    return this.#options.ports.clock.monotonicMs();
  }

  #moment() {
    const { clock } = this.#options.ports;
    return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
  }
}

/**
 * An answer of the gateway takes a kilobyte or two, and prices are known ahead of their time: asking with every exchange
 * would cost an idle till more than all else it does.
 */
function askEveryMs({ intervalMs }: Pace): number {
  return Math.min(20 * 60_000, Math.max(60_000, 30 * intervalMs));
}

function asSyncError(cause: unknown): SyncError {
  if (cause instanceof SyncError && isErrorCode(cause.code)) return cause;
  return new SyncError("INTERNAL", "Reference data could not be taken in on this till.", {}, cause);
}

/** A database that cannot be read tells its trouble to the next verb; what goes on by itself must not end over it. */
function unlessBroken<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
