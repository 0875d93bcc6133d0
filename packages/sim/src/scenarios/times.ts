import { BEGIN_WALL_MS } from "../till/clock.ts";

const DAY_MS = 86_400_000;

export const seconds = (count: number): number => count * 1000;
export const minutes = (count: number): number => count * 60_000;
export const hours = (count: number): number => count * 3_600_000;
export const days = (count: number): number => count * DAY_MS;

/** A moment of a run as its people would say it: `08:20:05.250`. */
export function timeText(atMs: number): string {
  return new Date(BEGIN_WALL_MS + atMs).toISOString().slice(11, -1);
}

/** How long from `nowMs` until it is this time of day next: `08:20`, in UTC. */
export function untilTime(nowMs: number, time: string): number {
  const [hour = Number.NaN, minute = Number.NaN] = time.split(":").map(Number);
  const ofDayMs = (BEGIN_WALL_MS + nowMs) % DAY_MS;
  const waitMs = hours(hour) + minutes(minute) - ofDayMs;
  if (Number.isNaN(waitMs)) throw new Error(`a time of day is hh:mm; got "${time}"`);
  return waitMs > 0 ? waitMs : waitMs + DAY_MS;
}
