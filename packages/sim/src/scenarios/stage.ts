import type { Profile } from "@tillsync/lanes";
import { closeDay, type SimulatedDay } from "../centre/day.ts";
import { rotAtCentre, type WayToRot } from "../centre/rot.ts";
import type { HeadRow, StoreTables } from "../centre/tables.ts";
import { Chronicle, type Violation } from "../chronicle.ts";
import { type Faults, noFaults } from "../faults.ts";
import { atRest } from "../oracle/rest.ts";
import { Random } from "../random.ts";
import { Shop } from "../shop.ts";
import { Timeline } from "../timeline.ts";
import { PRODUCT } from "../variants/variant.ts";
import { judge } from "../world.ts";
import { type Attempt, recording } from "./attempts.ts";
import { ScriptedTill } from "./scripted-till.ts";
import { seconds, untilTime } from "./times.ts";

export interface StageOptions {
  readonly profile: Profile;
  /** Default 1. */
  readonly tills?: number | undefined;
  /** For ids, jitter and delays on the line; default 1. */
  readonly seed?: number | undefined;
  readonly timeZone?: string | undefined;
}

const STORE = 1;

/**
 * A scripted run on the simulated world: one store, one centre, and nothing goes wrong but what the script does. It begins
 * at 06:00 UTC with all tills down.
 *
 * ```ts
 * const stage = new Stage({ profile: "shift" });
 * await stage.at("08:00");
 * stage.till.start();
 * stage.till.openShift("Amina");
 * stage.till.sell(5);
 * await stage.advance(minutes(20));
 * ```
 */
export class Stage {
  readonly tills: readonly ScriptedTill[];
  readonly faults: Faults = noFaults();
  readonly shop: Shop;
  readonly #timeline = new Timeline();
  readonly #chronicle = new Chronicle(() => this.#timeline.nowMs);

  constructor({ profile, tills = 1, seed = 1, timeZone }: StageOptions) {
    const journals = new Map<string, Attempt[]>();
    const journalOf = (name: string) => {
      const journal = journals.get(name) ?? [];
      journals.set(name, journal);
      return journal;
    };
    this.shop = new Shop({
      timeline: this.#timeline,
      random: new Random(`scenario ${seed}`),
      chronicle: this.#chronicle,
      faults: this.faults,
      variant: { ...PRODUCT, transport: (line, { name }) => recording(line, journalOf(name), () => this.nowMs) },
      plan: { profile, tills, timeZone, isScripted: true },
    });
    this.tills = [...this.shop.links].map(
      ([machine, link]) => new ScriptedTill(machine, link, journalOf(machine.name)),
    );
  }

  get till(): ScriptedTill {
    const [first] = this.tills;
    if (first === undefined) throw new Error("there is no till");
    return first;
  }

  get nowMs(): number {
    return this.#timeline.nowMs;
  }

  /** Lets time pass until it is `hh:mm` (UTC) next. */
  async at(time: string): Promise<void> {
    await this.advance(untilTime(this.nowMs, time));
  }

  async advance(forMs: number): Promise<void> {
    await this.#timeline.pass(forMs);
  }

  /** Lets time pass until `done`. @returns how long it took. @throws Error when it takes longer */
  async until(what: string, done: () => boolean, withinMs: number): Promise<number> {
    const begin = this.nowMs;
    if (await this.#timeline.passUntil(done, withinMs)) return this.nowMs - begin;
    const states = this.tills.map(({ machine }) => machine.terminal?.status().text ?? "does not run");
    throw new Error(`not within ${withinMs} ms: ${what}; tills: ${states.join(" | ")}`);
  }

  /** Every till has nothing left to send. @returns how long it took */
  drained(withinMs: number): Promise<number> {
    return this.until("all is sent", () => this.tills.every((till) => till.pending === 0), withinMs);
  }

  /**
   * The last shift of a till is settled, with exceptions or without; nobody presses anything.
   *
   * @returns what its till showed of it on the way, one after the other
   */
  async settled(till = this.till, withinMs = seconds(30)): Promise<readonly string[]> {
    const seen: string[] = [];
    const isSettled = () => {
      const state = till.settlements.at(-1)?.state ?? "none";
      if (seen.at(-1) !== state) seen.push(state);
      return state.startsWith("settled");
    };
    await this.until("the last shift is settled", isSettled, withinMs);
    return seen;
  }

  // ---- The centre --------------------------------------------------------------------------------------------------

  get tables(): StoreTables {
    return this.shop.database.store(STORE);
  }

  /** What the centre has stored of a till, by seq. */
  storedOf({ machine }: ScriptedTill): HeadRow[] {
    const { terminal } = machine.options.settings;
    return [...this.tables.heads.values()].filter((head) => head.terminal === terminal).sort((a, b) => a.seq - b.seq);
  }

  /** Documents that count at the centre, and their money. */
  get sales(): { readonly count: number; readonly totalMinor: number } {
    const orders = [...this.tables.documents.values()].filter(
      ({ entity, state }) => entity === "order" && state === "closed",
    );
    return { count: orders.length, totalMinor: orders.reduce((sum, each) => sum + (each.totalMinor ?? 0), 0) };
  }

  /** A row of a till rots at the centre. */
  rotAtCentre(till: ScriptedTill, seq: number, way: WayToRot): void {
    const row = this.storedOf(till).find((each) => each.seq === seq);
    if (row === undefined) throw new Error(`the centre has no change ${seq} of ${till.machine.name}`);
    rotAtCentre(this.tables, row, way);
  }

  /** @throws SyncError DAY_NOT_SETTLED */
  closeDay(businessDate: string): SimulatedDay {
    return closeDay(this.tables, businessDate);
  }

  stopServers(): void {
    for (const server of this.shop.servers) server.crash();
  }

  startServers(): void {
    for (const server of this.shop.servers) server.start();
  }

  // ---- The end -----------------------------------------------------------------------------------------------------

  /** Everything works again and everybody runs; then all promises of the simulation are checked. */
  async finish(): Promise<readonly Violation[]> {
    this.startServers();
    for (const till of this.tills) {
      till.healLink();
      till.machine.disk.healed();
      till.start();
    }
    const rest = atRest(this.shop, this.#chronicle);
    if (!(await this.#timeline.passUntil(rest.back, rest.backWithinMs))) rest.explain("back");
    if (!(await this.#timeline.passUntil(rest.drained, rest.drainWithinMs))) rest.explain("drained");
    if (!(await this.#timeline.passUntil(rest.known, rest.knownWithinMs))) rest.explain("known");
    judge(this.shop, this.#chronicle);
    return this.#chronicle.violations;
  }

  destroy(): void {
    for (const machine of this.shop.machines) machine.disk.destroy();
  }
}
