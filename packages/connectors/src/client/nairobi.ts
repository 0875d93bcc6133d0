/** Kenya has no daylight saving: UTC+3 all year. */
const OFFSET_MS = 3 * 3_600_000;

/** `YYYYMMDDHHmmss`, as eTIMS and M-Pesa write moments in Nairobi. The first eight are the day. */
export function stampOf(ms: number): string {
  return textOf(ms).replace(/\D/g, "");
}

/** `YYYY-MM-DD HH:mm:ss` in Nairobi, as Pull wants them. */
export function textOf(ms: number): string {
  return new Date(ms + OFFSET_MS).toISOString().slice(0, 19).replace("T", " ");
}

/** The moment of one of the two; undefined for anything else. */
export function momentOf(text: string): number | undefined {
  const digits = text.replace(/[- :]/g, "");
  if (!/^\d{14}$/.test(digits)) return undefined;
  const iso = digits.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, "$1-$2-$3T$4:$5:$6.000Z");
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? undefined : ms - OFFSET_MS;
}
