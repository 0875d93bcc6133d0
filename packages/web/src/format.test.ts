import { describe, expect, it } from "vitest";
import { ago, businessDay, duration, moment, money, zoneOf } from "./format.ts";

const NOW = Date.parse("2026-01-16T22:30:00Z");

describe("ago", () => {
  it.each([
    [-3_600_000, "just now"],
    [9_000, "just now"],
    [59_000, "50 s ago"],
    [60_000, "1 min ago"],
    [3_599_000, "59 min ago"],
    [86_399_000, "23 h ago"],
    [86_400_000, "1 day ago"],
    [400 * 86_400_000, "400 days ago"],
  ])("%i ms is %s", (passedMs, text) => {
    expect(ago(NOW - passedMs, NOW)).toBe(text);
  });
});

describe("a moment", () => {
  it("is the time of day in the store, whatever the zone of the screen", () => {
    expect(moment(NOW, { nowMs: NOW, timeZone: "Africa/Nairobi" })).toBe("01:30");
    expect(moment(NOW, { nowMs: NOW, timeZone: "America/New_York", seconds: true })).toBe("17:30:00");
  });

  it("has its date when the store's day is another", () => {
    const earlier = Date.parse("2026-01-16T20:30:00Z");
    expect(moment(earlier, { nowMs: NOW, timeZone: "Africa/Nairobi" })).toBe("16 Jan 2026, 23:30");
    expect(moment(earlier, { nowMs: NOW, timeZone: "Etc/UTC" })).toBe("20:30");
  });

  it("is in the screen's zone when the till was told of none", () => {
    expect(zoneOf({ timeZone: "UTC" })).toBeUndefined();
    expect(zoneOf(null)).toBeUndefined();
    expect(zoneOf({ timeZone: "Africa/Nairobi" })).toBe("Africa/Nairobi");
  });
});

it("a business date is a day everywhere", () => {
  expect(businessDay("2026-01-16")).toBe("16 Jan 2026");
  expect(businessDay("soon")).toBe("soon");
});

it("money has the places of its currency", () => {
  expect(money(1_245_000, "KES")).toBe("12,450.00 KES");
  expect(money(-5, "KES")).toBe("-0.05 KES");
  expect(money(1_500, "UGX")).toBe("1,500 UGX");
  expect(money(1_500, "KWD")).toBe("1.500 KWD");
});

it("a duration is in seconds", () => {
  expect(duration(84)).toBe("0.08 s");
  expect(duration(30_012)).toBe("30 s");
});
