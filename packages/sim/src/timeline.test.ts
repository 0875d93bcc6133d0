import { describe, expect, it } from "vitest";
import { Timeline } from "./timeline.ts";

describe("Timeline", () => {
  it("runs events by time, and those of one moment in the order in which they were planned", async () => {
    const timeline = new Timeline();
    const seen: string[] = [];
    const note = (name: string) => () => seen.push(`${name} at ${timeline.nowMs}`);
    timeline.after(30, note("c"));
    timeline.after(10, note("a"));
    timeline.after(30, note("d"));
    timeline.after(20, note("b"));
    await timeline.pass(30);
    expect(seen).toEqual(["a at 10", "b at 20", "c at 30", "d at 30"]);
  });

  it("lets every promise go on before the next event", async () => {
    const timeline = new Timeline();
    const seen: string[] = [];
    timeline.after(1, () => {
      void (async () => {
        for (let tick = 0; tick < 100; tick++) await Promise.resolve();
        seen.push("promise");
      })();
    });
    timeline.after(1, () => seen.push("next event"));
    await timeline.pass(1);
    expect(seen).toEqual(["promise", "next event"]);
  });

  it("does not pass for two at once: the second would be put back by the first", async () => {
    const timeline = new Timeline();
    const first = timeline.pass(10);
    await expect(timeline.pass(5)).rejects.toThrow("time passes already");
    await first;
    await timeline.pass(5);
    expect(timeline.nowMs).toBe(15);
  });

  it("is over for whoever waits when an event throws, and goes on for the next", async () => {
    const timeline = new Timeline();
    timeline.after(1, () => {
      throw new Error("broken");
    });
    await expect(timeline.pass(2)).rejects.toThrow("broken");
    await timeline.pass(1);
  });

  it("forgets what was cancelled, and stands still where nothing is planned", async () => {
    const timeline = new Timeline();
    const cancel = timeline.after(5, () => expect.unreachable());
    cancel();
    await timeline.pass(86_400_000);
    expect([timeline.nowMs, timeline.events]).toEqual([86_400_000, 0]);
  });

  it("says whether something came about in time", async () => {
    const timeline = new Timeline();
    let done = false;
    timeline.after(50, () => {
      done = true;
    });
    expect(await timeline.passUntil(() => done, 49)).toBe(false);
    expect(await timeline.passUntil(() => done, 10)).toBe(true);
  });
});
