import type { Connectivity } from "@tillsync/lanes";
import { Loop } from "./loop.ts";
import type { LoopOptions } from "./loop-options.ts";
import { ModulePulls } from "./modules/pulls.ts";
import { Prober } from "./prober.ts";
import { Retirement, type RetirementSettings } from "./retirement/retirement.ts";
import type { Flushed, Stall } from "./verbs.ts";
import { Watchdog } from "./watchdog.ts";

export interface ScheduleOptions extends Omit<LoopOptions, "onBegin" | "onHeard"> {
  readonly onConnectivity: (from: Connectivity) => void;
  readonly onStall: (stall: Stall) => void;
  readonly retirement: RetirementSettings;
  /** 003: attempts in a row at reference data before the slow period. */
  readonly maxSyncRetry?: number | undefined;
}

/** Everything of a terminal that goes on by itself: the loop that sends, the pulls, the probe beside them, the watchdog over all. */
export class Schedule {
  readonly modules: ModulePulls;
  readonly #retirement: Retirement;
  readonly #loop: Loop;
  readonly #prober: Prober;
  readonly #watchdog: Watchdog;
  #stalls = 0;

  constructor(options: ScheduleOptions) {
    const { ports, onChange, onConnectivity, onStall } = options;
    this.#loop = new Loop({
      ...options,
      onChange: () => {
        this.#watchdog.keepGoing();
        onChange();
      },
      onBegin: () => this.#prober.begun(),
      onHeard: (observation, tookMs) => this.#prober.heard(observation, tookMs),
    });
    this.modules = new ModulePulls(options);
    this.#retirement = new Retirement(options);
    this.#prober = new Prober({
      ports,
      isRefused: () => this.#loop.isRefused,
      onProper: (wasAway) => {
        this.#watchdog.keepGoing();
        this.#loop.answersAgain(wasAway);
        this.modules.answersAgain();
      },
      onMove: onConnectivity,
    });
    const loop = this.#loop;
    const prober = this.#prober;
    const modules = this.modules;
    const retirement = this.#retirement;
    this.#watchdog = new Watchdog({
      clock: ports.clock,
      guarded: [
        {
          name: "central",
          repair: (stall) => loop.repair(stall),
          get watched() {
            return loop.watched;
          },
        },
        {
          name: "probe",
          repair: () => prober.repair(),
          get watched() {
            return prober.watched;
          },
        },
        {
          name: "modules",
          repair: () => modules.repair(),
          get watched() {
            return modules.watched;
          },
        },
        {
          name: "retirement",
          repair: () => retirement.repair(),
          get watched() {
            return retirement.watched;
          },
        },
      ],
      onStall: (stall) => {
        this.#stalls++;
        onStall(stall);
      },
    });
  }

  get lane() {
    return { ...this.#loop.state, stalls: this.#stalls };
  }

  get connectivity() {
    return this.#prober.status;
  }

  start(): void {
    this.#watchdog.start();
    this.#prober.start();
    this.#loop.start();
    this.modules.start();
    this.#retirement.start();
  }

  nudge(): void {
    this.#watchdog.keepGoing();
    this.#loop.nudge();
  }

  flush(): Promise<Flushed> {
    this.modules.nudge();
    return this.#loop.flush();
  }

  async stop(graceMs: number): Promise<void> {
    this.#retirement.stop();
    this.#watchdog.stop();
    this.#prober.stop();
    await Promise.all([this.#loop.stop(graceMs), this.modules.stop()]);
  }
}
