import { beforeEach, describe, expect, it } from "vitest";
import { delivered, enqueued, intended, type Moment, replied } from "../item.ts";
import type { ItemStore, StoredItem } from "../item-store.ts";
import type { Outcome } from "../outcome.ts";

interface Payload {
  readonly text: string;
}

const NOW = Date.UTC(2026, 0, 16, 8);
const moment: Moment = { nowMs: NOW, jitter: 0.5, rules: { pace: { slowMs: 300_000 }, lookUpAfterMs: 10_000 } };
const why = { code: "X", message: "x" };

/** What `ItemStore` promises (item-store.ts), for any implementation. `make` gives an empty one that knows the lanes `a` and `b`. */
export function itemStoreContract(name: string, make: () => ItemStore<Payload> | Promise<ItemStore<Payload>>): void {
  describe(`ItemStore ${name}`, () => {
    let store: ItemStore<Payload>;
    const put = (entityId: string, nowMs = NOW, lane = "a") =>
      store.enqueue({ lane, entityType: "order", entityId, payload: { text: entityId } }, nowMs);
    const send = async (item: StoredItem<Payload>, outcome: Outcome) => {
      const sent = await store.move(item.id, item.state, intended(item.state, NOW));
      const raw = { kind: "answer", status: 200, text: "ok" } as const;
      const unread = await store.move(sent.id, sent.state, replied(sent.state, "deliver", raw));
      return store.move(unread.id, unread.state, delivered(unread.state, outcome, moment));
    };

    beforeEach(async () => {
      store = await make();
    });

    it("keeps an item as it was enqueued and gives it back whole", async () => {
      const item = await put("1");
      expect(item).toMatchObject({ lane: "a", entityType: "order", entityId: "1", payload: { text: "1" } });
      expect(item.state).toEqual(enqueued(NOW));
      expect(await store.get(item.id)).toEqual(item);
      expect(await store.get("no such item")).toBeUndefined();
    });

    it("takes a document once into a lane, and refuses it with another payload", async () => {
      const item = await put("1");
      expect((await put("1", NOW + 5)).id).toBe(item.id);
      expect((await put("1", NOW, "b")).id).not.toBe(item.id);
      const other = { lane: "a", entityType: "order", entityId: "1", payload: { text: "other" } };
      await expect((async () => store.enqueue(other, NOW))()).rejects.toMatchObject({ code: "LOCAL_ID_TAKEN" });
      expect((await store.get(item.id))?.payload).toEqual({ text: "1" });
    });

    it("keeps all of a state, the raw reply and what persons decided included", async () => {
      const item = await put("1");
      const raw = { kind: "answer", status: 500, text: "ünïcode \u0000 \ud83d\ude00", retryAfterMs: 7 } as const;
      const decisions = [{ did: "retried", operator: "Mary", reason: "why not", atMs: NOW }] as const;
      const to = { ...replied(intended(item.state, NOW), "deliver", raw), why, decisions, duplicate: true };
      expect((await store.move(item.id, item.state, to)).state).toEqual(to);
      expect((await store.get(item.id))?.state).toEqual(to);
    });

    it("moves only from what is there", async () => {
      const item = await put("1");
      const to = intended(item.state, NOW);
      await store.move(item.id, item.state, to);
      const again = async () => store.move(item.id, item.state, { ...to, attempts: 99 });
      await expect(again()).rejects.toMatchObject({ code: "CONCURRENT_MODIFICATION" });
      expect((await store.get(item.id))?.state).toEqual(to);
    });

    it("gives the one that was enqueued first, and the one that is due first, of one lane", async () => {
      const [one, two] = [await put("z"), await put("a"), await put("b", NOW - 1, "b")];
      expect([(await store.first("a", "enqueued"))?.id, (await store.first("a", "due"))?.id]).toEqual([one.id, one.id]);
      await send(one, { verdict: "unknown", ...why });
      expect([(await store.first("a", "enqueued"))?.id, (await store.first("a", "due"))?.id]).toEqual([one.id, two.id]);
    });

    it.each<Outcome>([{ verdict: "accepted" }, { verdict: "parked", ...why }])(
      "passes what ended: %j",
      async (outcome) => {
        const [one, two] = [await put("1"), await put("2")];
        await send(one, outcome);
        for (const by of ["enqueued", "due"] as const) expect((await store.first("a", by))?.id).toBe(two.id);
        await send(two, outcome);
        for (const by of ["enqueued", "due"] as const) expect(await store.first("a", by)).toBeUndefined();
      },
    );
  });
}
