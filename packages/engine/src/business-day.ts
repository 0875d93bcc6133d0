/** A day and an hour of it, as a wall clock in the store shows them. */
const FIELDS = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", hourCycle: "h23" } as const;

const DAY_MS = 86_400_000;
/** The last day that `YYYY-MM-DD` can say: a clock beyond it must not keep a shift from opening. */
const LAST_DAY_MS = Date.UTC(9999, 11, 31);

/**
 * Gives the business date of a moment: the calendar day where the store is, and before the cut-off hour the day before,
 * so that a night counts for the evening it began in. The hour is the one that the store's own clock shows, on days of 23
 * and 25 hours too. A shift asks once, when it opens; neither clock nor zone moves the day of one that is open.
 *
 * @param timeZone IANA name
 * @param cutoffHour 0 to 23; 0: the day turns at midnight
 */
export function businessDays(timeZone: string, cutoffHour: number): (at: string) => string {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    calendar: "gregory",
    numberingSystem: "latn",
    ...FIELDS,
  });
  return (at) => {
    const parts = new Map(format.formatToParts(new Date(at)).map(({ type, value }) => [type, Number(value)]));
    const { year, month, day, hour } = Object.fromEntries(parts) as Record<"year" | "month" | "day" | "hour", number>;
    const midnight = Date.UTC(year, month - 1, day);
    const dayMs = Math.min(hour < cutoffHour ? midnight - DAY_MS : midnight, LAST_DAY_MS);
    return new Date(dayMs).toISOString().slice(0, 10);
  };
}
