import type { Profile } from "@tillsync/lanes";
import { Chronicle, type Violation } from "../chronicle.ts";
import { outageMs } from "../director.ts";
import { noFaults } from "../faults.ts";
import { Random } from "../random.ts";
import { Shop } from "../shop.ts";
import { withoutStacks } from "../stacks.ts";
import { Timeline } from "../timeline.ts";
import { PRODUCT, type Variant } from "../variants/variant.ts";
import { comeToRest, judge } from "../world.ts";
import { type Happened, round } from "./round.ts";
import { TROUBLES, type Trouble } from "./trouble.ts";

const MINUTE = 60_000;
const HALF_A_DAY = 12 * 60 * MINUTE;
const THREE_WEEKS = 42 * HALF_A_DAY;
/** Share of schedules with an outage of more than half a day: one of those is as much work as seventy of the others. */
const LONG_SHARE = 0.03;

/** What one schedule came to. */
export interface ScheduleResult extends Readonly<Happened> {
  readonly seed: number;
  readonly profile: Profile;
  readonly tills: number;
  readonly events: number;
  readonly simulatedMs: number;
  readonly eventHash: string;
  readonly violations: readonly Violation[];
}

export interface ScheduleOptions {
  readonly variant?: Variant | undefined;
  /** Gets every line of what happens, for looking into one seed; what was thrown then has its stack. */
  readonly onLine?: ((line: string) => void) | undefined;
}

/**
 * Liveness (I10 to I12): the tills of one store and their way to the centre, over days or weeks. Outages of a minute to
 * three weeks, of every kind and of two kinds at once, while the cashiers sell, machines crash, are stopped or stay off, and
 * their clocks are set. After each of them nobody sells and nobody presses anything, and every till has to be empty in
 * time. `world.ts` looks for what goes wrong within minutes; this for what goes wrong between them.
 */
export function runSchedule(seed: number, options: ScheduleOptions = {}): Promise<ScheduleResult> {
  return options.onLine ? run(seed, options) : withoutStacks(() => run(seed, options));
}

async function run(seed: number, { variant = PRODUCT, onLine }: ScheduleOptions): Promise<ScheduleResult> {
  const timeline = new Timeline();
  const chronicle = new Chronicle(() => timeline.nowMs, onLine);
  const random = new Random(`schedule ${seed}`);
  const faults = noFaults();
  const profile = random.pick(["shift", "continuous", "live"] as const);
  let isLong = random.chance(LONG_SHARE);
  const tills = isLong ? 1 : random.pick([1, 1, 1, 2, 3]);
  const shop = new Shop({
    timeline,
    random: random.stream("shop"),
    chronicle,
    faults,
    variant,
    plan: { profile, tills },
  });
  const happened: Happened = { troubles: [], drainsMs: [], kills: 0, clockJumps: 0, lostTimers: 0 };
  try {
    for (const machine of shop.machines) machine.boot();
    for (let rounds = random.between(1, 3); rounds > 0 && chronicle.violations.length === 0; rounds--) {
      const troubles = random.chance(0.2) ? [random.pick(TROUBLES), random.pick(TROUBLES)] : [random.pick(TROUBLES)];
      const scene = { shop, timeline, random, chronicle, faults, happened };
      await round(scene, [...new Set(troubles)], lengthOf(troubles, random, isLong));
      isLong = false;
    }
    await comeToRest(timeline, shop, chronicle);
    judge(shop, chronicle);
  } catch (error) {
    chronicle.violate("no-throw", error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    for (const machine of shop.machines) machine.disk.destroy();
  }
  return {
    ...{ seed, profile, tills, ...happened },
    events: timeline.events,
    simulatedMs: Math.round(timeline.nowMs),
    eventHash: chronicle.digest(),
    violations: chronicle.violations,
  };
}

function lengthOf(troubles: readonly Trouble[], random: Random, isLong: boolean): number {
  const lengthMs = isLong ? outageMs(random, HALF_A_DAY, THREE_WEEKS) : outageMs(random, MINUTE, HALF_A_DAY);
  return Math.min(lengthMs, ...troubles.map(({ mostMs = lengthMs }) => mostMs));
}
