/** Kenya has no daylight saving: UTC+3 all year. */
const OFFSET_MS = 3 * 3_600_000;

/** A moment as eTIMS writes it: `yyyyMMddHHmmss` in Africa/Nairobi. The first eight are the day. */
export function etimsStamp(wallMs: number): string {
  return new Date(wallMs + OFFSET_MS).toISOString().slice(0, 19).replace(/\D/g, "");
}
