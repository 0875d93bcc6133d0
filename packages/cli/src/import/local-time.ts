import { SyncError } from "@tillsync/protocol";

/** When a document happened: the day in its shop, and the moment in UTC. */
export interface Moment {
  readonly businessDate: string;
  readonly occurredAt: string;
}

/** What a letter group of a format stands for, as a pattern. */
const TOKENS: Readonly<Record<string, string>> = {
  yyyy: "(?<year>\\d{4})",
  MM: "(?<month>\\d{2})",
  M: "(?<month>\\d{1,2})",
  dd: "(?<day>\\d{2})",
  d: "(?<day>\\d{1,2})",
  HH: "(?<hour>\\d{2})",
  H: "(?<hour>\\d{1,2})",
  hh: "(?<hour12>\\d{2})",
  h: "(?<hour12>\\d{1,2})",
  mm: "(?<minute>\\d{2})",
  m: "(?<minute>\\d{1,2})",
  ss: "(?<second>\\d{2})",
  s: "(?<second>\\d{1,2})",
  SSS: "(?<milli>\\d{3})",
  a: "(?<half>[AaPp][Mm])",
};

/** Times that carry their zone, such as `2017-01-01T13:00:00Z` or `...+02:00` (RFC 3339). */
export const INSTANT_FORMAT = "instant";

const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

const DAY_MS = 86_400_000;

/**
 * Reads times written in `format` (letter groups of TOKENS, anything else stands for itself; or `instant`) on clocks of
 * the IANA zone `zone`. A time that a clock shows twice when summer time ends is taken as the first; one that it skips in
 * spring is moved on by the gap: what RFC 5545 and Temporal call "compatible".
 *
 * @throws SyncError INVALID_INPUT at once for a format or zone that is none; the reader throws it for a wrong time
 */
export function momentReader(format: string, zone: string): (text: string) => Moment {
  const read = format === INSTANT_FORMAT ? instantReader(zone) : localReader(format, zone);
  // The rows of a document follow each other and carry the same time: remembering one saves nearly all the work.
  let lastText: string | undefined;
  let last: Moment = { businessDate: "", occurredAt: "" };
  return (text) => {
    if (text === lastText) return last;
    last = read(text);
    lastText = text;
    return last;
  };
}

function instantReader(zone: string): (text: string) => Moment {
  const offsetMs = offsetsOf(zone);
  return (text) => {
    const ms = RFC_3339.test(text) ? Date.parse(text.replace(" ", "T")) : Number.NaN;
    if (Number.isNaN(ms)) throw refusal("a time with its zone such as 2017-01-01T13:00:00Z", text);
    return {
      businessDate: new Date(ms + offsetMs(ms)).toISOString().slice(0, 10),
      occurredAt: new Date(ms).toISOString(),
    };
  };
}

function localReader(format: string, zone: string): (text: string) => Moment {
  const pattern = patternOf(format);
  const offsetMs = offsetsOf(zone);
  return (text) => {
    const wallMs = wallOf(pattern.exec(text)?.groups);
    if (wallMs === undefined) throw refusal(`a time written as ${format}`, text);
    const businessDate = new Date(wallMs).toISOString().slice(0, 10);
    return { businessDate, occurredAt: new Date(instantOf(wallMs, offsetMs)).toISOString() };
  };
}

/** The moment at which a clock shows `wallMs` (a local time written as if it were UTC). */
function instantOf(wallMs: number, offsetMs: (utcMs: number) => number): number {
  // No zone changes its offset twice within two days, so one of these two is the offset at that time, if it exists.
  const before = offsetMs(wallMs - DAY_MS);
  const candidates = [wallMs - before, wallMs - offsetMs(wallMs + DAY_MS)];
  const shown = candidates.filter((ms) => ms + offsetMs(ms) === wallMs);
  return shown.length === 0 ? wallMs - before : Math.min(...shown);
}

/** How far the zone's clocks are ahead of UTC at a moment. */
function offsetsOf(zone: string): (utcMs: number) => number {
  const fields = {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  } as const;
  let clock: Intl.DateTimeFormat;
  try {
    clock = new Intl.DateTimeFormat("en-US", { timeZone: zone, calendar: "gregory", hourCycle: "h23", ...fields });
  } catch (cause) {
    const expected = "an IANA time zone such as Europe/London";
    throw new SyncError(
      "INVALID_INPUT",
      `timeZone must be ${expected}; got "${zone}".`,
      { field: "timeZone", expected, got: zone },
      cause,
    );
  }
  return (utcMs) => {
    const part: Record<string, number> = {};
    for (const { type, value } of clock.formatToParts(utcMs)) part[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
    const shownMs = Date.UTC(year, month - 1, day, hour, minute, second);
    return shownMs - Math.floor(utcMs / 1000) * 1000;
  };
}

function patternOf(format: string): RegExp {
  const source = format.replaceAll(
    /([A-Za-z])\1*|[^A-Za-z]/g,
    (group) => TOKENS[group] ?? group.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&"),
  );
  // A letter that is no token stands for itself (the T of ISO 8601); groups twice or the year missing is a mistake.
  for (const name of ["year", "month", "day", "minute"]) {
    if (source.split(`?<${name}>`).length !== 2) throw formatRefusal(format);
  }
  if (source.split("?<hour>").length + source.split("?<hour12>").length !== 3) throw formatRefusal(format);
  if (source.includes("?<hour12>") !== source.includes("?<half>")) throw formatRefusal(format);
  return new RegExp(`^${source}$`);
}

function wallOf(groups: Record<string, string | undefined> | undefined): number | undefined {
  if (groups === undefined) return undefined;
  const number = (name: string) => Number(groups[name] ?? 0);
  const [year, month, day, minute, second, milli] = [
    number("year"),
    number("month"),
    number("day"),
    number("minute"),
    number("second"),
    number("milli"),
  ];
  const hour = groups.hour === undefined ? hourOf(number("hour12"), groups.half) : number("hour");
  const wall = new Date(0);
  wall.setUTCFullYear(year, month - 1, day);
  const isDate = wall.getUTCFullYear() === year && wall.getUTCMonth() === month - 1 && wall.getUTCDate() === day;
  if (!isDate || hour > 23 || hour < 0 || minute > 59 || second > 59) return undefined;
  return wall.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + milli;
}

function hourOf(hour12: number, half: string | undefined): number {
  if (hour12 < 1 || hour12 > 12) return -1;
  return (hour12 % 12) + (half?.toLowerCase() === "pm" ? 12 : 0);
}

function refusal(expected: string, got: string): SyncError {
  return new SyncError("INVALID_INPUT", `the time must be ${expected}; got ${JSON.stringify(got.slice(0, 40))}.`, {
    field: "when",
    expected,
    got: got.slice(0, 40),
  });
}

function formatRefusal(format: string): SyncError {
  const expected = `${INSTANT_FORMAT}, or year, month, day, hour and minute once each, made of ${Object.keys(TOKENS).join(", ")}`;
  return new SyncError("INVALID_INPUT", `a time format must be ${expected}; got "${format}".`, {
    field: "when.format",
    expected,
    got: format,
  });
}
