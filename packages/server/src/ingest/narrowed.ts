import type { FeedScope } from "@tillsync/protocol";
import type { FeedWish } from "./ports.ts";

/** What a kind of terminal may be told at most. */
export type Allowed = Exclude<FeedScope, "none">;

const WIDTH: Readonly<Record<FeedScope, number>> = { none: 0, own: 1, open: 2, store: 3 };

/** A wish as far as the kind of its terminal may be told. */
export function narrowed(wish: FeedWish, allowed: Allowed = "store"): FeedWish {
  return WIDTH[wish.scope] <= WIDTH[allowed] ? wish : { ...wish, scope: allowed, isNarrowed: true };
}

/**
 * Whether a cursor was given to a terminal that was told less than it may be told now: going on from there it would never
 * hear of what was passed over.
 */
export function passedOver(told: Allowed | undefined, { scope }: FeedWish): boolean {
  return told !== undefined && WIDTH[told] < WIDTH[scope];
}
