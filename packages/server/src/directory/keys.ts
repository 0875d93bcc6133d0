import { createHash, randomBytes } from "node:crypto";

const KEY = /^tsk_[A-Za-z0-9_-]{43}$/;

/** A new access key: `tsk_` and 256 random bits. It is shown once, to whoever enrols; only its hash is kept. */
export function makeKey(): string {
  return `tsk_${randomBytes(32).toString("base64url")}`;
}

/** True for a text that could be a key; anything else is refused without asking the database. */
export function isKey(text: string): boolean {
  return KEY.test(text);
}

/** SHA-256 of a key as 64 hex digits. Keys are random, so neither salt nor a slow hash would add anything. */
export function keyHash(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}
