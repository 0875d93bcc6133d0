import type { Watched } from "@tillsync/lanes";
import type { BesideLane } from "../beside-lane.ts";
import type { Journal } from "../journal.ts";
import { inSlices } from "../modules/slices.ts";
import type { Clock, Flush, LocalStore, Ports, Sql } from "../ports.ts";
import { clockOffsetMs } from "../records/edits.ts";
import type { TerminalSettings } from "../settings.ts";
import { Pass } from "./pass.ts";
import { RETIRED_KINDS, type Rule, ruleOf } from "./rule.ts";

/** Days that a change stays whole at least, when nobody says otherwise (design section 4.7). */
export const KEEP_WHOLE_DAYS = 30;

const DAY_MS = 24 * 60 * 60_000;
/** The time of the start belongs to what a shop waits for. */
const FIRST_LOOK_MS = 10 * 60_000;
/** A day's changes are retired within it, so that no pass is long. */
const LOOK_EVERY_MS = 60 * 60_000;

/** Slices come a moment after each other; a pass that is silent for longer has lost its timer. */
const SILENT_MS = 60_000;

/** A pass under way; `aliveAtMs` is when its last slice began, monotonic. */
interface Running {
  readonly abort: AbortController;
  aliveAtMs: number;
}

/** What a till's journal has given up. */
export interface Retired {
  /** Changes of which only their place in the chain is left. */
  readonly changes: number;
  /** Bytes that they had. */
  readonly bytes: number;
}

export interface RetirementSettings {
  /** Default 30. */
  readonly keepDays?: number | undefined;
  /** Between two looks, milliseconds; default an hour, and ten minutes after the start. */
  readonly lookEveryMs?: number | undefined;
  /** The business date of a moment. */
  readonly dayOf: (at: string) => string;
  readonly besides?: (() => readonly BesideLane[]) | undefined;
}

export interface RetirementOptions {
  readonly ports: Pick<Ports, "clock" | "store">;
  readonly journal: Journal;
  readonly retirement: RetirementSettings;
  readonly commit: (fn: (tx: Sql) => void, flush?: Flush) => void;
}

/**
 * Gives up the bytes of changes that are old, settled, backed up at the centre and needed by no lane: in slices of
 * milliseconds between sales. What a power cut takes of it is done again.
 */
export class Retirement {
  readonly #options: RetirementOptions;
  #cancelTimer: (() => void) | null = null;
  #dueAtMs = 0;
  #running: Running | null = null;
  #stopped = true;

  constructor(options: RetirementOptions) {
    this.#options = options;
  }

  get watched(): Watched {
    const begunAtMs = this.#running?.aliveAtMs ?? null;
    return { dueAtMs: this.#dueAtMs, begunAtMs, deadlineMs: SILENT_MS, halted: this.#stopped };
  }

  start(): void {
    this.#stopped = false;
    this.#wait(this.#options.retirement.lookEveryMs ?? FIRST_LOOK_MS);
  }

  /** The watchdog found that something stands still. */
  repair(): void {
    this.#running?.abort.abort();
    this.#look();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#running?.abort.abort();
    this.#running = null;
  }

  #wait(delayMs: number): void {
    const { clock } = this.#options.ports;
    this.#cancelTimer?.();
    this.#dueAtMs = clock.monotonicMs() + delayMs;
    this.#cancelTimer = clock.after(delayMs, () => this.#look());
  }

  #look(): void {
    const running = { abort: new AbortController(), aliveAtMs: this.#options.ports.clock.monotonicMs() };
    this.#running = running;
    // Whatever kept it from being done (a full disk, a read error) is told by whoever sells; the next look tries again.
    void this.#pass(running)
      .catch(() => {})
      .finally(() => {
        if (this.#running !== running) return;
        this.#running = null;
        this.#wait(this.#options.retirement.lookEveryMs ?? LOOK_EVERY_MS);
      });
  }

  async #pass(running: Running): Promise<void> {
    const { ports, journal, retirement, commit } = this.#options;
    const { clock, store } = ports;
    const pass = new Pass();
    const rule = (tx: Pick<Sql, "get" | "all">) => {
      const throughDay = retirement.dayOf(keptFrom(clock, store.read, retirement.keepDays));
      return ruleOf(tx, { lives: journal.lives(), throughDay, besides: retirement.besides?.() ?? [] });
    };
    if (!isAnyOld(store.read, rule(store.read))) return;
    const later = (fn: (tx: Sql) => void) => {
      running.aliveAtMs = clock.monotonicMs();
      commit(fn, "later");
    };
    await inSlices({ clock, commit: later, signal: running.abort.signal }, (tx) => pass.in(tx, rule(tx)));
  }
}

/** Rows behind the last pass that are looked at before anything is written: an idle till leaves its disk alone. */
const LOOK_AT = 2_000;

function isAnyOld(read: LocalStore["read"], { backedUp, throughDay }: Rule): boolean {
  const end = Math.max(0, ...backedUp.values());
  const kinds = [...RETIRED_KINDS];
  const sql = `SELECT 1 FROM (SELECT kind, business_date, retired FROM journal
      WHERE position > (SELECT through FROM retirement) AND position <= ? ORDER BY position LIMIT ${LOOK_AT})
    WHERE business_date <= ? AND retired IS NULL AND kind IN (${kinds.map(() => "?").join(", ")}) LIMIT 1`;
  return read.get(sql, end, throughDay, ...kinds) !== undefined;
}

/** The moment before which changes are old, by head office's clock as far as it is known. */
function keptFrom(clock: Clock, read: LocalStore["read"], keepDays = KEEP_WHOLE_DAYS): string {
  const nowMs = clock.wallMs() + (clockOffsetMs(read) ?? 0);
  return new Date(Math.max(0, nowMs - keepDays * DAY_MS)).toISOString();
}

export function retirementOf(
  { retention, besides }: TerminalSettings,
  dayOf: RetirementSettings["dayOf"],
): RetirementSettings {
  return { keepDays: retention?.journalDays, lookEveryMs: retention?.lookEveryMs, dayOf, besides };
}

export function retiredOf(read: Pick<Sql, "get">): Retired {
  return read.get<Retired>("SELECT changes, bytes FROM retirement") ?? { changes: 0, bytes: 0 };
}
