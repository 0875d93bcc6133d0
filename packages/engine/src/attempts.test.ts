import { describe, expect, it } from "vitest";
import type { Attempt } from "./attempt.ts";
import { loseAnswer, unreachable } from "./testing/fake-centre.ts";
import { openTill, sale, type Till } from "./testing/till.ts";

const told = (till: Till): Attempt[] =>
  till.events.flatMap((event) => (event.type === "attempt" ? [event.attempt] : []));

const historyOf = (till: Till) => till.terminal.history().attempts;

describe("the history of attempts", () => {
  it("has each attempt that carried something, newest first, with 001's fields and its correlation id", async () => {
    const till = await openTill();
    till.centre.always = unreachable;
    till.terminal.closeOrder(sale("a"));
    await till.settle();
    till.centre.always = (_request, honest) => honest();
    await till.terminal.syncNow();
    const [last, before] = historyOf(till);
    const first = historyOf(till).at(-1);
    expect(last).toMatchObject({
      outcome: "ok",
      attemptNumber: (before?.attemptNumber ?? 0) + 1,
      sent: 1,
      changes: 1,
      errorMessage: null,
      code: null,
    });
    expect(before).toMatchObject({
      lane: "central",
      entityType: "Transaction",
      entityId: "a",
      errorMessage: "The test refuses with UNREACHABLE.",
      code: "UNREACHABLE",
      shouldRetry: true,
      outcome: "failed",
      sent: 0,
      changes: 1,
    });
    expect(first).toMatchObject({ entityType: "Batch", outcome: "ok", sent: 1, attemptNumber: 1 });
    const ids = historyOf(till).map(({ correlationId }) => correlationId);
    expect(new Set(ids).size).toBe(ids.length);
    const carrying = told(till).filter(({ changes }) => changes > 0);
    expect(ids).toEqual(carrying.map(({ correlationId }) => correlationId).reverse());
  });

  it("names the stock movement or the batch that it carried", async () => {
    const till = await openTill();
    till.terminal.recordInventory({ localId: "i-1", item: "bread", delta: "-2", type: "sale" });
    await till.terminal.syncNow();
    till.terminal.closeOrder(sale("a"));
    till.terminal.closeOrder(sale("b"));
    await till.terminal.syncNow();
    const { incarnation } = till.terminal.status();
    expect(historyOf(till).map(({ entityType, entityId }) => [entityType, entityId])).toContainEqual([
      "Inventory",
      "i-1",
    ]);
    const batches = historyOf(till).filter(({ changes }) => changes > 1);
    for (const { entityType, entityId } of batches) {
      expect([entityType, entityId]).toEqual(["Batch", expect.stringMatching(`^central-${incarnation}-\\d+-\\d+$`)]);
    }
  });

  it("survives a restart, and goes on counting", async () => {
    const till = await openTill();
    till.centre.always = unreachable;
    till.terminal.closeOrder(sale("a"));
    await till.settle();
    const before = historyOf(till);
    await till.restart();
    await till.settle();
    expect(historyOf(till).slice(1)).toEqual(before);
    expect(Number(historyOf(till)[0]?.id)).toBe(Number(before[0]?.id) + 1);
  });

  it("is written when the terminal closes, what came after the last commit too", async () => {
    const till = await openTill();
    till.terminal.closeOrder(sale("a"));
    await till.settle();
    const before = historyOf(till);
    await till.restart();
    expect(historyOf(till)).toEqual(before);
    expect(before[0]).toMatchObject({ entityId: "a", outcome: "ok" });
  });

  it("loses at most the last attempt when the process is killed", async () => {
    const till = await openTill();
    for (const id of ["a", "b"]) {
      till.terminal.closeOrder(sale(id));
      await till.settle();
    }
    const before = historyOf(till);
    till.crash();
    till.start();
    expect(historyOf(till)).toEqual(before.slice(1));
  });

  it("is read in pages", async () => {
    const till = await openTill();
    for (const id of ["a", "b", "c", "d"]) {
      till.terminal.closeOrder(sale(id));
      await till.settle();
    }
    const all = historyOf(till);
    const pages: unknown[] = [];
    let before: string | undefined;
    do {
      const { attempts, next } = till.terminal.history({ limit: 2, before });
      expect(attempts.length).toBeLessThanOrEqual(2);
      pages.push(...attempts);
      before = next ?? undefined;
    } while (before !== undefined);
    expect(pages).toEqual(all);
    expect(all.length).toBe(5);
  });

  it("keeps no idle poll: a till that has nothing to say writes nothing, and still tells each of them", async () => {
    const till = await openTill();
    const written = till.store.read.get<{ n: number }>("PRAGMA data_version");
    const before = historyOf(till);
    const polls = told(till).length;
    const changed = till.store.read.get<{ n: number }>("SELECT total_changes() AS n")?.n;
    await till.clock.advance(10 * 30_000);
    expect(told(till).length).toBe(polls + 10);
    expect(told(till).at(-1)).toMatchObject({ outcome: "ok", changes: 0, sent: 0 });
    expect(historyOf(till)).toEqual(before);
    expect(till.store.read.get<{ n: number }>("SELECT total_changes() AS n")?.n).toBe(changed);
    expect(till.store.read.get<{ n: number }>("PRAGMA data_version")).toEqual(written);
  });

  it("is bounded: a till that fails for weeks keeps the newest attempts, and the journal whole", async () => {
    const till = await openTill({ retention: { attempts: 50 } });
    till.centre.always = unreachable;
    till.terminal.closeOrder(sale("a"));
    await till.clock.advance(7 * 24 * 60 * 60_000);
    const rows = till.store.read.get<{ count: number; newest: number }>(
      "SELECT count(*) AS count, max(id) AS newest FROM attempt",
    );
    expect(rows?.count).toBe(50);
    expect(rows?.newest).toBeGreaterThan(1_000);
    expect(till.terminal.status()).toMatchObject({ headSeq: 2, pending: 1 });
  });

  it("forgets what is older than its days, with the attempts that come after", async () => {
    const till = await openTill({ retention: { days: 1 } });
    till.terminal.closeOrder(sale("a"));
    await till.settle();
    await till.clock.advance(25 * 60 * 60_000);
    expect(historyOf(till).length).toBe(2);
    for (const id of ["b", "c"]) {
      till.terminal.closeOrder(sale(id));
      await till.settle();
    }
    expect(historyOf(till).map(({ entityId }) => entityId)).toEqual(["c", "b"]);
  });

  it("tells a lost answer as what it was: failed, then sent again as a duplicate", async () => {
    const till = await openTill();
    till.centre.next.push(loseAnswer);
    till.terminal.closeOrder(sale("a"));
    await till.settle();
    await till.terminal.syncNow();
    expect(
      historyOf(till)
        .map(({ outcome, sent }) => [outcome, sent])
        .slice(0, 2),
    ).toEqual([
      ["ok", 1],
      ["failed", 0],
    ]);
  });
});

it("Sync now tells what went and what is left by kind", async () => {
  const till = await openTill();
  till.centre.always = unreachable;
  till.terminal.closeOrder(sale("a"));
  till.terminal.recordInventory({ localId: "i-1", item: "bread", delta: "-2", type: "sale" });
  const kinds = { "order.closed": 1, "inventory.updated": 1 };
  expect(await till.terminal.syncNow()).toMatchObject({
    sent: 0,
    sentByKind: {},
    left: 2,
    leftByKind: kinds,
    reason: { code: "UNREACHABLE" },
  });
  till.centre.always = (_request, honest) => honest();
  expect(await till.terminal.syncNow()).toEqual({ sent: 2, sentByKind: kinds, left: 0, leftByKind: {}, reason: null });
});
