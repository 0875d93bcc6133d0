import type { Machine } from "../till/machine.ts";
import type { Scene } from "./round.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const YEAR = 365.25 * 24 * 60 * MINUTE;

/** In how many parts of a trouble something happens. */
const MOST_SLICES = 6;
/** One that is lost before a trouble was met would hide it, and that is no stuck queue. */
const LEAST_FOR_LOST_TIMER_MS = 10 * MINUTE;

const INCIDENTS = ["crash", "powerCut", "stop", "clock", "lostTimer", "nothing", "nothing"] as const;

/** What happens in the shop while the centre is away. @returns tills of which a timer was lost */
export async function meanwhile(scene: Scene, lengthMs: number): Promise<ReadonlySet<Machine>> {
  const { shop, timeline, random, chronicle } = scene;
  const endMs = timeline.nowMs + lengthMs;
  const lost = new Set<Machine>();
  sell(scene);
  const slices = random.between(1, MOST_SLICES);
  for (let slice = 0; slice < slices; slice++) {
    await timeline.pass((lengthMs / slices) * random.float());
    const machine = random.pick(shop.machines);
    const incident = random.pick(INCIDENTS);
    chronicle.note("meanwhile", machine.name, incident);
    if (incident !== "lostTimer") await happen(scene, machine, incident);
    else if (lost.size === 0 && lengthMs > LEAST_FOR_LOST_TIMER_MS && slice > 0 && machine.terminal !== null) {
      lost.add(machine);
      scene.happened.lostTimers++;
      machine.chip.loseTimer();
    }
    // Mostly somebody starts a till again that is off; now and then it stays off until the next incident, or to the end.
    for (const off of shop.machines) if (off.terminal === null && random.chance(0.7)) off.boot();
    sell(scene);
  }
  await timeline.pass(Math.max(0, endMs - timeline.nowMs));
  for (const machine of shop.machines) machine.chip.keepTimers();
  return lost;
}

function sell({ shop, random }: Scene): void {
  for (let times = random.pick([0, 0, 1, 2, 3, 12]); times > 0; times--) random.pick(shop.cashiers).act();
}

type Incident = Exclude<(typeof INCIDENTS)[number], "lostTimer">;

async function happen({ timeline, random, happened }: Scene, machine: Machine, incident: Incident): Promise<void> {
  switch (incident) {
    case "crash":
    case "powerCut":
      if (machine.terminal === null) return;
      happened.kills++;
      machine.crash(incident === "powerCut");
      break;
    case "stop":
      void machine.stop(random.pick([0, 5 * SECOND]));
      await timeline.passUntil(() => machine.terminal === null, 10 * SECOND);
      break;
    case "clock":
      happened.clockJumps++;
      if (random.chance(0.2)) machine.chip.set(random.pick(MOMENTS));
      else machine.chip.jump(random.between(-30, 30) * (random.chance(0.5) ? YEAR : 60 * MINUTE));
      break;
    case "nothing":
      break;
  }
  if (machine.terminal === null) await timeline.pass(random.between(SECOND, 10 * SECOND));
}

/** An empty battery, a second before summer time begins in Europe, and a typing error. */
const MOMENTS = [0, Date.UTC(2026, 2, 29, 0, 59, 58), Date.UTC(2099, 11, 31, 23, 59)];
