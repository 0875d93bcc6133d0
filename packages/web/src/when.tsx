import { ago, moment, zoneOf } from "./format.ts";
import { useTill } from "./till-store.ts";
import { useNow } from "./use-now.ts";

interface WhenProps {
  /** ISO 8601, or milliseconds since 1970. */
  readonly at: string | number;
  /** `2 min ago`, with the time of day as its tooltip, in place of the time of day. */
  readonly relative?: boolean;
  readonly seconds?: boolean;
  /** A moment of the day that need not be said; now when absent. */
  readonly onDayOf?: string;
}

/** A moment in the store's time zone. */
export function When({ at, relative = false, seconds = false, onDayOf }: WhenProps) {
  const { status } = useTill();
  const nowMs = useNow();
  const atMs = typeof at === "number" ? at : Date.parse(at);
  const clock = moment(atMs, {
    nowMs: onDayOf === undefined ? nowMs : Date.parse(onDayOf),
    timeZone: zoneOf(status),
    seconds,
  });
  return (
    <time dateTime={new Date(atMs).toISOString()} title={relative ? clock : ago(atMs, nowMs)}>
      {relative ? ago(atMs, nowMs) : clock}
    </time>
  );
}
