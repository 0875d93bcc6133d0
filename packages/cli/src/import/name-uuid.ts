import { createHash } from "node:crypto";

/**
 * A UUID that is always the same for the same name: RFC 9562 version 8, from the SHA-256 of the name's parts. An import
 * that is run again makes the same `localId`s, so the terminal recognises every document it already holds.
 */
export function nameUuid(...name: readonly string[]): string {
  // JSON keeps the parts apart: ("a", "bc") and ("ab", "c") are different names.
  const hex = createHash("sha256")
    .update(`tillsync.name-uuid\n${JSON.stringify(name)}`)
    .digest("hex");
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
