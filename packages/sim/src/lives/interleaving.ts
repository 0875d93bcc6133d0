import { Chronicle, type Violation } from "../chronicle.ts";
import { type Faults, heal, noFaults } from "../faults.ts";
import { checkLineage } from "../oracle/lineage.ts";
import { checkTill } from "../oracle/till.ts";
import { hasTables } from "../oracle/till-view.ts";
import { Random } from "../random.ts";
import { Shop } from "../shop.ts";
import { withoutStacks } from "../stacks.ts";
import { Timeline } from "../timeline.ts";
import { PRODUCT, type Variant } from "../variants/variant.ts";
import { comeToRest, judge } from "../world.ts";
import { Disasters } from "./disaster.ts";

const SECOND = 1_000;

/** What one interleaving came to. */
export interface Interleaving {
  readonly seed: number;
  readonly happened: readonly string[];
  readonly events: number;
  readonly eventHash: string;
  readonly violations: readonly Violation[];
  /** How often each fault and branch was met. */
  readonly coverage: ReadonlyMap<string, number>;
}

/**
 * One shop whose databases are copied, put back and lost, on tills and at the centre, while it sells with and without a
 * link. Then everything works again, and nobody does anything: it all has to be at the centre once, and nobody may stand.
 */
export async function runInterleaving(seed: number, variant: Variant = PRODUCT): Promise<Interleaving> {
  const timeline = new Timeline();
  const chronicle = new Chronicle(() => timeline.nowMs);
  const random = new Random(`lives ${seed}`);
  const faults = faultsOf(random.stream("faults"));
  const plan = { tills: random.between(1, 2), profile: random.pick(["continuous", "live", "shift"] as const) };
  const shop = new Shop({ timeline, random: random.stream("shop"), chronicle, faults, variant, plan });
  const disasters = new Disasters(shop, random.stream("disasters"), chronicle);
  const way = random.stream("way");
  try {
    await withoutStacks(async () => {
      for (const machine of shop.machines) machine.boot();
      for (let step = way.between(12, 30); step > 0; step--) {
        if (way.chance(0.2)) disasters.strike();
        if (way.chance(0.12)) flip(shop, way);
        if (way.chance(0.05)) crash(shop, way);
        way.pick(shop.cashiers).act();
        for (const machine of shop.machines) machine.boot();
        await timeline.pass(way.chance(0.5) ? way.between(1, 50) : way.between(50, 20 * SECOND));
      }
      heal(faults);
      for (const link of shop.links.values()) link.state = "up";
      for (const machine of shop.machines) machine.boot();
      await comeToRest(timeline, shop, chronicle);
      judge(shop, chronicle);
      checkLineage(shop, chronicle);
    });
  } catch (error) {
    chronicle.violate("no-throw", error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    for (const machine of shop.machines) machine.disk.destroy();
  }
  const { violations, coverage } = chronicle;
  const { happened } = disasters;
  return { seed, happened, events: timeline.events, eventHash: chronicle.digest(), violations, coverage };
}

function faultsOf(random: Random): Faults {
  const faults = noFaults();
  faults.sharedOrder = 0.3;
  if (random.chance(0.5)) Object.assign(faults, { loseRequest: 0.1, loseAnswer: 0.15, duplicateRequest: 0.1 });
  if (random.chance(0.3)) Object.assign(faults, { slowLink: 0.2, truncatedAnswer: 0.05 });
  if (random.chance(0.3)) Object.assign(faults, { serverCrashAtPoint: 0.005, serializationFailure: 0.01 });
  return faults;
}

/** A till goes offline, or comes back. */
function flip(shop: Shop, random: Random): void {
  const link = random.pick([...shop.links.values()]);
  link.state = link.state === "up" ? random.pick(["refusing", "silent", "deaf"] as const) : "up";
}

function crash(shop: Shop, random: Random): void {
  const machine = random.pick(shop.machines);
  machine.crash(random.chance(0.5));
  if (hasTables(machine)) checkTill(machine, shop.acknowledged);
}
