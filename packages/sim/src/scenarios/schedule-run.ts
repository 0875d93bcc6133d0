import type { Profile } from "@tillsync/lanes";
import type { FaultName } from "../faults.ts";
import { Random } from "../random.ts";
import { NOTICED_WITHIN_MS, WORK_MS } from "./liveness.ts";
import type { ScriptedTill } from "./scripted-till.ts";
import { Stage } from "./stage.ts";
import { days, hours, minutes, seconds } from "./times.ts";

/** What one random schedule came to. */
export interface ScheduleResult {
  readonly seed: number;
  readonly profile: Profile;
  readonly sales: number;
  readonly outages: number;
  readonly kills: number;
  readonly clockJumps: number;
  readonly simulatedMs: number;
  /** From the moment in which everything worked again until nothing was left to send. Null: it never came. */
  readonly drainedInMs: number | null;
  /** In words: a queue that did not empty, and every other promise that was broken. */
  readonly violations: readonly string[];
}

const PROFILES = ["shift", "continuous", "live"] as const;
/** What an answer can be that is none, while something between the shop and the centre is broken. */
const BROKEN_ANSWERS = ["captivePortal", "truncatedAnswer", "garbageAnswer", "doorRefuses"] as const;
/** Share of outages that last days or weeks. Each of their thousands of attempts is computed, so they are most of the work. */
const LONG_OUTAGE = 0.02;

/**
 * Liveness (I10 to I12): one random schedule of outages from seconds to weeks, kills, closed applications and clocks that
 * jump. It ends with everything in order again: from then on nobody sells and nobody presses anything, and the queue of
 * every till must be empty within the time that a till may take to notice, and the work itself.
 *
 * @param noticedWithinMs default `NOTICED_WITHIN_MS`
 */
export async function runSchedule(seed: number, noticedWithinMs = NOTICED_WITHIN_MS): Promise<ScheduleResult> {
  const random = new Random(`schedule ${seed}`);
  const profile = PROFILES[seed % PROFILES.length] ?? "shift";
  const stage = new Stage({ profile, tills: random.between(1, 3), seed });
  const story = new Story(stage, random.stream("story"));
  const violations: string[] = [];
  let drainedInMs: number | null = null;
  try {
    await story.happens();
    drainedInMs = await stage.drained(noticedWithinMs + WORK_MS).catch((error: Error) => {
      violations.push(`stuck: ${error.message}`);
      return null;
    });
    violations.push(...(await stage.finish()).map(({ invariant, what }) => `${invariant}: ${what}`));
  } catch (error) {
    violations.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    stage.destroy();
  }
  const { sales, outages, kills, clockJumps } = story;
  return { seed, profile, sales, outages, kills, clockJumps, simulatedMs: stage.nowMs, drainedInMs, violations };
}

/** What happens to one store from its first opening until everything works again. */
class Story {
  sales = 0;
  outages = 0;
  kills = 0;
  clockJumps = 0;
  readonly #stage: Stage;
  readonly #random: Random;

  constructor(stage: Stage, random: Random) {
    this.#stage = stage;
    this.#random = random;
  }

  async happens(): Promise<void> {
    const { tills } = this.#stage;
    if (this.#random.chance(0.7)) for (const till of tills) till.start();
    for (let act = this.#random.between(3, 9); act > 0; act--) await this.#act();
    await this.#lastOutage();
    this.#heal();
  }

  async #act(): Promise<void> {
    const random = this.#random;
    const till = random.pick(this.#stage.tills);
    if (random.chance(0.45)) await this.#outage();
    if (random.chance(0.35)) this.#kill(till);
    if (random.chance(0.25)) await this.#close(till);
    if (random.chance(0.25)) this.#jumpClock(till);
    if (till.machine.terminal === null && random.chance(0.7)) till.start();
    this.#work(till);
    await this.#stage.advance(this.#someTime(minutes(40)));
  }

  /** Something on the way to the centre is broken for a while, and the shop goes on. */
  async #outage(): Promise<void> {
    const random = this.#random;
    const how = random.pick(["link", "link", "servers", "answers"] as const);
    this.outages++;
    if (how === "servers") this.#stage.stopServers();
    else if (how === "answers") this.#stage.faults[random.pick<FaultName>([...BROKEN_ANSWERS])] = 1;
    else for (const till of this.#stage.tills) till.cutLink(random.pick(["refusing", "silent", "deaf"]));
    const lengthMs = random.chance(LONG_OUTAGE) ? days(random.between(1, 21)) : this.#someTime(hours(12));
    const acts = random.between(1, 4);
    for (let act = 0; act < acts; act++) {
      const till = random.pick(this.#stage.tills);
      if (random.chance(0.2)) this.#kill(till);
      if (random.chance(0.7)) till.start();
      this.#work(till);
      await this.#stage.advance(lengthMs / acts);
    }
    if (random.chance(0.8)) this.#heal({ andStart: false });
  }

  /**
   * The last one is noticed by every till, because a till that saw nothing go wrong keeps its rhythm: in the profile
   * `shift` what was sold after its last exchange waits for the next one, up to 20 minutes, as requirement 000 wants it.
   */
  async #lastOutage(): Promise<void> {
    const { tills } = this.#stage;
    for (const till of tills) till.cutLink(this.#random.pick(["refusing", "silent", "deaf"]));
    await this.#stage.advance(seconds(31)); // whatever was under way has ended
    for (const till of tills) {
      till.start();
      this.#work(till);
      if (till.terminal.shift() === null) till.openShift("Amina");
      till.closeShift();
    }
    await this.#stage.advance(seconds(31) + this.#someTime(hours(12)));
    if (this.#random.chance(0.3)) this.#kill(this.#random.pick(tills));
  }

  /** @param andStart also whoever is down starts again, as somebody does who comes into the shop */
  #heal({ andStart } = { andStart: true }): void {
    const { faults, tills } = this.#stage;
    for (const name of BROKEN_ANSWERS) faults[name] = 0;
    this.#stage.startServers();
    for (const till of tills) till.healLink();
    if (andStart) for (const till of tills) till.start();
  }

  #work(till: ScriptedTill): void {
    if (till.machine.terminal === null || till.machine.isStopping) return;
    const random = this.#random;
    if (till.terminal.shift() === null) till.openShift(random.pick(["Amina", "Baraka"]));
    const sales = random.pick([0, 1, 3, 10, 40]);
    till.sell(sales);
    this.sales += sales;
    if (random.chance(0.3)) till.closeShift();
  }

  #kill(till: ScriptedTill): void {
    if (till.machine.terminal === null) return;
    this.kills++;
    if (this.#random.chance(0.5)) till.pullPlug();
    else till.kill();
  }

  async #close(till: ScriptedTill): Promise<void> {
    if (till.machine.terminal === null) return;
    const stopping = till.stop(this.#random.pick([0, seconds(5)]));
    await this.#stage.advance(seconds(6));
    await stopping;
  }

  #jumpClock({ machine: { chip } }: ScriptedTill): void {
    const random = this.#random;
    this.clockJumps++;
    if (random.chance(0.3)) chip.set(random.pick([0, Date.UTC(2026, 2, 29, 0, 59, 58), Date.UTC(2099, 11, 31)]));
    else chip.jump(random.pick([1, -1]) * this.#someTime(days(1000)));
  }

  /** From a second on, each size as likely as any other: 3 to 10 seconds as much as 3 to 10 days. */
  #someTime(mostMs: number): number {
    return Math.round(1000 * (mostMs / 1000) ** this.#random.float());
  }
}
