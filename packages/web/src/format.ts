import { minorDigits } from "@tillsync/protocol/minor-digits";
import { LOCALE, texts } from "./texts.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `2 min ago`. A clock that was set back makes the future of the past: that is "just now". */
export function ago(atMs: number, nowMs: number): string {
  const passedMs = nowMs - atMs;
  if (passedMs < 10 * SECOND) return texts.justNow;
  if (passedMs < MINUTE) return texts.secondsAgo(Math.floor(passedMs / (10 * SECOND)) * 10);
  if (passedMs < HOUR) return texts.minutesAgo(Math.floor(passedMs / MINUTE));
  if (passedMs < DAY) return texts.hoursAgo(Math.floor(passedMs / HOUR));
  return texts.daysAgo(Math.floor(passedMs / DAY));
}

/** The store's time zone. UTC is what a till says that was told of none: then it is that of the screen. */
export function zoneOf(status: { readonly timeZone?: string } | null): string | undefined {
  return status?.timeZone === "UTC" ? undefined : status?.timeZone;
}

interface MomentOptions {
  readonly nowMs: number;
  /** IANA name; the browser's when undefined. */
  readonly timeZone?: string | undefined;
  readonly seconds?: boolean;
}

/** The time of day in the store, with its date when that is another day than today. */
export function moment(atMs: number, { nowMs, timeZone, seconds = false }: MomentOptions): string {
  const clock = part(atMs, { timeStyle: seconds ? "medium" : "short" }, timeZone);
  const day = part(atMs, { dateStyle: "medium" }, timeZone);
  return day === part(nowMs, { dateStyle: "medium" }, timeZone) ? clock : `${day}, ${clock}`;
}

/** A business date as people write it. It is a day, not an instant, so no time zone may shift it. */
export function businessDay(date: string): string {
  const atMs = Date.parse(`${date}T00:00:00Z`);
  return Number.isNaN(atMs) ? date : part(atMs, { dateStyle: "medium" }, "UTC");
}

/** `12,450.00 KES` */
export function money(amountMinor: number, currency: string): string {
  const digits = minorDigits(currency);
  return `${count(amountMinor / 10 ** digits, digits)} ${currency}`;
}

export function count(value: number, digits = 0): string {
  return new Intl.NumberFormat(LOCALE, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

/** `0.42 s` */
export function duration(ms: number): string {
  return texts.seconds(count(ms / SECOND, ms < 10 * SECOND ? 2 : 0));
}

function part(atMs: number, style: Intl.DateTimeFormatOptions, timeZone: string | undefined): string {
  return new Intl.DateTimeFormat(LOCALE, { ...style, ...(timeZone ? { timeZone } : {}) }).format(atMs);
}
