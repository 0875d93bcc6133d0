import type { Ids } from "@tillsync/engine";
import { makeUuidv7 } from "@tillsync/protocol";
import type { Random } from "../random.ts";

/** Chance for one process of a till. Ids sort by when they were made, also while the wall clock goes back. */
export function seededIds(random: Random, wallMs: () => number): Ids {
  let lastMs = 0;
  return {
    next: () => {
      lastMs = Math.max(lastMs + 1, wallMs());
      return makeUuidv7(lastMs, random.hex(20));
    },
    hex: (digits) => random.hex(digits),
    jitter: () => random.float(),
  };
}
