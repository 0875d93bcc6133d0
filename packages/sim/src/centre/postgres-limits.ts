/**
 * What PostgreSQL cannot hold although our schemas allow it. The real centre then throws from the statement; so does this
 * one, because it is exactly here that a change can make applying fail.
 */

/** `text` and `jsonb` hold no NUL. */
export function refuseNul(...values: readonly unknown[]): void {
  for (const value of values) {
    if (typeof value === "string" && value.includes("\0")) {
      throw Object.assign(new Error("unsupported Unicode escape sequence"), { code: "22P05" });
    }
    if (value !== null && typeof value === "object") refuseNul(...Object.keys(value), ...Object.values(value));
  }
}

/** `date` and `timestamptz` have no year 0. */
export function refuseDate(...texts: readonly string[]): void {
  for (const text of texts) {
    if (text.startsWith("0000-"))
      throw Object.assign(new Error("date/time field value out of range"), { code: "22008" });
  }
}
