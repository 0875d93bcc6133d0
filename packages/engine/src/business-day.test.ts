import { describe, expect, it } from "vitest";
import { businessDays } from "./business-day.ts";

describe("the business date", () => {
  it.each([
    ["UTC", 0, "2026-01-16T00:00:00.000Z", "2026-01-16"],
    ["UTC", 0, "2026-01-15T23:59:59.999Z", "2026-01-15"],
    ["Africa/Nairobi", 0, "2026-01-15T21:00:00.000Z", "2026-01-16"],
    ["Pacific/Auckland", 0, "2026-01-16T12:00:00.000Z", "2026-01-17"],
    ["Africa/Nairobi", 5, "2026-01-16T01:59:59.999Z", "2026-01-15"],
    ["Africa/Nairobi", 5, "2026-01-16T02:00:00.000Z", "2026-01-16"],
    ["Africa/Nairobi", 23, "2026-01-16T19:59:00.000Z", "2026-01-15"],
    ["UTC", 4, "2026-01-01T03:59:00.000Z", "2025-12-31"],
    ["UTC", 4, "2028-03-01T03:00:00.000Z", "2028-02-29"],
    ["Asia/Kathmandu", 1, "2026-01-15T19:14:59.999Z", "2026-01-15"],
    ["Asia/Kathmandu", 1, "2026-01-15T19:15:00.000Z", "2026-01-16"],
    ["UTC", 3, "1970-01-01T02:00:00.000Z", "1969-12-31"],
    ["Africa/Nairobi", 0, "9999-12-31T23:59:59.999Z", "9999-12-31"],
    ["America/New_York", 0, "2026-01-01T03:00:00.000Z", "2025-12-31"],
    ["Europe/London", 0, "2026-03-29T00:30:00.000Z", "2026-03-29"],
    ["Europe/London", 0, "2026-10-25T23:30:00.000Z", "2026-10-25"],
  ])("in %s with cut-off %i at %s is %s", (zone, cutoff, at, expected) => {
    expect(businessDays(zone, cutoff)(at)).toBe(expected);
  });

  it("turns when the store's own clock shows the cut-off hour, on days of 23, 25 and 24 hours", () => {
    const turnOf = (zone: string, day: string, cutoff: number) => {
      const dayOf = businessDays(zone, cutoff);
      const start = Date.parse(`${day}T00:00:00.000Z`) - 24 * 3_600_000;
      for (let minute = 0; minute < 72 * 60; minute++) {
        const at = new Date(start + minute * 60_000).toISOString();
        if (dayOf(at) === day) return at;
      }
      return "never";
    };
    // Berlin: 2026-03-29 has 23 hours, 2026-10-25 has 25.
    expect(turnOf("Europe/Berlin", "2026-03-28", 4)).toBe("2026-03-28T03:00:00.000Z");
    expect(turnOf("Europe/Berlin", "2026-03-29", 4)).toBe("2026-03-29T02:00:00.000Z");
    expect(turnOf("Europe/Berlin", "2026-10-25", 4)).toBe("2026-10-25T03:00:00.000Z");
    // 02:00 to 03:00 does not exist in spring: the day turns with the first moment after it.
    expect(turnOf("Europe/Berlin", "2026-03-29", 2)).toBe("2026-03-29T01:00:00.000Z");
  });

  it.each(["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia"])(
    "in %s never leaves a day out nor goes back through a year, but where the calendar itself does",
    (zone) => {
      const dayOf = businessDays(zone, 3);
      let before = dayOf("2026-01-01T12:00:00.000Z");
      for (let hour = 1; hour <= 366 * 24; hour++) {
        const day = dayOf(new Date(Date.UTC(2026, 0, 1, 12 + hour)).toISOString());
        const days = (Date.parse(day) - Date.parse(before)) / 86_400_000;
        expect([0, 1], `${before} is followed by ${day}`).toContain(days);
        before = day;
      }
    },
  );
});
