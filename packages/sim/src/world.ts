/**
 * The simulated world, and how it judges the product.
 *
 * The method is that of FoundationDB, TigerBeetle's VOPR and Dropbox's Trinity: the real engine of every till and the real
 * ingest of two servers run in one process on a simulated clock, simulated chance, a simulated network, disks that can lose
 * power and a simulated PostgreSQL. Nothing in it waits, so an hour of shop takes milliseconds; nothing in it is random but
 * the seed, so a failing seed fails again, event by event: `node packages/sim/src/run.ts --seeds 4711 --trace`.
 *
 * 1. Safety: 200 or more steps. In each a cashier does something (sells, edits, pays, repeats, makes mistakes) and the
 *    seed's own choice of faults strikes the network, the servers, the database, the tills' processes, disks and clocks.
 *    What a cashier was told and what a server acknowledged is checked at that moment and after every crash.
 * 2. Heal: all faults end, whoever is down starts again. Nobody sells, nobody presses a button.
 * 3. Rest: within the longest back-off and the time for the work, everything must be at the centre, interpreted, and known
 *    to its till. Anything that is not is stuck, which is a violation like a lost sale (I12).
 * 4. Oracle: `oracle/` compares every till with the centre. It shares no code with the product: it reads the databases with
 *    its own SQL, computes its own hashes, adds up its own money, and knows what the cashiers were told from its own ledger.
 *
 * Three things keep it honest. `variants/` breaks the product on purpose, from outside, and each broken one must be caught.
 * `differential/` gives the same requests to the simulated PostgreSQL and to a real one, and they must answer and keep the
 * same. `coverage.ts` lists the whole fault space, and the fixed seeds must have met all of it.
 *
 * `till/` is the machine under an engine (disk, witness, clock, ids), `centre/` the database under ingest, `net/` the line
 * between them with the servers at its end, `workload/` the cashiers, `foreign/` devices of somebody else's and head office,
 * who send whole documents, `director.ts` what goes wrong and when. `scenarios/` plays scripts on the same world instead,
 * and random schedules of outages, after which every queue must empty by itself.
 *
 * Not simulated: two processes on one database file, damaged pages inside SQLite, releases that differ from each other, the
 * HTTP and TLS of the door, long histories, and every lane but the central one. Tests with real processes are for those.
 */

import { Chronicle, type Violation } from "./chronicle.ts";
import { Director } from "./director.ts";
import { FAULTS, swarm } from "./faults.ts";
import { checkCentre, storeAtEnd } from "./oracle/centre.ts";
import { checkCustomers } from "./oracle/customers.ts";
import { checkForeign } from "./oracle/foreign.ts";
import { checkMoney } from "./oracle/money.ts";
import { checkOthers } from "./oracle/others.ts";
import { checkEqual, checkPrices } from "./oracle/reference.ts";
import { atRest } from "./oracle/rest.ts";
import { checkSettlement } from "./oracle/settlement.ts";
import { checkStandings } from "./oracle/standing.ts";
import { checkTill } from "./oracle/till.ts";
import { Random } from "./random.ts";
import { Shop } from "./shop.ts";
import { Timeline } from "./timeline.ts";
import { PRODUCT, type Variant } from "./variants/variant.ts";

/** What one seed came to. */
export interface RunResult {
  readonly seed: number;
  /** Things done by cashiers, each with whatever went wrong around it. */
  readonly steps: number;
  /** Events of simulated time: messages, statements, timers. */
  readonly events: number;
  readonly simulatedMs: number;
  /** SHA-256 over everything that happened, in order: the same seed gives the same hash (I35). */
  readonly eventHash: string;
  readonly violations: readonly Violation[];
  /** How often each fault, and each branch that only faults lead to, was met. */
  readonly coverage: Readonly<Record<string, number>>;
}

export interface RunOptions {
  readonly variant?: Variant | undefined;
  /** Gets every line that goes into the event hash. */
  readonly onLine?: ((line: string) => void) | undefined;
}

const MIN_STEPS = 200;
const MAX_STEPS = 230;

/** Runs one seed. */
export async function runSeed(seed: number, { variant = PRODUCT, onLine }: RunOptions = {}): Promise<RunResult> {
  const timeline = new Timeline();
  const chronicle = new Chronicle(() => timeline.nowMs, onLine);
  const random = new Random(`seed ${seed}`);
  const faults = swarm(random.stream("faults"));
  for (const name of variant.needs ?? []) faults[name] = FAULTS[name];
  const shop = new Shop({ timeline, random: random.stream("shop"), chronicle, faults, variant });
  const director = new Director({ shop, timeline, random: random.stream("director"), chronicle, faults });
  let steps = 0;
  try {
    for (const machine of shop.machines) machine.boot();
    const wanted = random.between(MIN_STEPS, MAX_STEPS);
    for (; steps < wanted; steps++) await director.step();
    await director.heal();
    await comeToRest(timeline, shop, chronicle);
    judge(shop, chronicle);
  } catch (error) {
    // Neither the product nor the simulator may throw here; whichever did, the seed is no good.
    chronicle.violate("no-throw", error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    for (const machine of shop.machines) machine.disk.destroy();
  }
  return {
    seed,
    steps,
    events: timeline.events,
    simulatedMs: Math.round(timeline.nowMs),
    eventHash: chronicle.digest(),
    violations: chronicle.violations,
    coverage: Object.fromEntries([...chronicle.coverage].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

export async function comeToRest(timeline: Timeline, shop: Shop, chronicle: Chronicle): Promise<void> {
  const rest = atRest(shop, chronicle);
  if (!(await timeline.passUntil(rest.back, rest.backWithinMs))) rest.explain("back");
  if (!(await timeline.passUntil(rest.drained, rest.drainWithinMs))) rest.explain("drained");
  if (shop.data?.isAskedFor === true)
    for (const { terminal } of shop.machines) terminal?.syncNow().catch(() => chronicle.note("sync-now-refused"));
  // Both at once: the intact copy of a row may repair what its twin sent damaged, which then is interpreted anew.
  const isOver = () => rest.known() && rest.drained();
  if (!(await timeline.passUntil(isOver, rest.knownWithinMs))) rest.explain(rest.known() ? "drained" : "known");
}

/** Holds every till and every store of a shop at rest against what was promised. */
export function judge(shop: Shop, chronicle: Chronicle): void {
  for (const machine of shop.machines) checkTill(machine, shop.acknowledged);
  const { data } = shop;
  if (data !== undefined) {
    for (const machine of shop.machines) if (machine.terminal !== null) checkEqual(machine, data.reference);
    checkCustomers(shop, data, chronicle);
  }
  for (const storeId of shop.storeIds) {
    const store = storeAtEnd(shop, storeId, chronicle);
    checkCentre(store);
    checkStandings(store);
    checkForeign(store);
    checkMoney(store);
    checkSettlement(store);
    checkOthers(shop, storeId, chronicle);
    if (data !== undefined) checkPrices(store, data.reference);
  }
}
