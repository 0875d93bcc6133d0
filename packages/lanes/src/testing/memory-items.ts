import { SyncError } from "@tillsync/protocol";
import { enqueued, type ItemState } from "../item.ts";
import type { ItemStore, NewItem, StoredItem } from "../item-store.ts";

const ENDED: readonly ItemState["phase"][] = ["parked", "settled", "discarded"];

/** Items in memory. They outlive the lane that a test crashes. */
export class MemoryItems<Payload> implements ItemStore<Payload> {
  readonly #items = new Map<string, StoredItem<Payload>>();

  get all(): StoredItem<Payload>[] {
    return [...this.#items.values()];
  }

  enqueue(item: NewItem<Payload>, nowMs: number): StoredItem<Payload> {
    const id = JSON.stringify([item.lane, item.entityType, item.entityId]);
    const there = this.#items.get(id);
    if (there === undefined) {
      const stored = { ...item, id, state: enqueued(nowMs) };
      this.#items.set(id, stored);
      return stored;
    }
    if (JSON.stringify(there.payload) === JSON.stringify(item.payload)) return there;
    const message = `${item.entityType} ${item.entityId} is in the lane ${item.lane} with another payload.`;
    throw new SyncError("LOCAL_ID_TAKEN", message);
  }

  get(id: string): StoredItem<Payload> | undefined {
    return this.#items.get(id);
  }

  first(lane: string, by: "enqueued" | "due"): StoredItem<Payload> | undefined {
    const open = this.all.filter((item) => item.lane === lane && !ENDED.includes(item.state.phase));
    return by === "enqueued" ? open[0] : open.sort((a, b) => a.state.dueAtMs - b.state.dueAtMs)[0];
  }

  move(id: string, from: ItemState, to: ItemState): StoredItem<Payload> {
    const item = this.#items.get(id);
    if (item?.state.revision !== from.revision) {
      throw new SyncError("CONCURRENT_MODIFICATION", `Item ${id} was changed meanwhile. Read it again.`);
    }
    const moved = { ...item, state: to };
    this.#items.set(id, moved);
    return moved;
  }
}
