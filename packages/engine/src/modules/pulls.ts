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
import type { Flush, Ports, Sql } from "../ports.ts";
import { type Copy, readCopies } from "./copy.ts";
import { clean } from "./merge.ts";
import { copyKey, nextDueMs, type PullView, toBegin } from "./plan.ts";
import { askGateway, isCurrent, type PullDesk, pull } from "./pull.ts";
import { type ModulesStatus, type ModulesSummary, modulesStatus, NO_MODULES, summaryOf } from "./status.ts";

/** After a look that failed. */
const LOOK_AGAIN_MS = 10_000;

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
  readonly #running = new Map<string, Promise<void>>();
  #begunAtMs: number | null = null;
  #abort = new AbortController();
  #cancelTimer: (() => void) | null = null;
  #stopped = true;

  constructor(options: PullsOptions) {
    this.#options = options;
  }

  get watched(): Watched {
    return { dueAtMs: this.#gateway.dueAtMs, begunAtMs: this.#begunAtMs, deadlineMs: 60_000, halted: this.#stopped };
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

  /** Ends what is under way; it goes on from there at the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#abort.abort();
    await Promise.all(this.#running.values());
  }

  status(): ModulesStatus {
    const { clock, store } = this.#options.ports;
    const wallOf = (atMs: number) => clock.wallMs() + (atMs - clock.monotonicMs());
    const own = { targets: this.#targets, gateway: this.#gateway, lanes: this.#lanes, running: this.#running };
    return modulesStatus({ ...own, copies: readCopies(store.read), wallOf });
  }

  /** A disk that cannot be read just now is looked at again: no trouble with reference data may end the till. */
  #turn(before: () => void = () => {}): void {
    try {
      before();
      this.#look();
    } catch {
      this.#cancelTimer?.();
      if (this.#stopped) return;
      this.#cancelTimer = this.#options.ports.clock.after(LOOK_AGAIN_MS, () => this.#turn());
    }
  }

  #look(): void {
    if (this.#stopped) return;
    this.#cancelTimer?.();
    const nowMs = this.#nowMs();
    if (this.#gateway.dueAtMs <= nowMs) this.#run("gateway", (signal) => this.#ask(signal));
    const views = this.#gateway.failures > 0 ? [] : this.#views();
    for (const { target } of toBegin(views, nowMs)) this.#run(copyKey(target), (signal) => this.#pull(target, signal));
    // What is under way looks again when it ends.
    const askAtMs = this.#running.has("gateway") ? Number.POSITIVE_INFINITY : this.#gateway.dueAtMs;
    const waitMs = Math.min(Math.max(Math.min(askAtMs, nextDueMs(views, nowMs)) - nowMs, 1), MAX_WAIT_MS);
    this.#cancelTimer = this.#options.ports.clock.after(waitMs, () => this.#turn());
  }

  #views(): View[] {
    const copies = new Map(readCopies(this.#options.ports.store.read).map((copy) => [copyKey(copy), copy]));
    return this.#targets.map((target) => {
      const key = copyKey(target);
      const copy = copies.get(key);
      const { failures, dueAtMs } = this.#lanes.get(key) ?? FRESH_LANE;
      const wants = copy === undefined || !isCurrent(copy, target);
      const isGivenTime = failures >= this.#maxSyncRetry && copy !== undefined && copy.base !== null;
      const { module, dependsOn } = target;
      return { target, copy, module, dependsOn, wants, isGivenTime, dueAtMs, isRunning: this.#running.has(key) };
    });
  }

  #run(key: string, work: (signal: AbortSignal) => Promise<void>): void {
    if (this.#running.has(key)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#running.set(key, promise);
    void work(this.#abort.signal).finally(() => {
      this.#running.delete(key);
      resolve();
      this.#turn(() => this.#tell());
    });
  }

  async #ask(signal: AbortSignal): Promise<void> {
    this.#begunAtMs = this.#nowMs();
    try {
      this.#targets = await askGateway(this.#desk("gateway", signal));
      this.#gateway = this.#succeeded(this.#gateway);
      if (this.#running.size <= 1) this.#run("clean", (ends) => this.#clean(ends));
    } catch (cause) {
      this.#gateway = this.#failed(this.#gateway, asSyncError(cause));
    } finally {
      this.#begunAtMs = null;
    }
  }

  async #pull(target: GatewayModule, signal: AbortSignal): Promise<void> {
    const key = copyKey(target);
    const lane = this.#lanes.get(key) ?? FRESH_LANE;
    try {
      await pull(this.#desk(key, signal), target, target);
      this.#lanes.set(key, { ...this.#succeeded(lane), dueAtMs: this.#nowMs() + REST_MS });
      this.#limits.delete(key);
      // What it has now may be newer than what the gateway said.
      this.#targets = this.#targets.map((each) => (each === target ? this.#reached(each) : each));
    } catch (cause) {
      const error = asSyncError(cause);
      if (treatmentOf(error.code).shrinks) this.#limits.set(key, this.#smaller(key));
      this.#lanes.set(key, this.#failed(lane, error));
    }
  }

  /** Mending what earlier pulls left waits for nothing and nobody waits for it; what fails is tried after the next answer. */
  async #clean(signal: AbortSignal): Promise<void> {
    const { clock, store } = this.#options.ports;
    await clean({ clock, signal, commit: this.#commit }, store.read).catch(() => {});
  }

  #reached(target: GatewayModule): GatewayModule {
    const copy = readCopies(this.#options.ports.store.read).find((each) => copyKey(each) === copyKey(target));
    return copy?.cursor ? { ...target, cursor: copy.cursor, n: copy.n, rows: copy.rows, news: 0 } : target;
  }

  #smaller(key: string): number {
    return Math.max(SMALLEST_PAGE, (this.#limits.get(key) ?? PAGE) >> 1);
  }

  #desk(key: string, signal: AbortSignal): PullDesk {
    const { ports } = this.#options;
    const { clock, ids, store, sha256, transport } = ports;
    const commit = this.#commit;
    const own: Pick<PullDesk, "fetch" | "onProgress" | "limit"> = {
      fetch: (request, until, correlationId) => {
        if (transport.fetch === undefined) throw new SyncError("INTERNAL", "There is no way to fetch modules.");
        return transport.fetch(request, until, correlationId);
      },
      onProgress: () => this.#tell(),
      limit: this.#limits.get(key) ?? PAGE,
    };
    return { clock, ids, sha256, commit, signal, read: store.read, ...own };
  }

  /**
   * What a power cut takes of this is fetched again, so no slice waits for the disk; whatever is sold meanwhile flushes it
   * along. SQLite's log keeps the order, so a place is never ahead of its rows.
   */
  readonly #commit = (fn: (tx: Sql) => void): void => this.#options.commit(fn, "later");

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
    this.summary = summaryOf(this.status());
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
