import type { Profile } from "@tillsync/lanes";
import { describe, expect, it } from "vitest";
import { type Behaviour, hang, refuse, unreachable, wedge } from "./testing/fake-centre.ts";
import { openTill, sale, Till } from "./testing/till.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

const honestly: Behaviour = (_request, honest) => honest();
const way = (till: Till) => till.terminal.status().connectivity[0];
const moves = (till: Till) =>
  till.events.flatMap((event) =>
    event.type === "connectivity" ? [`${event.from} > ${event.connectivity.state}`] : [],
  );

/** Virtual times of the probes from now on, counted from now. */
function probesOf(till: Till): () => number[] {
  const startMs = till.clock.monotonicMs();
  const from = till.centre.probes.length;
  return () => till.centre.probes.slice(from).map((atMs) => atMs - startMs);
}

describe("the way to head office", () => {
  it("is unknown at first, then what the exchanges show, and each change of it is told once", async () => {
    const till = new Till();
    till.start();
    expect(till.terminal.status()).toMatchObject({
      light: "yellow",
      connectivity: [{ target: "central", state: "unknown", since: null, lastAnswerAt: null }],
    });
    await till.settle();
    const since = new Date(till.clock.wallMs()).toISOString();
    expect(way(till)).toEqual({ target: "central", state: "online", since, lastAnswerAt: since });
    expect(till.terminal.status()).toMatchObject({ light: "green", text: "Everything sold is at head office." });
    till.centre.always = unreachable;
    await till.clock.advance(2 * MINUTE);
    till.centre.always = honestly;
    await till.clock.advance(2 * MINUTE);
    expect(moves(till)).toEqual(["unknown > online", "online > offline", "offline > online"]);
  });

  it("that is cut turns the light red, says so, and keeps when anybody last answered", async () => {
    const till = await openTill();
    const lastAnswerAt = new Date(till.clock.wallMs()).toISOString();
    till.centre.always = unreachable;
    await till.clock.advance(31 * SECOND);
    expect(till.terminal.status()).toMatchObject({
      light: "red",
      text: expect.stringMatching(/^Head office cannot be reached: .* Everything sold is at head office\.$/),
      connectivity: [{ state: "offline", lastAnswerAt, since: new Date(till.clock.wallMs() - SECOND).toISOString() }],
    });
  });

  it.each(["NOT_AN_ANSWER", "INTERNAL", "UNAVAILABLE", "UNAUTHENTICATED"] as const)(
    "that ends in %s is degraded and yellow, also while probes are answered",
    async (code) => {
      const till = await openTill();
      till.centre.always = refuse(code);
      till.terminal.closeOrder(sale("a"));
      await till.clock.advance(5 * MINUTE);
      expect(till.terminal.status()).toMatchObject({ light: "yellow", connectivity: [{ state: "degraded" }] });
      expect(till.terminal.status().text).toMatch(/^Head office answers, but not as it should: .* 1 change waits/);
      expect(moves(till).slice(1)).toEqual(["online > degraded"]);
    },
  );

  it("that is slow is degraded, and no wait is longer for it", async () => {
    const till = await openTill({ profile: "shift" });
    till.centre.always = unreachable;
    till.terminal.closeOrder(sale("a"));
    await till.clock.advance(MINUTE);
    till.centre.always = honestly;
    till.centre.ask = () => new Promise((resolve) => till.clock.after(3 * SECOND, () => resolve("proper")));
    await till.clock.advance(20 * SECOND);
    expect(till.terminal.status()).toMatchObject({ pending: 0 });
    await till.clock.advance(MINUTE);
    expect(till.terminal.status()).toMatchObject({
      light: "yellow",
      text: "The way to head office is slow. Everything sold is at head office.",
      connectivity: [{ state: "degraded" }],
    });
  });

  it("that is back says so before the drain, and does not stand accused of what fails on the till itself", async () => {
    const till = await openTill();
    till.centre.always = unreachable;
    till.terminal.closeOrder(sale("a"));
    await till.clock.advance(20 * SECOND);
    till.centre.always = honestly;
    await till.clock.advance(till.clock.nextInMs ?? 0);
    expect(till.terminal.status()).toMatchObject({
      light: "yellow",
      text: expect.stringMatching(/^Head office answers again; sending goes on\. 1 change waits/),
    });
    await till.clock.advance(3 * SECOND);
    till.tamper("CREATE TRIGGER broken BEFORE UPDATE ON life BEGIN SELECT RAISE(ABORT, 'broken'); END");
    till.terminal.closeOrder(sale("b"));
    await till.clock.advance(SECOND);
    expect(till.terminal.status()).toMatchObject({
      connectivity: [{ state: "online" }],
      text: expect.stringMatching(/^Sending failed: .* 1 change waits/),
    });
  });

  it("with an exchange that hangs is offline within ten seconds", async () => {
    const till = await openTill();
    till.centre.always = hang;
    till.terminal.closeOrder(sale("a"));
    await till.clock.advance(10 * SECOND);
    expect(till.terminal.status()).toMatchObject({ light: "red", syncState: "Syncing" });
    expect(way(till)?.state).toBe("offline");
  });

  it("with a probe that throws or never ends is offline, and probed on", async () => {
    for (const ask of [() => new Promise<never>(() => {}), () => Promise.reject(new Error("no route"))]) {
      const till = await openTill({ profile: "shift" });
      let asked = 0;
      till.centre.ask = () => {
        asked++;
        return ask();
      };
      await till.clock.advance(5 * MINUTE);
      expect(way(till)?.state).toBe("offline");
      expect(asked).toBeGreaterThan(15);
    }
  });
});

describe("probes", () => {
  it("are not made while exchanges show what there is to know: a day of an idle till in continuous", async () => {
    const till = await openTill();
    const probes = probesOf(till);
    await till.clock.advance(DAY);
    expect(probes()).toEqual([]);
  });

  it("go every 30 s from an idle till in the profile shift, and write nothing to disk", async () => {
    const till = await openTill({ profile: "shift" });
    const before = till.store.read.get("SELECT total_changes() AS n");
    const probes = probesOf(till);
    await till.clock.advance(2 * MINUTE);
    expect(probes()).toEqual([31_500, 63_000, 94_500]);
    expect(till.store.read.get("SELECT total_changes() AS n")).toEqual(before);
  });

  it("go every 30 s while degraded and every 10 s while offline, for ever", async () => {
    const till = await openTill({ profile: "shift" });
    for (const [behaviour, every] of [
      [refuse("UNAVAILABLE"), 25_500],
      [unreachable, 9_000],
    ] as const) {
      till.centre.always = behaviour;
      await till.clock.advance(10 * MINUTE);
      const from = till.centre.probes.length;
      await till.clock.advance(2 * MINUTE);
      const times = till.centre.probes.slice(from);
      expect(
        times
          .slice(1)
          .map((atMs, at) => atMs - (times[at] ?? 0))
          .every((gap) => gap === every),
      ).toBe(true);
      expect(times.length).toBeGreaterThanOrEqual(Math.floor((2 * MINUTE) / every));
    }
  });

  it("go on while the lane is halted for a person: the light tells the truth", async () => {
    const till = await openTill();
    till.tamper("UPDATE lane SET halted = 1, error_code = 'FORK', error_message = 'x'");
    till.crash();
    till.start();
    till.terminal.closeOrder(sale("a"));
    await till.clock.advance(MINUTE);
    expect(till.terminal.status()).toMatchObject({ light: "red", connectivity: [{ state: "online" }] });
    till.centre.always = unreachable;
    await till.clock.advance(MINUTE);
    expect(way(till)?.state).toBe("offline");
  });

  it("end with the terminal", async () => {
    const till = await openTill({ profile: "shift" });
    await till.terminal.close();
    const probes = probesOf(till);
    await till.clock.advance(10 * MINUTE);
    expect(probes()).toEqual([]);
  });
});

describe("a target that answers as it should again ends every wait (I12)", () => {
  const PROFILES: readonly Profile[] = ["shift", "continuous", "live"];
  const TROUBLES: readonly (readonly [string, Behaviour])[] = [
    ["no route", unreachable],
    ["a black hole", hang],
    ["a transport that never ends", wedge],
    ["503", refuse("UNAVAILABLE")],
    ["a captive portal", refuse("NOT_AN_ANSWER")],
    ["500 while probes are answered", refuse("INTERNAL")],
    ["401 while probes are answered", refuse("UNAUTHENTICATED")],
    ["403 while probes are answered", refuse("FORBIDDEN")],
  ];

  it.each(PROFILES.flatMap((profile) => TROUBLES.map(([name, behaviour]) => ({ profile, name, behaviour }))))(
    "in $profile, after four hours of $name: empty in 30 s, without a sale and nobody pressing anything",
    async ({ profile, behaviour }) => {
      const till = await openTill({ profile });
      till.centre.always = behaviour;
      for (let at = 0; at < 5; at++) till.terminal.closeOrder(sale(`o-${at}`));
      // Nobody may have tried to send before the way broke. By then every wait is at its longest; weeks are simulated.
      await till.clock.advance(4 * 60 * MINUTE);
      expect(till.terminal.status().pending).toBe(5);
      till.centre.always = honestly;
      // An exchange that hangs since before has its own deadline first.
      await till.clock.advance(behaviour === hang || behaviour === wedge ? 90 * SECOND : 30 * SECOND);
      expect(till.terminal.status()).toMatchObject({ pending: 0, light: "green", syncState: "Success" });
    },
  );

  it("in shift, an outage that no exchange has met, because none was due, is met by probes and followed by a drain", async () => {
    const till = await openTill({ profile: "shift" });
    till.centre.always = unreachable;
    till.terminal.closeOrder(sale("a"));
    const asked = till.centre.exchanges.length;
    await till.clock.advance(5 * MINUTE);
    expect(till.centre.exchanges).toHaveLength(asked);
    till.centre.always = honestly;
    await till.clock.advance(13 * SECOND);
    expect(till.terminal.status()).toMatchObject({ pending: 0, light: "green" });
  });

  it("but not the wait that it asked for itself: Retry-After stands", async () => {
    const till = await openTill();
    till.centre.next.push(refuse("TOO_MANY_REQUESTS", { retryAfterMs: 4 * MINUTE }));
    till.terminal.closeOrder(sale("a"));
    const asked = till.centre.exchanges.length;
    await till.clock.advance(4 * MINUTE);
    expect(till.centre.exchanges).toHaveLength(asked);
    await till.clock.advance(MINUTE);
    expect(till.terminal.status().pending).toBe(0);
  });

  it("and is no gate: a sale, a shift close and Sync now try whatever the light says", async () => {
    const till = await openTill();
    till.centre.always = Object.assign(honestly.bind(null), { probed: "silent" as const });
    await till.clock.advance(31 * SECOND);
    till.terminal.closeOrder(sale("a"));
    await till.settle();
    expect(till.terminal.status()).toMatchObject({ pending: 0 });
    till.centre.always = unreachable;
    await till.clock.advance(20 * MINUTE);
    till.centre.next.push(honestly);
    expect(await till.terminal.syncNow()).toMatchObject({ sent: 0, left: 0, reason: null });
  });
});
