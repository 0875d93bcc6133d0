import { begun, FRESH_LANE, failed, type LaneState, MAX_WAIT_MS, type Pace, resumed, succeeded } from "@tillsync/lanes";
import { isErrorCode, SyncError } from "@tillsync/protocol";
import type { BackupDestination, BackupFile, Piece, Standing } from "./destination.ts";

/** Time and chance, as the engine's ports have them. */
export interface LaneClock {
  wallMs(): number;
  monotonicMs(): number;
  after(delayMs: number, fn: () => void): () => void;
}

/** What the lane knows over restarts; nothing in it cannot be found out again by taking a backup. */
export interface KeptLane {
  /** Taken and not known to be whole at the destination. */
  readonly waiting: BackupFile | null;
  /** The last one that is. */
  readonly sent: (Omit<BackupFile, "file"> & { readonly wholeAt: number }) | null;
  readonly failures: number;
  readonly lastAttemptAt: number | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface BackupLaneOptions {
  readonly clock: LaneClock;
  /** In [0, 1). */
  readonly jitter: () => number;
  readonly destination: BackupDestination;
  readonly everyMs: number;
  /** The slow period, as every lane of the till has it. */
  readonly slowMs: number;
  readonly take: (signal: AbortSignal) => Promise<BackupFile>;
  readonly read: (backup: BackupFile, offset: number, bytes: number) => Promise<Uint8Array>;
  readonly kept: KeptLane;
  readonly keep: (kept: KeptLane) => void;
  /** Changes that the centre lacks: they go first. */
  readonly pending: () => number;
  readonly onChange?: (() => void) | undefined;
}

/** Bytes of a piece: some seconds of a slow mobile link, and then what was sold meanwhile has its turn. */
const PIECE_BYTES = 192 * 1024;
/** How long sales that cannot be sent keep a backup waiting: nothing starves, and a backup may be the only other copy. */
const YIELD_MS = 10 * 60_000;
const YIELD_LOOK_MS = 1_000;

export interface BackupLaneView {
  readonly lane: LaneState;
  readonly state: "taking" | "sending" | "waiting" | "retrying" | "settled";
  readonly waiting: BackupFile | null;
  readonly sent: KeptLane["sent"];
  readonly received: number;
  /** Wall clock. */
  readonly nextAt: number;
}

/**
 * The lane `backup`: takes a backup when one is due, and sends it, piece by piece and as often as it takes. Newer ones take
 * the place of one that waits, since they hold all of it. It has a pace, back-off and connection of its own, takes no more
 * than half of the link, and lets what was sold go first. Nothing gives up.
 */
export class BackupLane {
  readonly #options: BackupLaneOptions;
  readonly #pace: Pace;
  #kept: KeptLane;
  #lane: LaneState;
  #taking = false;
  #sending = false;
  #received = 0;
  #wanted: { readonly resolve: (taken: BackupFile) => void; readonly reject: (error: unknown) => void }[] = [];
  #asked = false;
  readonly #abort = new AbortController();
  #running: Promise<void> | null = null;
  #cancelTimer: (() => void) | null = null;
  #stopped = true;

  constructor(options: BackupLaneOptions) {
    this.#options = options;
    this.#pace = { intervalMs: options.everyMs, slowMs: options.slowMs };
    this.#kept = options.kept;
    const { failures, lastAttemptAt, error, sent } = options.kept;
    this.#lane = resumed({ failures, lastAttemptAt, error, lastSuccessAt: sent?.wholeAt ?? null, halted: false });
  }

  get view(): BackupLaneView {
    const { waiting, sent } = this.#kept;
    const isRetrying = this.#lane.failures > 0;
    const state = this.#taking
      ? "taking"
      : this.#sending
        ? "sending"
        : isRetrying
          ? "retrying"
          : waiting === null
            ? "settled"
            : "waiting";
    return { lane: this.#lane, state, waiting, sent, received: this.#received, nextAt: this.#nextAt() };
  }

  start(): void {
    this.#stopped = false;
    this.#turn();
  }

  /** A shift was closed: what it holds should not be on this disk only. */
  due(): void {
    this.#asked = true;
    this.#lane = { ...this.#lane, dueAtMs: this.#options.clock.monotonicMs() };
    this.#turn();
  }

  /** The centre answers again, or a person wants it now. */
  nudge(): void {
    this.#lane = { ...this.#lane, dueAtMs: Math.max(this.#options.clock.monotonicMs(), this.#lane.notBeforeMs) };
    this.#turn();
  }

  /** Takes one now; it is sent like every other. Resolves when it is on this disk. */
  takeNow(): Promise<BackupFile> {
    const { promise, resolve, reject } = Promise.withResolvers<BackupFile>();
    this.#wanted.push({ resolve, reject });
    this.due();
    return promise;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer?.();
    this.#abort.abort();
    await this.#running;
    const stopped = new SyncError("TERMINAL_STOPPED", "The till was stopped before the backup was taken.");
    for (const { reject } of this.#wanted.splice(0)) reject(stopped);
    await this.#options.destination.close();
  }

  #nextAt(): number {
    const { clock, everyMs } = this.#options;
    const last = this.#kept.waiting?.takenAt ?? this.#kept.sent?.takenAt;
    // One from the future says that a clock was set back: waiting for that day could take years.
    if (last === undefined || Date.parse(last) > clock.wallMs()) return clock.wallMs();
    return Date.parse(last) + everyMs;
  }

  #turn(): void {
    if (this.#stopped) return;
    this.#cancelTimer?.();
    if (this.#running !== null) return;
    const { clock } = this.#options;
    const isTakeDue = this.#asked || this.#nextAt() <= clock.wallMs();
    const isDue = (isTakeDue || this.#kept.waiting !== null) && this.#lane.dueAtMs <= clock.monotonicMs();
    if (isDue) {
      this.#running = this.#go(isTakeDue).finally(() => {
        this.#running = null;
        this.#turn();
      });
      return;
    }
    const waitMs = Math.max(this.#lane.dueAtMs - clock.monotonicMs(), 1);
    this.#cancelTimer = clock.after(Math.min(waitMs > 1 ? waitMs : MAX_WAIT_MS, MAX_WAIT_MS), () => this.#turn());
  }

  async #go(isTakeDue: boolean): Promise<void> {
    this.#lane = begun(this.#lane);
    try {
      if (isTakeDue) await this.#take();
      if (this.#kept.waiting !== null) await this.#send(this.#kept.waiting);
      if (!this.#stopped) this.#succeed();
    } catch (cause) {
      if (!this.#stopped) this.#fail(asSyncError(cause));
    } finally {
      this.#taking = false;
      this.#sending = false;
      this.#options.onChange?.();
    }
  }

  async #take(): Promise<void> {
    this.#taking = true;
    this.#options.onChange?.();
    const wanted = this.#wanted.splice(0);
    this.#asked = false;
    try {
      const waiting = await this.#options.take(this.#abort.signal);
      this.#note({ ...this.#kept, waiting });
      this.#received = 0;
      for (const { resolve } of wanted) resolve(waiting);
    } catch (error) {
      this.#asked = true;
      for (const { reject } of wanted) reject(error);
      throw error;
    } finally {
      this.#taking = false;
    }
  }

  async #send(backup: BackupFile): Promise<void> {
    const { destination, clock, read } = this.#options;
    const { signal } = this.#abort;
    this.#sending = true;
    let standing: Standing = await destination.lookUp(backup, signal);
    while (!standing.whole) {
      this.#received = standing.received;
      this.#options.onChange?.();
      await this.#yieldToSales();
      // Somebody wants a newer one, which holds all of this one.
      if (this.#asked) return;
      const bytes = await read(backup, standing.received, PIECE_BYTES);
      const begunAtMs = clock.monotonicMs();
      const next = await destination.deliver(backup, { offset: standing.received, bytes } satisfies Piece, signal);
      if (!next.whole && next.received <= standing.received)
        throw new SyncError("NOT_AN_ANSWER", `${destination.name} took nothing of a piece and said nothing is wrong.`);
      standing = next;
      // As long again as the piece took: half of the link is everybody else's.
      if (!standing.whole) await this.#pause(clock.monotonicMs() - begunAtMs);
    }
    this.#received = backup.bytes;
    const { file: _here, ...sent } = backup;
    this.#note({ ...this.#kept, waiting: null, sent: { ...sent, wholeAt: clock.wallMs() } });
  }

  async #yieldToSales(): Promise<void> {
    const { clock, pending } = this.#options;
    const untilMs = clock.monotonicMs() + YIELD_MS;
    while (pending() > 0 && !this.#asked && clock.monotonicMs() < untilMs) await this.#pause(YIELD_LOOK_MS);
  }

  #pause(ms: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { signal } = this.#abort;
    const end = () => {
      cancel();
      reject(new SyncError("TERMINAL_STOPPED", "The till stops; the backup goes on at its next start."));
    };
    const cancel = this.#options.clock.after(Math.max(0, ms), () => {
      signal.removeEventListener("abort", end);
      resolve();
    });
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
    return promise;
  }

  #succeed(): void {
    const pace = { ...this.#pace, intervalMs: 0 };
    this.#lane = succeeded(this.#lane, this.#moment(), { busy: false, pace, notBeforeMs: 0, largest: FRESH_LANE.size });
    this.#note(this.#kept);
  }

  #fail(error: SyncError): void {
    this.#lane = failed(this.#lane, this.#moment(), error, { pace: this.#pace, jitter: this.#options.jitter() });
    // Nothing of a backup waits for a person for ever: whatever was wrong is tried again.
    if (this.#lane.halted) this.#lane = { ...this.#lane, halted: false };
    this.#note(this.#kept);
  }

  /** A disk that cannot take the note: the next start looks up what became of it. */
  #note(kept: KeptLane): void {
    const { failures, lastAttemptAt, error } = this.#lane;
    this.#kept = { ...kept, failures, lastAttemptAt, error };
    try {
      this.#options.keep(this.#kept);
    } catch {
      // Said by the next attempt, should it matter.
    }
  }

  #moment() {
    const { clock } = this.#options;
    return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
  }
}

function asSyncError(cause: unknown): SyncError {
  if (cause instanceof SyncError && isErrorCode(cause.code)) return cause;
  return new SyncError("INTERNAL", "A backup could not be taken or sent on this till.", {}, cause);
}
