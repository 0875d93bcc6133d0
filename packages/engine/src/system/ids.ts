import { randomBytes, randomInt } from "node:crypto";
import { makeUuidv7 } from "@tillsync/protocol";
import type { Ids } from "../ports.ts";

/** Ids of one millisecond count up in the 12 bits after it (RFC 9562 section 6.2, method 1), from a random start below half. */
const COUNTER_END = 2 ** 12;

let lastMs = 0;
let counter = 0;

/** The machine's own chance. Node's `randomUUIDv7` does not sort within a millisecond; these do, also when the clock is set back. */
export const systemIds: Ids = {
  next: () => {
    const nowMs = Date.now();
    counter += 1;
    if (nowMs > lastMs || counter >= COUNTER_END) {
      lastMs = Math.max(nowMs, lastMs + 1);
      counter = randomInt(COUNTER_END / 2);
    }
    return makeUuidv7(lastMs, counter.toString(16).padStart(3, "0") + hex(17));
  },
  hex,
  jitter: () => randomInt(2 ** 32) / 2 ** 32,
};

/** Asking the system costs the same for 16 bytes and for 4,096. Nothing in here is used twice. */
const POOL_BYTES = 4096;

let pool = "";
let used = 0;

function hex(digits: number): string {
  if (digits > POOL_BYTES)
    return randomBytes(Math.ceil(digits / 2))
      .toString("hex")
      .slice(0, digits);
  if (used + digits > pool.length) {
    pool = randomBytes(POOL_BYTES).toString("hex");
    used = 0;
  }
  used += digits;
  return pool.slice(used - digits, used);
}
