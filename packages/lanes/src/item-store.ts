import type { ItemState } from "./item.ts";

type Awaitable<T> = T | Promise<T>;

/** What is enqueued. A document goes into a lane once: lane, entity type and entity id name it. */
export interface NewItem<Payload> {
  readonly lane: string;
  readonly entityType: string;
  readonly entityId: string;
  readonly payload: Payload;
}

export interface StoredItem<Payload> extends NewItem<Payload> {
  readonly id: string;
  readonly state: ItemState;
}

/**
 * Where the items of lanes are kept: SQLite at the till, PostgreSQL at the centre. An implementation must guarantee:
 * - each method is atomic, and what it wrote survives a power cut once it has returned;
 * - `enqueue` of what is there with the same payload answers what is there; with another it is SyncError LOCAL_ID_TAKEN;
 * - `first` is the item of the lane that has not ended and was enqueued first, or whose due time is earliest (then the one
 *   that was enqueued first). One that is parked, settled or discarded is in nobody's way;
 * - `move` writes `to` only onto `from`, by `revision`; anything else is SyncError CONCURRENT_MODIFICATION and changes nothing. It
 *   answers the item as it is now: a store may bind something to it, such as a number, in the write of the intent.
 * `contract/item-store.ts` is the suite that each implementation passes.
 */
export interface ItemStore<Payload> {
  enqueue(item: NewItem<Payload>, nowMs: number): Awaitable<StoredItem<Payload>>;
  get(id: string): Awaitable<StoredItem<Payload> | undefined>;
  first(lane: string, by: "enqueued" | "due"): Awaitable<StoredItem<Payload> | undefined>;
  move(id: string, from: ItemState, to: ItemState): Awaitable<StoredItem<Payload>>;
}
