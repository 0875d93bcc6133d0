import { uuidv7 } from "@tillsync/protocol";
import { expect, it, vi } from "vitest";
import { systemClock } from "./clock.ts";
import { systemIds } from "./ids.ts";

it("ids are UUIDv7, each after the one before within a process", () => {
  const made = Array.from({ length: 5_000 }, () => systemIds.next());
  expect(made.filter((id) => !uuidv7.safeParse(id).success)).toEqual([]);
  expect(made.toSorted()).toEqual(made);
  expect(new Set(made).size).toBe(made.length);
});

it("ids go on upwards when somebody sets the clock back", () => {
  const before = systemIds.next();
  vi.spyOn(Date, "now").mockReturnValue(1_000);
  expect(systemIds.next() > before).toBe(true);
  vi.restoreAllMocks();
  expect(systemIds.next() > before).toBe(true);
});

it("chance has as many hex digits as asked for, and never the same twice", () => {
  for (const digits of [1, 16, 20, 32]) expect(systemIds.hex(digits)).toMatch(new RegExp(`^[0-9a-f]{${digits}}$`));
  expect(new Set(Array.from({ length: 1_000 }, () => systemIds.hex(16))).size).toBe(1_000);
});

it("jitter lies in [0, 1) and spreads", () => {
  const drawn = Array.from({ length: 2_000 }, () => systemIds.jitter());
  expect(drawn.every((value) => value >= 0 && value < 1)).toBe(true);
  expect(Math.min(...drawn)).toBeLessThan(0.05);
  expect(Math.max(...drawn)).toBeGreaterThan(0.95);
});

it("a timer of the machine's clock can be cancelled", async () => {
  const fired: string[] = [];
  systemClock.after(0, () => fired.push("cancelled"))();
  await new Promise<void>((resolve) => {
    systemClock.after(1, () => {
      fired.push("kept");
      resolve();
    });
  });
  expect(fired).toEqual(["kept"]);
  expect(systemClock.monotonicMs()).toBeLessThanOrEqual(systemClock.monotonicMs());
});
