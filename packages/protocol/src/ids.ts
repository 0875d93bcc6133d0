import { z } from "zod";

/** A UUID in lower case; which version is the maker's business, except for changes. */
export const uuid = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, "a UUID in lower case");

/** RFC 9562 UUIDv7: sorts by the time it was made. */
export const uuidv7 = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, "a UUIDv7 in lower case");

/**
 * The identity of a change: a UUIDv7 made with it on a till, or a UUIDv8 that the centre derived from what a device of
 * somebody else's sent (RFC 9562 section 5.8), so that the same content sent again has the same id.
 */
export const changeId = z
  .string()
  .regex(
    /^[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    "a UUIDv7 or UUIDv8 in lower case",
  );

/** One life of a terminal's database: 64 random bits as 16 hex digits. */
export const incarnationId = z.string().regex(/^[0-9a-f]{16}$/, "16 lower-case hex digits");

/** SHA-256 as 64 lower-case hex digits. */
export const hash = z.string().regex(/^[0-9a-f]{64}$/, "64 lower-case hex digits");

/** The short name of a till for people and receipts, unique in its store. */
export const shortId = z
  .string()
  .regex(/^[A-Z][A-Z0-9]{0,7}$/, "one capital letter and up to seven capitals or digits, such as T01");

/** The identity of an order, transaction or any other entity, made by the caller and never changed. */
export const localId = z
  .string()
  .regex(/^[A-Za-z0-9._:-]{1,64}$/, "1 to 64 letters, digits, dots, underscores, colons or hyphens");

/** A calendar day, `YYYY-MM-DD`. */
export const businessDate = z.iso.date("a date as YYYY-MM-DD");

/** A moment in UTC with milliseconds, `2026-01-16T10:11:12.345Z`. */
export const instant = z.iso.datetime({
  precision: 3,
  error: "a UTC time with milliseconds such as 2026-01-16T10:11:12.345Z",
});

/**
 * The one life of whoever has no journal of its own: devices of somebody else's and people at head office. The centre
 * gives their changes a place in it. A till's incarnation is random, and this one is refused from it.
 */
export const CENTRAL_LIFE = "0".repeat(16);

/** Position in an incarnation's chain, from 1, without gaps. */
export const seq = z.int().min(1);

/**
 * A UUIDv7 (RFC 9562 section 5.7) from a time and 74 random bits.
 *
 * @param wallMs milliseconds since 1970; a clock outside 0 to 2^48-1 counts as the nearest end of it
 * @param random 20 hex digits of which 74 bits are used
 */
export function makeUuidv7(wallMs: number, random: string): string {
  const wholeMs = Math.trunc(Math.max(0, Math.min(wallMs, 2 ** 48 - 1))) || 0;
  const time = wholeMs.toString(16).padStart(12, "0");
  const variant = ((Number.parseInt(random.slice(3, 4), 16) & 0x3) | 0x8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`;
}

/** A UUIDv8 (RFC 9562 section 5.8) from the first 122 fitting bits of a SHA-256: the same name gives the same id. */
export function uuidFromHash(sha256Hex: string): string {
  const variant = ((Number.parseInt(sha256Hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  const head = `${sha256Hex.slice(0, 8)}-${sha256Hex.slice(8, 12)}-8${sha256Hex.slice(13, 16)}`;
  return `${head}-${variant}${sha256Hex.slice(17, 20)}-${sha256Hex.slice(20, 32)}`;
}
