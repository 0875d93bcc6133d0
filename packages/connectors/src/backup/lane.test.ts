import { describe, expect, it } from "vitest";
import type { BackupFile } from "./destination.ts";
import { BackupLane, type KeptLane } from "./lane.ts";
import { FakeDestination, type Fault } from "./testing/fake-destination.ts";

const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;
const PIECE = 192 * 1024;

/** Time that moves when told, and everything due by then runs. */
class Time {
  wall = Date.UTC(2026, 10, 30);
  #mono = 0;
  #timers: { atMs: number; fn: () => void }[] = [];
  wallMs = () => this.wall;
  monotonicMs = () => this.#mono;
  after = (delayMs: number, fn: () => void) => {
    const timer = { atMs: this.#mono + Math.max(0, delayMs), fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  };
  async pass(ms: number): Promise<void> {
    const untilMs = this.#mono + ms;
    for (;;) {
      await turns();
      const next = this.#timers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      const step = Math.max(0, next.atMs - this.#mono);
      this.#mono += step;
      this.wall += step;
      next.fn();
    }
    this.wall += untilMs - this.#mono;
    this.#mono = untilMs;
    await turns();
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 40; turn++) await Promise.resolve();
}

const NOTHING: KeptLane = { waiting: null, sent: null, failures: 0, lastAttemptAt: null, error: null };

class World {
  readonly time = new Time();
  readonly destination = new FakeDestination();
  readonly taken: BackupFile[] = [];
  kept: KeptLane = NOTHING;
  pending = 0;
  size = 2 * PIECE + 5;
  refuseToTake: Error | undefined;
  lane = this.restarted();

  restarted(): BackupLane {
    this.lane = new BackupLane({
      clock: this.time,
      jitter: () => 0.5,
      destination: this.destination,
      everyMs: DAY,
      slowMs: 5 * 60_000,
      take: async () => {
        if (this.refuseToTake) throw this.refuseToTake;
        const number = this.taken.length + 1;
        const takenAt = new Date(this.time.wall).toISOString();
        const one = { file: `/b/${number}`, name: `${number}`, bytes: this.size, sha256: `hash ${number}`, takenAt };
        this.taken.push(one);
        return one;
      },
      read: async (_backup, offset, bytes) => new Uint8Array(Math.min(bytes, this.size - offset)),
      kept: this.kept,
      keep: (kept) => {
        this.kept = kept;
      },
      pending: () => this.pending,
    });
    return this.lane;
  }
}

describe("the lane of backups", () => {
  it("takes one at its first start, sends it piece by piece, and the next a day later", async () => {
    const world = new World();
    world.lane.start();
    await world.time.pass(1000);
    expect(world.destination.calls).toEqual(["look up", "deliver 0", `deliver ${PIECE}`, `deliver ${2 * PIECE}`]);
    expect(world.lane.view).toMatchObject({ state: "settled", waiting: null, sent: { name: "1" } });
    await world.time.pass(DAY - HOUR);
    expect(world.taken).toHaveLength(1);
    await world.time.pass(HOUR + 120_000);
    expect(world.taken).toHaveLength(2);
  });

  it("takes one when a shift was closed, and on demand", async () => {
    const world = new World();
    world.lane.start();
    await world.time.pass(1000);
    world.lane.due();
    await world.time.pass(1000);
    expect(world.taken).toHaveLength(2);
    const now = world.lane.takeNow();
    await world.time.pass(1000);
    expect((await now).name).toBe("3");
    expect(world.lane.view.sent?.name).toBe("3");
  });

  it.each<Fault>(["answer lost", "nobody", "refused", "full", "takes nothing"])(
    "goes on where it was after: %s, at every step, and never gives up (I11)",
    async (fault) => {
      for (let step = 0; step < 4; step++) {
        const world = new World();
        const fine: undefined[] = Array.from({ length: step });
        world.destination.faults.push(...(fine as unknown as Fault[]), fault, fault, fault, fault, fault, fault, fault);
        world.lane.start();
        await world.time.pass(2 * HOUR);
        expect(world.lane.view.sent?.name, `${fault} at step ${step}`).toBe("1");
        expect(world.destination.kept.get("hash 1")).toBe(world.size);
        expect(world.taken).toHaveLength(1);
        expect(world.kept.failures).toBe(0);
      }
    },
  );

  it("shows why it waits, and slows down", async () => {
    const world = new World();
    world.destination.faults.push(...Array.from({ length: 1000 }, (): Fault => "nobody"));
    world.lane.start();
    await world.time.pass(10 * HOUR);
    expect(world.lane.view).toMatchObject({
      state: "retrying",
      lane: { breaker: "open", error: { code: "UNREACHABLE" } },
    });
    // Seven in the burst, then one in about five minutes.
    expect(world.destination.calls.length).toBeLessThan(150);
    expect(world.destination.calls.length).toBeGreaterThan(90);
    world.destination.faults.length = 0;
    world.lane.nudge();
    await world.time.pass(1000);
    expect(world.lane.view.sent?.name).toBe("1");
  });

  it("sends the newest when it could not send for days: that one holds everything", async () => {
    const world = new World();
    world.destination.faults.push(...Array.from({ length: 2000 }, (): Fault => "nobody"));
    world.lane.start();
    await world.time.pass(3 * DAY + HOUR);
    world.destination.faults.length = 0;
    await world.time.pass(HOUR);
    expect(world.taken).toHaveLength(4);
    expect(world.lane.view).toMatchObject({ sent: { name: "4" }, waiting: null });
  });

  it("goes on after a restart of the till without taking another", async () => {
    const world = new World();
    world.destination.faults.push(...(Array.from({ length: 2 }) as unknown as Fault[]), "nobody");
    world.lane.start();
    await world.time.pass(0);
    await world.lane.stop();
    expect(world.destination.closed).toBe(true);
    world.restarted().start();
    await world.time.pass(HOUR);
    expect(world.taken).toHaveLength(1);
    expect(world.lane.view.sent?.name).toBe("1");
  });

  it("lets sales that wait go first, but not for ever", async () => {
    const world = new World();
    world.pending = 5;
    world.lane.start();
    await world.time.pass(5 * 60_000);
    expect(world.destination.calls).toEqual(["look up"]);
    world.pending = 0;
    await world.time.pass(2_000);
    expect(world.lane.view.sent?.name).toBe("1");
    world.pending = 5;
    world.lane.due();
    await world.time.pass(3 * 10 * 60_000 + 10_000);
    expect(world.lane.view.sent?.name).toBe("2");
  });

  it("takes one on demand while sales keep another waiting: nobody waits for that", async () => {
    const world = new World();
    world.pending = 5;
    world.lane.start();
    await world.time.pass(60_000);
    const now = world.lane.takeNow();
    await world.time.pass(5_000);
    expect((await now).name).toBe("2");
    expect(world.lane.view.waiting?.name).toBe("2");
  });

  it("tells whoever asked when the disk cannot hold it, and tries again", async () => {
    const world = new World();
    world.lane.start();
    await world.time.pass(1000);
    world.refuseToTake = new Error("no room");
    const now = world.lane.takeNow();
    const refused = expect(now).rejects.toThrow("no room");
    await world.time.pass(1000);
    await refused;
    world.refuseToTake = undefined;
    await world.time.pass(HOUR);
    expect(world.lane.view.sent?.name).toBe("2");
  });

  it("is not put off for years by a clock that was set back", async () => {
    const world = new World();
    world.lane.start();
    await world.time.pass(1000);
    world.time.wall -= 900 * DAY;
    await world.time.pass(DAY + HOUR);
    expect(world.taken.length).toBeGreaterThan(1);
  });
});
