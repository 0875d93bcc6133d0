import type { Profile } from "@tillsync/lanes";
import { headKey } from "../centre/tables.ts";
import { Chronicle, type Violation } from "../chronicle.ts";
import { outageMs } from "../director.ts";
import { type Faults, noFaults } from "../faults.ts";
import { isPrompt } from "../oracle/rest.ts";
import { viewOf } from "../oracle/till-view.ts";
import { Random } from "../random.ts";
import { Shop } from "../shop.ts";
import type { Machine } from "../till/machine.ts";
import { Timeline } from "../timeline.ts";
import { PRODUCT, type Variant } from "../variants/variant.ts";
import { comeToRest, judge } from "../world.ts";
import { meanwhile } from "./meanwhile.ts";
import { TROUBLES, type Trouble } from "./trouble.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** Design section 2: a link that is back drains within 30 s. */
const BACK_WITHIN_MS = 30 * SECOND;
/** For the work: an exchange that was sent into the trouble ends at its deadline first; then a few batches. */
const WORK_MS = 50 * SECOND;
/** A timer that was lost costs this once: two minutes until it counts as lost, and the time until the watchdog looks. */
const WATCHDOG_MS = 165 * SECOND;
/** A till in the profile shift that has met no trouble waits for its 20 minutes, by design. */
const SHIFT_INTERVAL_MS = 22 * MINUTE;

/** What one schedule came to. */
export interface ScheduleResult {
  readonly seed: number;
  readonly profile: Profile;
  /** From the end of each trouble until nothing waited any more; those that design lets wait for an interval are not in it. */
  readonly drainsMs: readonly number[];
  readonly troubles: readonly string[];
  readonly events: number;
  readonly simulatedMs: number;
  readonly eventHash: string;
  readonly violations: readonly Violation[];
}

export interface ScheduleOptions {
  readonly variant?: Variant | undefined;
  readonly onLine?: ((line: string) => void) | undefined;
}

/**
 * One till and its way to the centre, over days or weeks: outages of a minute to three weeks, of every kind, while the
 * cashier sells a little, the machine crashes and its clock is set. After each nobody does anything, and the till has to
 * be empty in time (I12). `world.ts` looks for what goes wrong within minutes; this for what goes wrong between them.
 */
export async function runSchedule(
  seed: number,
  { variant = PRODUCT, onLine }: ScheduleOptions = {},
): Promise<ScheduleResult> {
  const timeline = new Timeline();
  const chronicle = new Chronicle(() => timeline.nowMs, onLine);
  const random = new Random(`schedule ${seed}`);
  const faults = noFaults();
  const profile = random.pick(["shift", "continuous", "live"] as const);
  const shop = new Shop({ timeline, random: random.stream("shop"), chronicle, faults, variant, onlyTill: profile });
  const drainsMs: number[] = [];
  const troubles: string[] = [];
  try {
    for (const machine of shop.machines) machine.boot();
    for (let rounds = random.between(1, 3); rounds > 0 && chronicle.violations.length === 0; rounds--) {
      const trouble = random.pick(TROUBLES);
      troubles.push(trouble.name);
      const drainMs = await round({ shop, timeline, random, chronicle, faults, trouble });
      if (drainMs !== null) drainsMs.push(drainMs);
    }
    await comeToRest(timeline, shop, chronicle);
    judge(shop, chronicle);
  } catch (error) {
    chronicle.violate("no-throw", error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    for (const machine of shop.machines) machine.disk.destroy();
  }
  const { violations } = chronicle;
  const eventHash = chronicle.digest();
  return {
    seed,
    profile,
    drainsMs,
    troubles,
    events: timeline.events,
    simulatedMs: Math.round(timeline.nowMs),
    eventHash,
    violations,
  };
}

export interface Round {
  readonly shop: Shop;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly chronicle: Chronicle;
  readonly faults: Faults;
  readonly trouble: Trouble;
}

/** Sell, break, let time pass, mend, and see. @returns how long it took; null where design lets it wait for an interval */
async function round(scene: Round): Promise<number | null> {
  const { shop, timeline, random, chronicle, faults, trouble } = scene;
  const [machine] = shop.machines;
  const link = machine && shop.links.get(machine);
  if (machine === undefined || link === undefined) throw new Error("there is no till");
  await timeline.pass(random.between(0, MINUTE));
  const lengthMs = lengthOf(trouble, random);
  chronicle.note("trouble", trouble.name, lengthMs);
  const end = trouble.begin({ link, servers: shop.servers, faults, timeline, random: random.stream("way") });
  const lostTimer = await meanwhile(scene, machine, lengthMs);
  end();
  chronicle.note("mended", trouble.name);
  const isMet = trouble.isSteady || isPrompt(machine);
  const withinMs = (isMet ? BACK_WITHIN_MS : SHIFT_INTERVAL_MS) + WORK_MS + (lostTimer ? WATCHDOG_MS : 0);
  const fromMs = timeline.nowMs;
  const isEmpty = emptiness(shop, machine);
  if (await timeline.passUntil(isEmpty, withinMs)) return isMet && !lostTimer ? timeline.nowMs - fromMs : null;
  const status = machine.terminal?.status();
  chronicle.violate(
    "I12",
    `${machine.options.settings.profile} is stuck ${withinMs} ms after ${trouble.name} of ${lengthMs} ms: ${status?.pending} changes wait, ${status?.text}`,
  );
  return null;
}

/** Nine of ten last up to a day, the tenth up to three weeks. */
function lengthOf({ mostMs = 21 * DAY }: Trouble, random: Random): number {
  const [leastMs, longestMs] = random.chance(0.9) ? [MINUTE, DAY] : [DAY, 21 * DAY];
  return Math.min(outageMs(random, leastMs, longestMs), mostMs);
}

/** Everything that is on the till's disk is at the centre, and the till says so. Nothing is sold meanwhile. */
function emptiness(shop: Shop, machine: Machine): () => boolean {
  const { settings, caller } = machine.options;
  const { entries } = viewOf(machine);
  const isThere = ({ incarnation, seq }: (typeof entries)[number]) =>
    shop.database.store(caller.scope.storeId).heads.has(headKey(settings.terminal, incarnation, seq));
  return () => machine.terminal?.status().pending === 0 && entries.every(isThere);
}
