import type { Found, Outcome, Reply } from "./outcome.ts";

/**
 * The far end of a lane. Sending and understanding are apart: the lane stores that it will send (the intent) before
 * `deliver`, and the reply as it came before `outcomeOf` reads it. So whatever dies in between, what is known is on disk,
 * and an item with an intent and without a reply is unknown: it is looked up before anything is sent again.
 *
 * `Item` is what the lane stored when the item was enqueued, with whatever was bound to it (a number) before the intent.
 */
export interface Destination<Item> {
  /** Sends the item once, and repeats nothing by itself. Never throws for what the network or the far end does. */
  deliver(item: Item, signal: AbortSignal): Promise<Reply>;
  /** Asks the far end for the item; it changes nothing there. Never throws, like `deliver`. */
  lookUp(item: Item, signal: AbortSignal): Promise<Reply>;
  /** What the reply to `deliver` means. Pure. Whatever it does not know is `unknown`, never `accepted` and never `retry`. */
  outcomeOf(item: Item, reply: Reply): Outcome;
  /** What the reply to `lookUp` means. Pure. Whatever it does not know is `unknown`, never `absent`. */
  foundOf(item: Item, reply: Reply): Found;
}
