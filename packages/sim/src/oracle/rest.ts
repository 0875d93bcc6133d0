import type { Chronicle } from "../chronicle.ts";
import type { Shop } from "../shop.ts";
import type { Machine } from "../till/machine.ts";
import { headOf } from "./sent-again.ts";
import { closingsOf, unfinished } from "./settlement.ts";
import { at } from "./till.ts";
import { cursorOf, type Entry, viewOf } from "./till-view.ts";

const MINUTE = 60_000;

/**
 * The longest pause of each profile, apart from the product's own table: how long it waits when idle or after failures
 * (design section 2), a fifth of jitter, a till's clock that runs slow, and the longest `Retry-After` a simulated door gives.
 */
const LONGEST_PAUSE_MS = { shift: 22 * MINUTE, continuous: 5.5 * MINUTE, live: 2.1 * MINUTE } as const;
/** Design section 2: a link that is back drains within this, in every profile. */
const BACK_WITHIN_MS = 30_000;
/** For the work itself: one timed-out exchange, and batches that failures have made small. */
const WORK_MS = 3 * MINUTE;

export interface Rest {
  /** The same of tills that had missed the centre, or that wait for no long interval anyway: those go on at once. */
  readonly back: () => boolean;
  /** Everything recorded on tills that are not stopped for a person is stored at the centre and interpreted, every device answered. */
  readonly drained: () => boolean;
  /** Every till has heard what the centre made of its changes. */
  readonly known: () => boolean;
  readonly backWithinMs: number;
  readonly drainWithinMs: number;
  readonly knownWithinMs: number;
  /** Says what is missing. */
  readonly explain: (what: "back" | "drained" | "known") => void;
}

/** I12: what must come about by itself once nothing is broken any more. */
export function atRest(shop: Shop, chronicle: Chronicle): Rest {
  const slowest = Math.max(
    ...shop.machines.map(({ options }) => LONGEST_PAUSE_MS[options.settings.profile ?? "continuous"]),
  );
  const recorded = new Map(shop.machines.map((machine) => [machine, viewOf(machine).entries]));
  const isLeft = (machine: Machine, entry: Entry) => {
    const tables = shop.database.store(machine.options.caller.scope.storeId);
    const head = headOf(tables, machine.options.settings.terminal, entry);
    const isRotten = [entry, entry.origin ?? entry].some((place) => machine.rotten.has(at(place)));
    const mendable = head?.damaged === true && machine.suspect === null && !isRotten;
    return head === undefined || head.effect === "pending" || mendable;
  };
  const left = (machine: Machine) => (recorded.get(machine) ?? []).filter((entry) => isLeft(machine, entry)).length;
  // What has arrived stays arrived, so looking goes on where it stopped: this is asked after every event.
  const arrived = new Map<Machine, number>();
  const isStuck = (machine: Machine) => {
    const entries = recorded.get(machine) ?? [];
    let through = arrived.get(machine) ?? 0;
    for (let entry = entries[through]; entry && !isLeft(machine, entry); entry = entries[through]) through++;
    arrived.set(machine, through);
    return through < entries.length;
  };
  const prompt = new Set(shop.machines.filter(isPrompt));
  // A repair on one till frees what waited for it on others, who need not come back for it: a server's sweep takes it up.
  const unswept = () => shop.database.pendingLives().length;
  const closings = new Map(shop.machines.map((machine) => [machine, closingsOf(viewOf(machine))]));
  // Those of a till that was copied or put back move to its new life, and others come back.
  const closingsNow = (machine: Machine) =>
    machine.suspect === null ? (closings.get(machine) ?? []) : closingsOf(viewOf(machine));
  const isUnsettled = (machine: Machine) => {
    const tables = shop.database.store(machine.options.caller.scope.storeId);
    return closingsNow(machine).some((entry) => unfinished(tables, machine, entry) !== null);
  };
  const isUnaware = (machine: Machine) => !isAware(shop, machine) || isReturning(machine) || isUnsettled(machine);
  return {
    back: () => !shop.machines.some((machine) => prompt.has(machine) && isStuck(machine)),
    drained: () => shop.foreigners.waiting() === 0 && !shop.machines.some(isStuck) && unswept() === 0,
    known: () => !shop.machines.some(isUnaware),
    backWithinMs: BACK_WITHIN_MS + WORK_MS,
    drainWithinMs: slowest + WORK_MS,
    knownWithinMs: 2 * slowest + WORK_MS,
    explain: (what) => {
      const waiting = shop.foreigners.waiting();
      if (what === "drained" && waiting > 0)
        chronicle.violate("I12", `devices of somebody else's wait for ${waiting} answers`);
      if (what === "drained" && unswept() > 0)
        chronicle.violate("I12", `changes of ${unswept()} terminals are not interpreted`);
      const wrong = shop.machines.filter(what === "known" ? isUnaware : isStuck);
      for (const machine of wrong.filter((each) => what !== "back" || prompt.has(each)))
        chronicle.violate("I12", `${machine.name} ${reason(machine, left(machine))}`);
    },
  };
}

/**
 * A till in the profile shift that has missed nothing since its last exchange waits for its next one, by design. All others
 * have begun anew, have failed, or ask often. A degraded one may only have been answered late.
 */
export function isPrompt({ terminal, options }: Machine): boolean {
  const status = terminal?.status();
  if (status === undefined || options.settings.profile !== "shift") return true;
  return (
    status.lanes.some(({ failures }) => failures > 0) ||
    status.connectivity.some(({ state }) => state !== "online" && state !== "degraded")
  );
}

/** A till that was put back has not got back yet what it lost. */
function isReturning(machine: Machine): boolean {
  if (machine.suspect === null) return false;
  const { lives, entries } = viewOf(machine);
  return lives.some(
    ({ incarnation, returnsTo }) =>
      returnsTo > Math.max(0, ...entries.filter((entry) => entry.incarnation === incarnation).map(({ seq }) => seq)),
  );
}

function isAware(shop: Shop, machine: Machine): boolean {
  const { storeId } = machine.options.caller.scope;
  const { feed, counter } = shop.database.store(storeId);
  const now = counter.get("counter");
  const cursor = cursorOf(machine) ?? "";
  const [epoch, , read] = cursor.split(".");
  const known = epoch === now?.epoch && !cursor.includes("~") ? Number(read) : 0;
  for (let n = known + 1; n <= (now?.n ?? 0); n++) {
    const entry = feed.get(String(n));
    // Of its own changes it has to hear everything, of others' what stands or lost to another version.
    if (entry?.terminal === machine.options.settings.terminal) return false;
    if (entry?.effect === "applied" || entry?.effect === "conflict") return false;
  }
  return true;
}

function reason(machine: Machine, left: number): string {
  const status = machine.terminal?.status();
  if (status === undefined) return "does not run";
  const lane = status.lanes[0];
  return `is stuck with ${left} changes and ${status.exceptions} exceptions: ${lane?.state}, ${lane?.lastError?.code ?? "no error"}: ${status.text}`;
}
