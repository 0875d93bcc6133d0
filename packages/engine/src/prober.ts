import {
  CONNECTIVITY,
  type Connectivity,
  type Observation,
  probeDelayMs,
  SILENT_AFTER_MS,
  SLOW_PROBE_MS,
  timely,
  type Watched,
} from "@tillsync/lanes";
import type { Ports } from "./ports.ts";
import type { ConnectivityStatus } from "./verbs.ts";

export interface ProberOptions {
  readonly ports: Pick<Ports, "clock" | "ids" | "probe">;
  /** The target answers probes and refuses exchanges: the way is not what it should be, whatever the probe says. */
  readonly isRefused: () => boolean;
  /** A probe was answered as it should be; `wasAway` when the sign before it was not. */
  readonly onProper: (wasAway: boolean) => void;
  readonly onMove: (from: Connectivity) => void;
}

/**
 * Knows how the way to the centre is: from what exchanges show, and from a probe when they show nothing for a while. It
 * writes nothing to disk and holds up nothing.
 */
export class Prober {
  readonly #options: ProberOptions;
  #state: Connectivity = "unknown";
  #sinceWallMs: number | null = null;
  #lastAnswerWallMs: number | null = null;
  #isAway = true;
  #dueAtMs = 0;
  #asking: { readonly begunAtMs: number; readonly giveUp: () => void } | null = null;
  #cancelTimer: (() => void) | null = null;
  #stopped = true;

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  get state(): Connectivity {
    return this.#state;
  }

  get status(): ConnectivityStatus {
    const since = iso(this.#sinceWallMs);
    return { target: "central", state: this.#state, since, lastAnswerAt: iso(this.#lastAnswerWallMs) };
  }

  get watched(): Watched {
    const begunAtMs = this.#asking?.begunAtMs ?? null;
    return { dueAtMs: this.#dueAtMs, begunAtMs, deadlineMs: SILENT_AFTER_MS, halted: this.#stopped };
  }

  start(): void {
    this.#stopped = false;
    this.#planIn(SILENT_AFTER_MS);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#asking?.giveUp();
  }

  /** An exchange goes out: it is the probe, unless it stays without an answer. */
  begun(): void {
    this.#planIn(SILENT_AFTER_MS);
  }

  /** What an exchange showed. */
  heard(observation: Observation, tookMs: number): void {
    this.#move(observation, tookMs < SILENT_AFTER_MS ? observation : worse(observation));
  }

  /** The watchdog found that a probe was due and none was made. */
  repair(): void {
    this.#asking?.giveUp();
    void this.#ask();
  }

  #planIn(delayMs: number): void {
    if (this.#stopped) return;
    this.#cancelTimer?.();
    this.#dueAtMs = this.#options.ports.clock.monotonicMs() + delayMs;
    this.#cancelTimer = this.#options.ports.clock.after(delayMs, () => void this.#ask());
  }

  async #ask(): Promise<void> {
    if (this.#stopped || this.#asking !== null) return;
    const { clock, probe } = this.#options.ports;
    const begunAtMs = clock.monotonicMs();
    const abort = new AbortController();
    const { promise, resolve } = Promise.withResolvers<Observation>();
    const giveUp = () => {
      resolve("silent");
      abort.abort();
    };
    this.#asking = { begunAtMs, giveUp };
    const cancel = clock.after(SILENT_AFTER_MS, giveUp);
    probe.ask("central", abort.signal).then(resolve, () => resolve("silent"));
    const answer = await promise;
    cancel();
    this.#asking = null;
    if (this.#stopped) return;
    const wasAway = this.#isAway;
    const isFine = answer === "proper" && !this.#options.isRefused();
    this.#move(answer, isFine ? timely(clock.monotonicMs() - begunAtMs, SLOW_PROBE_MS) : worse(answer));
    if (answer === "proper") this.#options.onProper(wasAway);
  }

  #move(answer: Observation, shown: Observation): void {
    const wallMs = this.#options.ports.clock.wallMs();
    const from = this.#state;
    this.#isAway = answer !== "proper";
    this.#state = CONNECTIVITY[from][shown];
    if (answer !== "silent") this.#lastAnswerWallMs = wallMs;
    if (this.#state !== from) this.#sinceWallMs = wallMs;
    this.#planIn(probeDelayMs(this.#state, this.#options.ports.ids.jitter()));
    if (this.#state !== from) this.#options.onMove(from);
  }
}

/** An answer that came, though not as it should: late, or beside refusals. */
function worse(observation: Observation): Observation {
  return observation === "silent" ? "silent" : "troubled";
}

function iso(wallMs: number | null): string | null {
  return wallMs === null ? null : new Date(wallMs).toISOString();
}
