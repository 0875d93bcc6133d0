import { describe, expect, it } from "vitest";
import {
  CONNECTIVITY,
  type Connectivity,
  probeDelayMs,
  SILENT_AFTER_MS,
  SLOW_PROBE_MS,
  timely,
} from "./connectivity.ts";
import type { Observation } from "./treatment.ts";

const STATES: readonly Connectivity[] = ["unknown", "online", "degraded", "offline"];
const NEXT: Readonly<Record<Observation, Connectivity>> = { proper: "online", troubled: "degraded", silent: "offline" };

describe("connectivity", () => {
  it.each(
    STATES.flatMap((state) =>
      (Object.keys(NEXT) as Observation[]).map((observation) => [state, observation, NEXT[observation]] as const),
    ),
  )("%s, %s: %s", (state, observation, next) => {
    expect(CONNECTIVITY[state][observation]).toBe(next);
  });

  it("never becomes unknown again", () => {
    expect(STATES.flatMap((state) => Object.values(CONNECTIVITY[state]))).not.toContain("unknown");
  });

  it("is probed every 30 s, degraded too, and every 10 s while offline; each wait is drawn", () => {
    const range = (state: Connectivity) => [probeDelayMs(state, 0), probeDelayMs(state, 0.999999)];
    expect(range("online")).toEqual([30_000, 33_000]);
    expect(range("degraded")).toEqual([24_000, 27_000]);
    expect(range("unknown")).toEqual([24_000, 27_000]);
    expect(range("offline")).toEqual([8_000, 10_000]);
  });

  it("an answer that is late says that the way is slow, before it would count as silence", () => {
    expect(timely(SLOW_PROBE_MS - 1, SLOW_PROBE_MS)).toBe("proper");
    expect(timely(SLOW_PROBE_MS, SLOW_PROBE_MS)).toBe("troubled");
    expect(SLOW_PROBE_MS).toBeLessThan(SILENT_AFTER_MS);
  });
});
