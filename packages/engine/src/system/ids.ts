import { randomBytes, randomInt, randomUUIDv7 } from "node:crypto";
import type { Ids } from "../ports.ts";

/** The machine's own chance; `randomUUIDv7` is monotonic within a process. */
export const systemIds: Ids = {
  next: () => randomUUIDv7(),
  hex: (digits) =>
    randomBytes(Math.ceil(digits / 2))
      .toString("hex")
      .slice(0, digits),
  jitter: () => randomInt(2 ** 32) / 2 ** 32,
};
