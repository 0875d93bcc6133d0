/** Kenya has no daylight saving: UTC+3 all year. */
const OFFSET_MS = 3 * 3_600_000;

/** `yyyyMMddHHmmss` in Africa/Nairobi. */
export function nairobiStamp(ms: number): string {
  return new Date(ms + OFFSET_MS).toISOString().slice(0, 19).replace(/\D/g, "");
}

/** `yyyy-MM-dd HH:mm:ss` in Africa/Nairobi. */
export function nairobiText(ms: number): string {
  return new Date(ms + OFFSET_MS).toISOString().slice(0, 19).replace("T", " ");
}

/** The moment of `yyyyMMdd` or `yyyyMMddHHmmss` in Africa/Nairobi; undefined when there is none such. */
export function nairobiMs(stamp: string): number | undefined {
  if (!/^(\d{8}|\d{14})$/.test(stamp)) return undefined;
  const full = stamp.padEnd(14, "0");
  const iso = full.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, "$1-$2-$3T$4:$5:$6.000Z");
  const ms = Date.parse(iso);
  return Number.isNaN(ms) || nairobiStamp(ms - OFFSET_MS) !== full ? undefined : ms - OFFSET_MS;
}
