import { type ErrorCode, LIMITS, SyncError } from "@tillsync/protocol";
import { describe, expect, it } from "vitest";
import { type Behaviour, refuse, unreachable } from "./testing/fake-centre.ts";
import { openTill, sale, type Till } from "./testing/till.ts";

const MINUTE = 60_000;
const honestly: Behaviour = (_request, honest) => honest();

const lane = (till: Till) => till.terminal.status().lanes[0];
const life = (till: Till) => till.terminal.status().incarnation;
const rows = (till: Till) => till.store.read.get<{ n: number }>("SELECT count(*) AS n FROM journal")?.n;

function sell(till: Till, count: number, from = 0): void {
  till.terminal.transaction((tx) => {
    for (let at = from; at < from + count; at++) tx.closeOrder(sale(`o-${at}`));
  });
}

async function drained(till: Till, withinMs: number): Promise<void> {
  await till.clock.advance(withinMs);
  expect(till.terminal.status()).toMatchObject({ pending: 0, light: "green" });
  expect(till.centre.stored(life(till))).toHaveLength(till.terminal.status().headSeq);
}

describe("a centre that has less than it had (restored from a backup)", () => {
  it("gets everything again from its mark on (I20)", async () => {
    const till = await openTill();
    sell(till, 10);
    await till.settle();
    till.centre.restore(life(till), 3);
    sell(till, 1, 10);
    expect(till.terminal.status()).toMatchObject({ durableThrough: 11, syncedOrders: 10, pendingOrders: 1 });
    await till.settle();
    expect(till.centre.requests.slice(-2).map(({ fromSeq, changes }) => [fromSeq, changes.length])).toEqual([
      [12, 1],
      [4, 9],
    ]);
    await drained(till, 0);
    expect(till.terminal.status()).toMatchObject({ syncedOrders: 11, pendingOrders: 0 });
  });

  it("gets everything again also when nothing new is sold", async () => {
    const till = await openTill();
    sell(till, 5);
    await till.settle();
    till.centre.restore(life(till), 0);
    await drained(till, 30_000);
  });

  it("again and again still gets everything in the end: there is no last chance (I12)", async () => {
    const till = await openTill();
    sell(till, 10);
    await till.settle();
    // Each time its answer to the resent range is lost, and then it is restored once more.
    for (let times = 0; times < 8; times++) {
      till.centre.next.push((_request, honest) => {
        till.centre.restore(life(till), 9 - times);
        return honest();
      }, unreachable);
    }
    await drained(till, 3 * 60 * MINUTE);
  });

  it("and says so at every turn without a pause is asked a few times each half minute", async () => {
    const till = await openTill();
    sell(till, 2);
    await till.settle();
    till.centre.always = () => {
      const mark = { durableThrough: 1, chainHash: till.centre.hashAt(life(till), 1) };
      throw new SyncError("GAP", "Send from 2 on.", mark);
    };
    sell(till, 1, 2);
    const from = till.centre.requests.length;
    await till.clock.advance(10 * MINUTE);
    expect(till.centre.requests.length - from).toBeLessThan(120);
    till.centre.always = honestly;
    await drained(till, 6 * MINUTE);
  });
});

describe("a centre with another history than this till", () => {
  const claims: readonly [string, (till: Till) => Behaviour][] = [
    [
      "that it has more than was ever sold",
      () => (_request, honest) => ({ ...honest(), durableThrough: 99, chainHash: "ab".repeat(32) }),
    ],
    ["another chain at the same place", () => (_request, honest) => ({ ...honest(), chainHash: "ab".repeat(32) })],
    [
      "a gap at a place where the chains differ",
      () => () => {
        throw new SyncError("GAP", "x", { durableThrough: 1, chainHash: "ab".repeat(32) });
      },
    ],
    ["a fork", () => refuse("FORK", { seq: 2 })],
  ];

  it.each(claims)("claiming %s loses nothing, stops nothing, and is asked without hurry", async (_what, claim) => {
    const till = await openTill();
    till.centre.always = claim(till);
    sell(till, 3);
    await till.clock.advance(3 * 60 * MINUTE);
    expect(till.centre.requests.length).toBeLessThan(1_500);
    expect(lane(till)).toMatchObject({ halted: null });
    sell(till, 1, 3);
    till.centre.always = honestly;
    await till.clock.advance(6 * MINUTE);
    expect(till.terminal.status()).toMatchObject({ pending: 0, syncedOrders: 4 });
    const sold = till.store.read.all<{ n: number }>("SELECT count(*) AS n FROM journal WHERE kind = 'order.closed'");
    expect(sold).toEqual([{ n: 4 }]);
  });

  it("in one altered answer begins no new life: it is asked once more", async () => {
    const till = await openTill();
    const begun = life(till);
    for (const claim of claims.slice(0, 3)) till.centre.next.push(claim[1](till));
    sell(till, 3);
    await drained(till, MINUTE);
    expect(life(till)).toBe(begun);
  });

  it("is not believed in anything else it says in the same answer", async () => {
    const till = await openTill();
    till.centre.always = (_request, honest) => ({
      ...honest(),
      chainHash: "ab".repeat(32),
      cursor: "forged",
      serverEpoch: "0190a5da-0000-774b-8cce-000000000009",
    });
    sell(till, 1);
    await till.settle();
    expect(till.store.read.get("SELECT cursor FROM lane")).toMatchObject({ cursor: "c0" });
  });
});

describe("bytes that changed on the way", () => {
  it("are sent again: one bad line does not stop a till for ever", async () => {
    const till = await openTill();
    till.centre.next.push(refuse("CHAIN_BROKEN", { seq: 2, field: "changes.0.hash" }));
    sell(till, 3);
    await drained(till, 1_000);
  });
});

describe("a feed that was reset", () => {
  it("makes the till forget its cursor and ask again", async () => {
    const till = await openTill();
    till.centre.next.push(refuse("FEED_RESET"));
    sell(till, 1);
    await drained(till, 1_000);
    expect(till.centre.requests.slice(-2).map(({ cursor }) => cursor)).toEqual(["c0", null]);
  });

  it("is not forgotten in a restart", async () => {
    const till = await openTill();
    till.centre.always = (request, honest) =>
      request.cursor === null ? honest() : refuse("FEED_RESET")(request, honest, AbortSignal.any([]));
    sell(till, 1);
    await till.settle();
    till.crash();
    till.start();
    await till.settle();
    expect(till.terminal.status().pending).toBe(0);
  });

  it("over and over does not become a loop without a pause", async () => {
    const till = await openTill();
    till.centre.always = refuse("FEED_RESET");
    const from = till.centre.requests.length;
    sell(till, 1);
    await till.clock.advance(10 * MINUTE);
    expect(till.centre.requests.length - from).toBeLessThan(30);
  });
});

describe("a refusal that somebody has to act on", () => {
  it.each<ErrorCode>(["UNAUTHENTICATED", "FORBIDDEN", "PROTOCOL_VERSION", "UPGRADE_REQUIRED"])(
    "%s keeps everything, pauses, and asks with less and less once a probe is answered",
    async (code) => {
      const till = await openTill();
      till.centre.always = refuse(code);
      const from = till.centre.exchanges.length;
      sell(till, 3);
      await till.clock.advance(16 * MINUTE);
      const asked = till.centre.exchanges.slice(from);
      const gaps = asked.slice(1).map(({ atMs }, at) => atMs - (asked[at]?.atMs ?? 0));
      expect(Math.min(...gaps)).toBeGreaterThan(24_000);
      expect(asked.at(-1)?.request.changes).toHaveLength(1);
      expect(rows(till)).toBe(4);
      expect(lane(till)).toMatchObject({ state: "retrying", breaker: "open", halted: null, lastError: { code } });
      expect(till.terminal.status()).toMatchObject({ light: "yellow", connectivity: [{ state: "degraded" }] });
      till.centre.always = honestly;
      await drained(till, 30_000);
    },
  );

  it.each<ErrorCode>(["UNAUTHENTICATED", "FORBIDDEN", "PROTOCOL_VERSION", "UPGRADE_REQUIRED"])(
    "%s, and no probe is answered either, is asked about at the slow pace",
    async (code) => {
      const till = await openTill();
      till.centre.always = Object.assign(refuse(code), { probed: "silent" as const });
      const from = till.centre.exchanges.length;
      sell(till, 3);
      await till.clock.advance(16 * MINUTE);
      expect(till.centre.exchanges.length - from).toBe(4);
      till.centre.always = honestly;
      await drained(till, 6 * MINUTE);
    },
  );
});

describe("a batch that is too large", () => {
  it("is halved at once, down to one change if need be, and everything arrives (I10)", async () => {
    const till = await openTill();
    till.centre.always = (request, honest) =>
      request.changes.length > 1 ? refuse("TOO_LARGE")(request, honest, AbortSignal.any([])) : honest();
    const from = till.centre.requests.length;
    sell(till, 300);
    await till.clock.advance(1_000);
    await drained(till, 0);
    const sizes = till.centre.requests.slice(from).map(({ changes }) => changes.length);
    expect(sizes.slice(0, 11)).toEqual([300, 300, 250, 125, 62, 31, 15, 7, 3, 1, 2]);
  });

  it("when it is a single change is kept and tried at the slow pace: never skipped, never deleted", async () => {
    const till = await openTill();
    till.centre.always = refuse("TOO_LARGE");
    sell(till, 1);
    await till.clock.advance(30 * MINUTE);
    expect(till.terminal.status()).toMatchObject({ pending: 1 });
    expect(till.centre.requests.at(-1)?.changes).toHaveLength(1);
    till.centre.always = honestly;
    await drained(till, 6 * MINUTE);
  });

  it("keeps within the bytes of a batch, but always takes one change", async () => {
    const till = await openTill();
    const big = (localId: string) =>
      sale(localId, {
        lines: [
          { item: "bread", description: "x".repeat(200), quantity: "2", unitPrice: "60.00" },
          ...Array.from({ length: 999 }, () => ({
            item: "i",
            description: "x".repeat(200),
            quantity: "0",
            unitPrice: "0",
          })),
        ],
      });
    // Two are in flight when the link goes, and one more finds it still gone.
    till.centre.next.push(unreachable, unreachable, unreachable);
    till.terminal.transaction((tx) => {
      for (let at = 0; at < 5; at++) tx.closeOrder(big(`big-${at}`));
    });
    const from = till.centre.requests.length;
    await drained(till, MINUTE);
    const sent = till.centre.requests.slice(from).map(({ changes }) => changes.length);
    expect(sent.slice(0, 3)).toEqual([1, 1, 1]);
    expect(Math.max(...till.centre.requests.map((request) => JSON.stringify(request).length))).toBeLessThan(
      LIMITS.maxRequestBytes,
    );
  });

  it("takes the centre's own limits, however odd they are", async () => {
    const till = await openTill();
    const limits = {
      maxChangeBytes: LIMITS.maxChangeBytes,
      maxBatchChanges: 40,
      maxRequestBytes: LIMITS.maxRequestBytes,
    };
    till.centre.answer = { limits };
    const from = till.centre.requests.length;
    sell(till, 100);
    await till.settle();
    expect(till.centre.requests.slice(from).map(({ changes }) => changes.length)).toEqual([100]);
    till.centre.always = (request, honest) =>
      request.changes.length > 40 ? refuse("TOO_LARGE")(request, honest, AbortSignal.any([])) : honest();
    sell(till, 100, 100);
    await drained(till, 1_000);
    till.centre.answer = { limits: { maxChangeBytes: 0, maxBatchChanges: 0, maxRequestBytes: -5 } };
    till.centre.always = honestly;
    sell(till, 3, 200);
    await drained(till, 0);
    sell(till, 3, 203);
    await drained(till, 0);
  });
});

describe("an answer that leads nowhere does not become a loop without a pause", () => {
  it.each<[string, Behaviour]>([
    ["a centre that takes nothing", (_request, honest) => ({ ...honest(), durableThrough: 1, chainHash: "" })],
    ["more entries that never come", (_request, honest) => ({ ...honest(), more: true })],
    [
      "rows asked for again and again that nobody has",
      (request, honest) => ({
        ...honest(),
        need: [
          { incarnation: request.incarnation, seq: 1 },
          { incarnation: "0".repeat(16), seq: 9 },
        ],
      }),
    ],
  ])("%s", async (_what, behaviour) => {
    const till = await openTill();
    const mark = { durableThrough: 1, chainHash: till.centre.hashAt(life(till), 1) };
    till.tamper("UPDATE journal SET body = body || ' '");
    till.centre.always = (request, honest, signal) => {
      const answer = behaviour(request, honest, signal);
      return answer instanceof Promise || answer.chainHash !== "" ? answer : { ...answer, ...mark };
    };
    const from = till.centre.requests.length;
    sell(till, 1);
    await till.clock.advance(10 * MINUTE);
    expect(till.centre.requests.length - from).toBeLessThan(40);
    expect(till.centre.requests.length - from).toBeGreaterThan(3);
    const left = await till.terminal.syncNow();
    expect(left.left === 0 || left.reason !== null).toBe(true);
  });
});

describe("a mistake of ours in the middle of an exchange", () => {
  it("is a failure like any other: waited out and tried again", async () => {
    const till = await openTill();
    till.centre.next.push(() => {
      throw new TypeError("undefined is not a function");
    });
    sell(till, 1);
    await till.settle();
    expect(till.terminal.status().pending).toBe(0);
  });

  it("shows up as INTERNAL while it lasts, without its own words", async () => {
    const till = await openTill();
    till.centre.always = () => {
      throw new TypeError("secret");
    };
    sell(till, 1);
    await till.clock.advance(MINUTE);
    expect(lane(till)?.lastError?.code).toBe("INTERNAL");
    expect(JSON.stringify(till.terminal.status())).not.toContain("secret");
  });
});
