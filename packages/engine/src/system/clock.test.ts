import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { systemClock } from "./clock.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("waits longer than 31 bits of milliseconds count, as a whole, and can be cancelled on the way", () => {
  const done: string[] = [];
  const days = (count: number) => count * 86_400_000;
  systemClock.after(days(60), () => done.push("sixty"));
  const cancel = systemClock.after(days(70), () => done.push("seventy"));
  systemClock.after(Number.POSITIVE_INFINITY, () => done.push("never"));
  vi.advanceTimersByTime(days(60) - 1);
  expect(done).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(done).toEqual(["sixty"]);
  cancel();
  vi.advanceTimersByTime(days(100));
  expect(done).toEqual(["sixty"]);
});
