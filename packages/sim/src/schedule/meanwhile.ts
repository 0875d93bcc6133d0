import type { Machine } from "../till/machine.ts";
import type { Round } from "./schedule.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const YEAR = 365.25 * 24 * 60 * MINUTE;

/** In how many parts of a trouble something happens. */
const MOST_SLICES = 6;

type Incident = "crash" | "powerCut" | "stop" | "clock" | "lostTimer" | "nothing";

/** What happens in the shop while the centre is away. @returns whether a timer of the till was lost */
export async function meanwhile(scene: Round, machine: Machine, lengthMs: number): Promise<boolean> {
  const { timeline, random, trouble } = scene;
  const endMs = timeline.nowMs + lengthMs;
  let lostTimer = false;
  sell(scene);
  if (trouble.isForExchanges) machine.terminal?.syncNow().catch(() => {});
  const slices = random.between(1, MOST_SLICES);
  for (let slice = 0; slice < slices; slice++) {
    await timeline.pass((lengthMs / slices) * random.float());
    const incident = random.pick<Incident>(["crash", "powerCut", "stop", "clock", "lostTimer", "nothing", "nothing"]);
    // One that is lost before a trouble was met would hide it, and that is no stuck queue.
    if (incident === "lostTimer" && !lostTimer && lengthMs > 10 * MINUTE && slice > 0) {
      lostTimer = true;
      machine.chip.loseTimer();
    } else await happen(scene, machine, incident);
    sell(scene);
  }
  await timeline.pass(Math.max(0, endMs - timeline.nowMs));
  machine.chip.keepTimers();
  return lostTimer;
}

function sell({ shop, random }: Round): void {
  for (let times = random.below(4); times > 0; times--) shop.cashiers[0]?.act();
}

async function happen({ timeline, random, chronicle }: Round, machine: Machine, incident: Incident): Promise<void> {
  chronicle.note("meanwhile", incident);
  switch (incident) {
    case "crash":
    case "powerCut":
      machine.crash(incident === "powerCut");
      break;
    case "stop":
      await Promise.race([machine.stop(random.pick([0, 5 * SECOND])), timeline.pass(10 * SECOND)]);
      break;
    case "clock":
      if (random.chance(0.2)) machine.chip.set(random.pick([0, Date.UTC(2099, 11, 31, 23, 59)]));
      else machine.chip.jump(random.between(-30, 30) * (random.chance(0.5) ? YEAR : 60 * MINUTE));
      break;
    case "lostTimer":
    case "nothing":
      break;
  }
  if (machine.terminal === null) {
    await timeline.pass(random.between(SECOND, 10 * SECOND));
    machine.boot();
  }
}
