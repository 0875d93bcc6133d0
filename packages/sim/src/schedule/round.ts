import { headKey } from "../centre/tables.ts";
import type { Chronicle } from "../chronicle.ts";
import type { Faults } from "../faults.ts";
import { isPrompt } from "../oracle/rest.ts";
import { viewOf } from "../oracle/till-view.ts";
import type { Random } from "../random.ts";
import { NOTICED_WITHIN_MS } from "../scenarios/liveness.ts";
import type { Shop } from "../shop.ts";
import type { Machine } from "../till/machine.ts";
import type { Timeline } from "../timeline.ts";
import { meanwhile } from "./meanwhile.ts";
import type { Trouble } from "./trouble.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** For the work: an exchange that was sent into the trouble ends at its deadline first; then a few batches. */
const WORK_MS = 50 * SECOND;
/** A timer that was lost costs this once: two minutes until it counts as lost, and the time until the watchdog looks. */
const WATCHDOG_MS = 165 * SECOND;
/** A till in the profile shift that has met no trouble waits for its 20 minutes, by design. */
const SHIFT_INTERVAL_MS = 22 * MINUTE;

/** What has happened so far in one schedule. */
export interface Happened {
  readonly troubles: string[];
  /** From the end of each trouble until nothing waited any more, a till each; those that design lets wait longer are not in it. */
  readonly drainsMs: number[];
  kills: number;
  clockJumps: number;
  lostTimers: number;
}

export interface Scene {
  readonly shop: Shop;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly chronicle: Chronicle;
  readonly faults: Faults;
  readonly happened: Happened;
}

/** One till after the trouble. */
interface Wait {
  readonly machine: Machine;
  /** Null where design lets it wait for an interval, or for the watchdog. */
  readonly isPrompt: boolean;
  readonly withinMs: number;
  readonly isEmpty: () => boolean;
  drainedMs: number | null;
}

/** Sell, break, let time pass, mend, and see. Two troubles begin one after the other and end together. */
export async function round(scene: Scene, troubles: readonly Trouble[], lengthMs: number): Promise<void> {
  const { shop, timeline, random, chronicle, faults, happened } = scene;
  await timeline.pass(random.between(0, MINUTE));
  const way = {
    links: [...shop.links.values()],
    servers: shop.servers,
    faults,
    timeline,
    random: random.stream("way"),
  };
  const ends: (() => void)[] = [];
  const lost = new Set<Machine>();
  for (const trouble of troubles) {
    chronicle.note("trouble", trouble.name, lengthMs);
    happened.troubles.push(trouble.name);
    ends.push(trouble.begin(way));
    if (trouble.isForExchanges) for (const { terminal } of shop.machines) terminal?.syncNow().catch(() => {});
    for (const machine of await meanwhile(scene, lengthMs / troubles.length)) lost.add(machine);
  }
  for (const end of ends) end();
  chronicle.note("mended", ...troubles.map(({ name }) => name));
  const isSteady = troubles.every((trouble) => trouble.isSteady);
  // Whoever opens the shop finds a till that is off.
  const off = shop.machines.filter(({ terminal }) => terminal === null);
  for (const machine of off) machine.boot();
  const waits = shop.machines.map((machine) => waitOf(shop, machine, { isSteady, hasLost: lost.has(machine) }));
  await drain(scene, waits, `${troubles.map(({ name }) => name).join(" and ")} of ${lengthMs} ms`);
}

function waitOf(shop: Shop, machine: Machine, { isSteady, hasLost }: { isSteady: boolean; hasLost: boolean }): Wait {
  const isMet = isSteady || isPrompt(machine);
  const withinMs = (isMet ? NOTICED_WITHIN_MS : SHIFT_INTERVAL_MS) + WORK_MS + (hasLost ? WATCHDOG_MS : 0);
  return { machine, isPrompt: isMet && !hasLost, withinMs, isEmpty: emptiness(shop, machine), drainedMs: null };
}

/** I12: nobody sells and nobody presses anything, and each till is empty in its time. */
async function drain({ timeline, chronicle, happened }: Scene, waits: readonly Wait[], after: string): Promise<void> {
  const fromMs = timeline.nowMs;
  const isOver = () => {
    let isOver = true;
    for (const wait of waits) {
      if (wait.drainedMs !== null) continue;
      if (wait.isEmpty()) wait.drainedMs = timeline.nowMs - fromMs;
      else isOver = false;
    }
    return isOver;
  };
  await timeline.passUntil(isOver, Math.max(...waits.map(({ withinMs }) => withinMs)));
  for (const { machine, withinMs, drainedMs, isPrompt: isCounted } of waits) {
    if (drainedMs !== null && drainedMs <= withinMs) {
      if (isCounted) happened.drainsMs.push(drainedMs);
      continue;
    }
    const status = machine.terminal?.status();
    chronicle.violate(
      "I12",
      `${machine.name} in ${machine.options.settings.profile} is stuck ${withinMs} ms after ${after}: ${status?.pending} changes wait, ${status?.text}`,
    );
  }
}

/** Everything that is on the till's disk is at the centre, and the till says so. */
function emptiness(shop: Shop, machine: Machine): () => boolean {
  const { settings, caller } = machine.options;
  const { entries } = viewOf(machine);
  const isThere = ({ incarnation, seq }: (typeof entries)[number]) =>
    shop.database.store(caller.scope.storeId).heads.has(headKey(settings.terminal, incarnation, seq));
  return () => machine.terminal?.status().pending === 0 && entries.every(isThere);
}
