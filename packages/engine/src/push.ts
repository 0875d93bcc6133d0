import type { Profile } from "@tillsync/lanes";
import type { Kind } from "@tillsync/protocol";

/** Kinds whose recording is a reason to exchange at once; design section 2 `pushAtOnce`. */
export const PUSH_AT_ONCE: Readonly<Record<Profile, readonly Kind[]>> = {
  shift: ["shift.opened", "shift.closed"],
  continuous: ["order.closed", "shift.opened", "shift.closed"],
  live: [
    "order.closed",
    "order.edited",
    "transaction.recorded",
    "inventory.updated",
    "customer.edited",
    "shift.opened",
    "shift.closed",
  ],
};

/** After these a person waits for what head office says, or everything has to go. */
export const FLUSHING: ReadonlySet<Kind> = new Set([
  "shift.opened",
  "shift.closed",
  "exception.retried",
  "exception.discarded",
] as const);

/** What head office makes of these comes with the exchange behind the one that brought them: it has to come soon. */
export const DECIDING: ReadonlySet<Kind> = new Set(["exception.retried", "exception.discarded"] as const);
