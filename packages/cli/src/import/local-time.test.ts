import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { momentReader } from "./local-time.ts";

const FORMAT = "yyyy-MM-dd HH:mm:ss";

describe("a time on a shop's clock", () => {
  it("becomes UTC with the offset of its day", () => {
    const london = momentReader(FORMAT, "Europe/London");
    expect(london("2010-12-01 08:26:00")).toEqual({
      businessDate: "2010-12-01",
      occurredAt: "2010-12-01T08:26:00.000Z",
    });
    expect(london("2011-07-01 08:26:00").occurredAt).toBe("2011-07-01T07:26:00.000Z");
  });

  it("is moved on by the gap when the clock skips it in spring", () => {
    const newYork = momentReader(FORMAT, "America/New_York");
    expect(newYork("2017-03-12 02:30:00").occurredAt).toBe("2017-03-12T07:30:00.000Z");
    expect(newYork("2017-03-12 03:30:00").occurredAt).toBe("2017-03-12T07:30:00.000Z");
  });

  it("is the first of the two when the clock shows it twice in autumn", () => {
    const london = momentReader(FORMAT, "Europe/London");
    expect(london("2011-10-30 00:59:59").occurredAt).toBe("2011-10-29T23:59:59.000Z");
    expect(london("2011-10-30 01:30:00").occurredAt).toBe("2011-10-30T00:30:00.000Z");
    expect(london("2011-10-30 02:00:00").occurredAt).toBe("2011-10-30T02:00:00.000Z");
  });

  it("holds where a whole day is missing and where offsets are odd", () => {
    // Samoa left out 30 December 2011.
    expect(momentReader(FORMAT, "Pacific/Apia")("2011-12-31 01:00:00").occurredAt).toBe("2011-12-30T11:00:00.000Z");
    expect(momentReader(FORMAT, "Asia/Kathmandu")("2024-05-01 12:00:00").occurredAt).toBe("2024-05-01T06:15:00.000Z");
    // Lord Howe Island shifts by half an hour.
    expect(momentReader(FORMAT, "Australia/Lord_Howe")("2024-10-06 02:15:00").occurredAt).toBe(
      "2024-10-05T15:45:00.000Z",
    );
  });

  it("comes back to the moment at which the clock showed it, or to the earlier moment that showed the same", () => {
    const zones = [
      "Europe/London",
      "America/St_Johns",
      "Africa/Nairobi",
      "Africa/Casablanca",
      "Asia/Tehran",
      "Pacific/Chatham",
      "America/Santiago",
    ];
    const seconds = fc.integer({ min: Date.UTC(1975, 0) / 1000, max: Date.UTC(2037, 0) / 1000 });
    fc.assert(
      fc.property(fc.constantFrom(...zones), seconds, (zone, second) => {
        const shown = shownBy(zone, second * 1000);
        const { occurredAt, businessDate } = momentReader(FORMAT, zone)(shown);
        expect(businessDate).toBe(shown.slice(0, 10));
        expect(Date.parse(occurredAt)).toBeLessThanOrEqual(second * 1000);
        expect(shownBy(zone, Date.parse(occurredAt))).toBe(shown);
      }),
    );
  });
});

describe("a time format", () => {
  it.each([
    ["M/d/yyyy h:mm a", "1/5/2017 12:04 AM", "2017-01-05T00:04:00.000Z"],
    ["M/d/yyyy h:mm a", "1/5/2017 3:04 pm", "2017-01-05T15:04:00.000Z"],
    ["dd.MM.yyyy HH:mm:ss.SSS", "05.01.2017 15:04:05.250", "2017-01-05T15:04:05.250Z"],
    ["yyyy-MM-ddTHH:mm", "2017-01-05T15:04", "2017-01-05T15:04:00.000Z"],
    ["yyyyMMddHHmmss", "20170105150405", "2017-01-05T15:04:05.000Z"],
  ])("%s reads %s", (format, text, instant) => {
    expect(momentReader(format, "UTC")(text).occurredAt).toBe(instant);
  });

  it("may be `instant`: times that carry their zone, with the date of the shop", () => {
    const read = momentReader("instant", "America/New_York");
    expect(read("2017-01-06T03:04:05Z")).toEqual({
      businessDate: "2017-01-05",
      occurredAt: "2017-01-06T03:04:05.000Z",
    });
    expect(read("2017-01-05 22:04:05-05:00").occurredAt).toBe("2017-01-06T03:04:05.000Z");
    expect(() => read("2017-01-05 22:04:05")).toThrow("with its zone");
  });

  it.each([
    "2017-02-30 10:00:00",
    "2017-02-03 24:00:00",
    "2017-02-03 10:60:00",
    "2017-02-03",
    "",
    "x2017-02-03 10:00:00",
  ])("refuses %j", (text) => {
    expect(() => momentReader(FORMAT, "UTC")(text)).toThrow(
      /the time must be a time written as yyyy-MM-dd HH:mm:ss; got/,
    );
  });

  it.each([
    "yyyy-MM-dd",
    "yyyy-MM-dd HH",
    "yyyy-MM-dd hh:mm",
    "yyyy-MM-dd HH:mm a",
    "yyyy yyyy-MM-dd HH:mm",
    "dd HH:mm",
  ])("cannot be %j", (format) => {
    expect(() => momentReader(format, "UTC")).toThrow("a time format must be");
  });
});

it("refuses a zone that is none", () => {
  expect(() => momentReader(FORMAT, "Europe/Atlantis")).toThrow(
    'timeZone must be an IANA time zone such as Europe/London; got "Europe/Atlantis".',
  );
});

function shownBy(timeZone: string, ms: number): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" }).format(ms);
}
