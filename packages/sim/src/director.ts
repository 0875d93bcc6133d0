import { Backups } from "./centre/backups.ts";
import { rotOfOpenShift } from "./centre/rot.ts";
import type { Chronicle } from "./chronicle.ts";
import { type FaultName, type Faults, heal } from "./faults.ts";
import type { LinkState } from "./net/network.ts";
import { checkCopies } from "./oracle/reference.ts";
import { checkMarks, checkTill } from "./oracle/till.ts";
import { hasTables, viewOf } from "./oracle/till-view.ts";
import { rotPrivate } from "./private-rot.ts";
import type { Random } from "./random.ts";
import type { Shop } from "./shop.ts";
import type { Trap } from "./till/disk.ts";
import type { Machine } from "./till/machine.ts";
import { plantRow, rot } from "./till/plant.ts";
import type { Timeline } from "./timeline.ts";
import type { Cashier } from "./workload/cashier.ts";

export interface DirectorOptions {
  readonly shop: Shop;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly chronicle: Chronicle;
  readonly faults: Faults;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Lets things happen: one step is one thing done by a cashier, with whatever goes wrong around it. */
export class Director {
  readonly #options: DirectorOptions;
  /** Raised by healing: what a fault had planned for later is then no longer done. */
  #era = 0;
  /** A copied till, a rolled-back till, a restored centre or rows that rot there: one of them at most in a run, each has its own aftermath. */
  #hadDisaster = false;
  /** Those of whose open shift a row rotted at the centre. */
  readonly #mustClose = new Set<Cashier>();
  /** How long nobody does anything after this step; 0 when the next one follows as usual. */
  #quietMs = 0;
  #hadOutage = false;
  /** When a timer was last lost: one at a time, since the watchdog guards against mistakes and not against conspiracies. */
  #lostTimerAtMs = Number.NEGATIVE_INFINITY;
  readonly #backups: Backups;
  readonly #strikes: readonly (readonly [FaultName, () => void])[];

  constructor(options: DirectorOptions) {
    this.#options = options;
    this.#backups = new Backups({ ...options, random: options.random.stream("backups") });
    this.#strikes = [
      ["partition", () => this.#link("refusing", 5 * MINUTE)],
      ["blackHole", () => this.#link("silent", 5 * MINUTE)],
      ["oneWay", () => this.#link("deaf", 5 * MINUTE)],
      ["flapping", () => this.#flap(this.#machine(), 20)],
      ["serverCrash", () => this.#serverCrash()],
      ["databaseRestart", () => this.#databaseRestart()],
      ["centreDown", () => this.#centreDown()],
      ["crash", () => this.#crash(false)],
      ["powerCut", () => this.#crash(true)],
      [
        "crashInTransaction",
        () =>
          this.#trap({
            kind: "die",
            at: "statement",
            after: this.#options.random.below(5),
            powerCut: this.#options.random.chance(0.5),
          }),
      ],
      [
        "crashInTransaction",
        () =>
          this.#trap({
            kind: "die",
            at: this.#options.random.pick(["before-commit", "after-commit"]),
            powerCut: this.#options.random.chance(0.5),
          }),
      ],
      ["commitErrorKept", () => this.#trap({ kind: "commit-error", kept: true })],
      ["commitErrorLost", () => this.#trap({ kind: "commit-error", kept: false })],
      ["cleanStop", () => this.#cleanStop()],
      ["diskFull", () => this.#diskFull()],
      ["clockJump", () => this.#clockJump()],
      ["misread", () => this.#misread()],
      ["rot", () => this.#damage((machine) => rot(machine, this.#options.random))],
      ["copiedTill", () => this.#copiedTill()],
      ["rolledBackTill", () => this.#rolledBackTill()],
      ["centreRestored", () => this.#centreRestored()],
      ["outage", () => this.#outage()],
      ["lostTimer", () => this.#lostTimer()],
      ["privateRot", () => this.#privateRot()],
      ["rotAtCentre", () => this.#rotAtCentre()],
    ];
  }

  /** One step of the safety phase. */
  async step(): Promise<void> {
    const { faults, random, shop, timeline } = this.#options;
    for (const [fault, strike] of this.#strikes) if (random.chance(faults[fault])) strike();
    random.pick(shop.cashiers).act();
    shop.foreigners.step();
    if (random.chance(faults.referenceData)) shop.data?.merchandiser.act();
    this.#backups.step();
    if (random.chance(0.03)) this.#syncNow();
    this.#restartLater();
    await timeline.pass(this.#gapMs());
    for (const machine of shop.takeAnswered()) checkMarks(machine, shop.acknowledged);
  }

  /** Everything that was broken works again, whoever had stopped starts again, and nothing breaks any more. */
  async heal(): Promise<void> {
    const { chronicle, faults, shop, timeline } = this.#options;
    chronicle.note("heal");
    this.#era++;
    heal(faults);
    for (const link of shop.links.values()) link.state = "up";
    shop.foreigners.heal();
    for (const server of shop.servers) server.start();
    for (const machine of shop.machines) {
      machine.disk.healed();
      machine.chip.keepTimers();
      if (machine.isStopping) await timeline.passUntil(() => !machine.isStopping, MINUTE);
      this.#boot(machine);
    }
    for (const cashier of this.#mustClose) cashier.closeUp();
  }

  #gapMs(): number {
    const { random } = this.#options;
    if (this.#quietMs > 0) {
      const quietMs = this.#quietMs;
      this.#quietMs = 0;
      return quietMs;
    }
    if (random.chance(0.01)) return random.between(MINUTE, 10 * MINUTE);
    return random.chance(0.3) ? random.between(1, 50) : random.between(50, 8 * SECOND);
  }

  #cashier(): Cashier {
    return this.#options.random.pick(this.#options.shop.cashiers);
  }

  #machine(): Machine {
    return this.#cashier().machine;
  }

  /** Does something later, unless everything was healed meanwhile. */
  #later(delayMs: number, fn: () => void): void {
    const era = this.#era;
    this.#options.timeline.after(delayMs, () => {
      if (era === this.#era) fn();
    });
  }

  #restartLater(): void {
    for (const machine of this.#options.shop.machines) {
      if (machine.terminal !== null || machine.isAwaited) continue;
      machine.isAwaited = true;
      this.#later(this.#options.random.between(100, MINUTE), () => this.#boot(machine));
    }
  }

  /** A till starts again: before it does, nothing that was promised may be missing. */
  #boot(machine: Machine): void {
    machine.isAwaited = false;
    if (machine.terminal !== null) return;
    const { faults, random, shop } = this.#options;
    checkTill(machine, shop.acknowledged);
    if (shop.data !== undefined) checkCopies(machine, shop.data.reference);
    if (random.chance(faults.plantedRow * 5)) plantRow(machine, random);
    machine.boot();
  }

  #syncNow(): void {
    const { chronicle } = this.#options;
    const machine = this.#machine();
    machine.terminal?.syncNow().then(
      ({ left }) => chronicle.note("sync-now", machine.name, left),
      () => chronicle.note("sync-now-refused", machine.name),
    );
  }

  #link(state: LinkState, longestMs: number): void {
    const { chronicle, random, shop } = this.#options;
    const link = shop.links.get(this.#machine());
    if (link === undefined || link.state !== "up") return;
    link.state = state;
    chronicle.hit(`link.${state}`);
    this.#later(random.between(50, longestMs), () => {
      link.state = "up";
    });
  }

  /** The link of one shop, or the whole centre, is away for minutes to hours, and nobody is there to notice. */
  #outage(): void {
    const { chronicle, random, shop } = this.#options;
    const link = shop.links.get(this.#machine());
    if (this.#hadOutage || link === undefined || link.state !== "up") return;
    this.#hadOutage = true;
    chronicle.hit("link.outage");
    link.state = random.pick(["refusing", "silent", "deaf"]);
    this.#quietMs = outageMs(random, MINUTE, 2 * HOUR);
    this.#later(this.#quietMs, () => {
      link.state = "up";
    });
  }

  /** The shift that it belongs to is closed at the latest when everything heals: until then nobody compares it. */
  #rotAtCentre(): void {
    const { chronicle, random, shop, timeline } = this.#options;
    const cashier = this.#cashier();
    const { machine } = cashier;
    if (this.#hadDisaster && this.#mustClose.size === 0) return;
    const tables = shop.database.store(machine.options.caller.scope.storeId);
    const found = rotOfOpenShift(tables, machine, { random, nowMs: timeline.nowMs });
    if (found === undefined) return;
    this.#hadDisaster = true;
    this.#mustClose.add(cashier);
    chronicle.hit(`centre.rot ${found.way}`, machine.name, found.seq);
  }

  #lostTimer(): void {
    const { chronicle, timeline } = this.#options;
    if (timeline.nowMs - this.#lostTimerAtMs < 10 * MINUTE) return;
    this.#lostTimerAtMs = timeline.nowMs;
    chronicle.hit("till.lost-timer");
    this.#machine().chip.loseTimer();
  }

  #flap(machine: Machine, times: number): void {
    const { chronicle, random, shop } = this.#options;
    const link = shop.links.get(machine);
    if (link === undefined) return;
    if (times === 20) chronicle.hit("link.flapping");
    link.state = times % 2 === 0 ? random.pick(["refusing", "silent", "deaf"]) : "up";
    if (times > 0) this.#later(random.between(50, 5 * SECOND), () => this.#flap(machine, times - 1));
  }

  #serverCrash(): void {
    const { chronicle, random, shop } = this.#options;
    const server = random.pick(shop.servers);
    if (!server.isUp) return;
    chronicle.hit("centre.server-crash");
    server.crash();
    this.#later(random.between(100, MINUTE), () => server.start());
  }

  #databaseRestart(): void {
    this.#options.chronicle.hit("centre.database-restart");
    this.#options.shop.database.restart();
  }

  #centreDown(): void {
    const { chronicle, random, shop } = this.#options;
    chronicle.hit("centre.down");
    for (const server of shop.servers) server.crash();
    for (const server of shop.servers) this.#later(random.between(SECOND, 10 * MINUTE), () => server.start());
  }

  #crash(powerCut: boolean): void {
    const machine = this.#machine();
    if (machine.terminal === null) return;
    this.#options.chronicle.hit(powerCut ? "till.power-cut" : "till.crash");
    machine.crash(powerCut);
  }

  #trap(trap: Trap): void {
    this.#machine().disk.setTrap(trap);
  }

  #cleanStop(): void {
    const { chronicle, random } = this.#options;
    const machine = this.#machine();
    if (machine.terminal === null || machine.isStopping) return;
    chronicle.hit("till.clean-stop");
    void machine.stop(random.pick([0, SECOND, 5 * SECOND]));
  }

  #diskFull(): void {
    const { chronicle, random } = this.#options;
    const { disk } = this.#machine();
    chronicle.hit("disk.full");
    disk.setFull(true);
    this.#later(random.between(SECOND, 2 * MINUTE), () => disk.setFull(false));
  }

  #clockJump(): void {
    const { chronicle, random } = this.#options;
    const { chip } = this.#machine();
    chronicle.hit("till.clock-jump");
    const moments = [
      0,
      Date.UTC(2028, 1, 29, 23, 59, 58),
      Date.UTC(2038, 0, 19, 3, 14, 6),
      Date.UTC(2099, 11, 31, 23, 59),
    ];
    if (random.chance(0.2)) chip.set(random.pick(moments));
    else chip.jump(random.between(-3 * DAY, 3 * DAY));
  }

  #privateRot(): void {
    const { random, shop } = this.#options;
    this.#damage((machine) => rotPrivate(machine, shop.database.store(machine.options.caller.scope.storeId), random));
  }

  #misread(): void {
    this.#damage((machine) => {
      this.#options.chronicle.hit("disk.misread");
      machine.wasMisread = true;
      machine.disk.misread(1);
    });
  }

  #damage(strike: (machine: Machine) => void): void {
    const machine = this.#machine();
    if (!machine.isSpared) strike(machine);
  }

  /** A till whose bytes are sound so far, and stay so. */
  #isSound(machine: Machine): boolean {
    return !machine.wasMisread && machine.rotten.size === 0 && machine.rottenPrivate.size === 0;
  }

  #copiedTill(): void {
    const { chronicle, random, shop } = this.#options;
    const cashier = this.#cashier();
    const { machine } = cashier;
    if (this.#hadDisaster || !hasTables(machine) || !this.#isSound(machine)) return;
    this.#hadDisaster = true;
    chronicle.hit("till.copied");
    machine.isSpared = true;
    shop.copyTill(cashier, random.chance(0.5)).isSpared = true;
  }

  /** The database goes back to a copy; the witness file beside it usually does not. */
  #rolledBackTill(): void {
    const { chronicle, random } = this.#options;
    const machine = this.#machine();
    if (this.#hadDisaster || !hasTables(machine) || !this.#isSound(machine)) return;
    this.#hadDisaster = true;
    machine.isSpared = true;
    const image = machine.disk.image();
    const oldWitness = machine.witness.copy();
    this.#later(random.between(10 * SECOND, 10 * MINUTE), () => {
      chronicle.hit("till.rolled-back");
      machine.crash(false);
      machine.takeOver(image, random.chance(0.7) ? machine.witness : oldWitness);
      machine.suspect = "rolled back";
      const kept = new Set(
        viewOf(machine).entries.map(({ incarnation, seq, hash }) => `${incarnation}/${seq} ${hash}`),
      );
      machine.ledger.forgive(({ incarnation, seq, hash }) => kept.has(`${incarnation}/${seq} ${hash}`));
      this.#startAfterRollback(machine);
    });
  }

  /** I18: a database that is behind its witness must not give its numbers away again. */
  #startAfterRollback(machine: Machine): void {
    const { chronicle } = this.#options;
    const seen = machine.witness.content;
    const before = viewOf(machine);
    const life = before.lives.at(-1);
    const last = before.entries.findLast(({ incarnation }) => incarnation === life?.incarnation);
    this.#boot(machine);
    const now = machine.terminal?.status().incarnation;
    const isBehind = seen !== undefined && seen.incarnation === life?.incarnation && seen.seq > (last?.seq ?? 0);
    if (isBehind && now === life.incarnation)
      chronicle.violate("I18", `${machine.name} goes on in a life of which it has lost changes`);
  }

  #centreRestored(): void {
    const { chronicle, random, shop } = this.#options;
    if (this.#hadDisaster) return;
    this.#hadDisaster = true;
    const own = this.#backups.take();
    this.#later(random.between(10 * SECOND, 10 * MINUTE), () => {
      // Files that somebody puts back behind everybody's back: only the tills can tell.
      const isNoticed = random.chance(0.6);
      chronicle.hit(isNoticed ? "centre.restored" : "centre.restored-unnoticed");
      for (const server of shop.servers) server.crash();
      this.#backups.newest(own).restore(isNoticed);
      for (const server of shop.servers) server.start();
    });
  }
}

/** Short outages are as likely as long ones: uniform in its logarithm. */
export function outageMs(random: Random, leastMs: number, mostMs: number): number {
  return Math.round(leastMs * (mostMs / leastMs) ** random.float());
}
