import { beforeEach, describe, expect, it } from "vitest";
import type { Behaviour } from "./testing/fake-centre.ts";
import { openTill, sale, type Till } from "./testing/till.ts";

let till: Till;

beforeEach(async () => {
  till = await openTill();
});

const life = () => till.terminal.status().incarnation;
const bodyAt = (seq: number) =>
  till.store.read.get<{ body: string }>("SELECT body FROM journal WHERE position % (1 << 40) = ?", seq)?.body ?? "";
const sent = () => till.centre.requests.flatMap(({ changes }) => changes);

/** Flips the lowest bit of one character of a stored body: what a bad disk does, and SQLite does not notice (F7). */
function flipBit(seq: number, at: number): void {
  const body = bodyAt(seq);
  const flipped = body.slice(0, at) + String.fromCharCode(body.charCodeAt(at) ^ 1) + body.slice(at + 1);
  till.tamper("UPDATE journal SET body = ? WHERE position % (1 << 40) = ?", flipped, seq);
}

function sell(...ids: string[]): void {
  till.terminal.transaction((tx) => {
    for (const id of ids) tx.closeOrder(sale(id));
  });
}

/** The centre answers the next exchange with these additions. */
const saying =
  (over: Partial<Awaited<ReturnType<Behaviour>>>): Behaviour =>
  (_request, honest) => ({ ...honest(), ...over });

describe("a row that was damaged on the till's disk before it was sent (I28)", () => {
  it("goes as it is, marked; its place is not skipped and the others flow", async () => {
    let release: (() => void) | undefined;
    till.centre.next.push(
      (_request, honest) =>
        new Promise((resolve) => {
          release = () => resolve(honest());
        }),
    );
    sell("before");
    await till.settle();
    sell("a", "b", "c");
    const right = bodyAt(4);
    flipBit(4, 100);
    release?.();
    await till.settle();
    expect(till.terminal.status()).toMatchObject({ pending: 0, light: "green" });
    const stored = till.centre.stored(life());
    expect(stored.map(({ damaged }) => damaged ?? false)).toEqual([false, false, false, true, false]);
    expect(stored[3]?.body).toBe(bodyAt(4));
    expect(stored[3]?.body).not.toBe(right);
  });

  it("is found by any flipped bit of its bytes, its hash or its place, and marks itself only", async () => {
    sell("a", "b", "c");
    await till.settle();
    const { length } = bodyAt(3);
    for (let at = 0; at < length; at += 37) {
      flipBit(3, at);
      till.centre.restore(life(), 1);
      await till.terminal.syncNow();
      expect(till.centre.stored(life()).map(({ damaged }) => damaged ?? false)).toEqual([false, false, true, false]);
      flipBit(3, at);
    }
  });

  it("is told by explain, whatever is left of it", async () => {
    const { receiptNumber = "" } = till.terminal.closeOrder(sale("a"));
    till.tamper("UPDATE journal SET body = 'garbage' WHERE local_id = 'a'");
    await till.settle();
    for (const key of ["a", receiptNumber]) {
      expect(till.terminal.explain(key)).toMatchObject({
        localId: "a",
        changes: [{ kind: "order.closed", intact: false, body: null }],
      });
    }
    expect(() => till.terminal.order("a")).toThrow(expect.objectContaining({ code: "BODY_DAMAGED" }));
  });

  it("does not hide the other open orders", () => {
    for (const localId of ["t-1", "t-2"])
      till.terminal.editOrder({ localId, add: [{ item: "x", quantity: "1", unitPrice: "1" }] });
    till.tamper("UPDATE journal SET body = replace(body, 'events', 'evenst') WHERE local_id = 't-1'");
    expect(till.terminal.openOrders().map(({ localId }) => localId)).toEqual(["t-2"]);
    expect(() => till.terminal.order("t-1")).toThrow(expect.objectContaining({ code: "BODY_DAMAGED" }));
  });
});

describe("rows that the centre asks for", () => {
  it("are sent with the next exchange, at once", async () => {
    sell("a", "b");
    await till.settle();
    till.centre.next.push(
      saying({
        need: [
          { incarnation: life(), seq: 2 },
          { incarnation: life(), seq: 3 },
        ],
      }),
    );
    await till.terminal.syncNow();
    await till.settle();
    expect(till.centre.requests.at(-1)?.repair).toMatchObject(
      [2, 3].map((seq) => ({ incarnation: life(), seq, body: bodyAt(seq) })),
    );
    till.clock.forget();
  });

  it("are sent at once in the middle of a backlog, whose next batch was under way already", async () => {
    const need = [{ incarnation: life(), seq: 2 }];
    let repaired = false;
    till.centre.always = (request, honest) => {
      repaired ||= request.repair?.some(({ seq }) => seq === 2) === true;
      return { ...honest(), need: repaired ? [] : need };
    };
    sell(...Array.from({ length: 1200 }, (_, at) => `o-${at}`));
    await till.settle();
    expect(till.terminal.status().pending).toBe(0);
    expect(repaired).toBe(true);
    till.clock.forget();
  });

  it("are not sent when their own copy is damaged, or when nobody ever had them", async () => {
    sell("a", "b");
    await till.settle();
    flipBit(2, 50);
    const need = [
      { incarnation: life(), seq: 2 },
      { incarnation: life(), seq: 99 },
      { incarnation: "0".repeat(16), seq: 1 },
      { incarnation: life(), seq: 3 },
    ];
    till.centre.next.push(saying({ need }));
    await till.terminal.syncNow();
    await till.settle();
    expect(till.centre.requests.at(-1)?.repair?.map(({ seq }) => seq)).toEqual([3]);
  });

  it("that nobody has leave the field out, and no more than a few exchanges are spent on them", async () => {
    const need = [{ incarnation: life(), seq: 99 }];
    till.centre.always = saying({ need });
    const from = till.centre.requests.length;
    await till.terminal.syncNow();
    await till.clock.advance(60_000);
    expect(till.centre.requests.length - from).toBeLessThan(6);
    expect(till.centre.requests.at(-1)).not.toHaveProperty("repair");
  });

  it("go piece by piece when there are many: a request stays within its limits", async () => {
    const lines = Array.from({ length: 900 }, () => ({
      item: "i",
      description: "ä".repeat(250),
      quantity: "0",
      unitPrice: "0",
    }));
    for (let at = 0; at < 30; at++) till.terminal.closeOrder({ localId: `big-${at}`, lines, tenders: [] });
    await till.terminal.syncNow();
    let missing = Array.from({ length: 30 }, (_, at) => ({ incarnation: life(), seq: at + 2 }));
    till.centre.always = (request, honest) => {
      const came = new Set(request.repair?.map(({ seq }) => seq));
      missing = missing.filter(({ seq }) => !came.has(seq));
      return { ...honest(), need: missing };
    };
    const from = till.centre.requests.length;
    await till.terminal.syncNow();
    await till.clock.advance(1_000);
    expect(missing).toEqual([]);
    const sizes = till.centre.requests.slice(from).map((request) => Buffer.byteLength(JSON.stringify(request)));
    expect(Math.max(...sizes)).toBeLessThan(8 * 1024 * 1024);
  });

  it("are no more than a request may hold, however many are asked for", async () => {
    sell(...Array.from({ length: 150 }, (_, at) => `o-${at}`));
    await till.terminal.syncNow();
    till.centre.next.push(
      saying({ need: Array.from({ length: 150 }, (_, at) => ({ incarnation: life(), seq: at + 1 })) }),
    );
    await till.terminal.syncNow();
    await till.settle();
    expect(Math.max(...till.centre.requests.map(({ repair }) => repair?.length ?? 0))).toBe(100);
  });
});

describe("a row that the centre gives back", () => {
  it("heals the damaged one when its bytes give the hash in our chain", async () => {
    sell("a", "b");
    await till.settle();
    const right = bodyAt(2);
    flipBit(2, 60);
    till.centre.next.push(saying({ give: [{ incarnation: life(), seq: 2, body: right }] }));
    await till.terminal.syncNow();
    expect(bodyAt(2)).toBe(right);
    expect(till.terminal.explain("a")?.changes[0]?.intact).toBe(true);
  });

  it.each([
    ["other bytes", (right: string) => ({ seq: 2, body: right.replace("12000", "12001") })],
    ["the bytes of another row", (right: string) => ({ seq: 3, body: right })],
    ["a row that was never there", (right: string) => ({ seq: 77, body: right })],
    ["a row of another life", (right: string) => ({ seq: 2, incarnation: "f".repeat(16), body: right })],
  ])("with %s changes nothing", async (_what, gift) => {
    sell("a", "b");
    await till.settle();
    const right = bodyAt(2);
    flipBit(2, 60);
    const before = [bodyAt(1), bodyAt(2), bodyAt(3)];
    till.centre.next.push(saying({ give: [{ incarnation: life(), ...gift(right) }] }));
    await till.terminal.syncNow();
    expect([bodyAt(1), bodyAt(2), bodyAt(3)]).toEqual(before);
    expect(till.terminal.status().light).toBe("green");
  });

  it("heals the first row of a life, too", async () => {
    const right = bodyAt(1);
    flipBit(1, 20);
    till.centre.next.push(saying({ give: [{ incarnation: life(), seq: 1, body: right }] }));
    await till.terminal.syncNow();
    expect(bodyAt(1)).toBe(right);
    expect(sent().every(({ damaged }) => damaged === undefined)).toBe(true);
  });
});
