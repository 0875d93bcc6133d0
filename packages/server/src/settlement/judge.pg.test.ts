import { type ExchangeRequest, type Settlement, StretchSums } from "@tillsync/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "../ledger/sha256.ts";
import { type IngestWorld, ingestWorld, type TestStore } from "../testing/ingest-world.ts";
import { sampleBody, sampleChangeId, sampleSale } from "../testing/sample-life.ts";
import { SampleShifts } from "../testing/sample-shift.ts";
import { giftsFor } from "./gifts.ts";
import type { Judgement } from "./ports.ts";
import { hasToSettle, settleAfter, settleShift } from "./settle.ts";
import { SettlementSweep } from "./settle-all.ts";

let world: IngestWorld;
let store: TestStore;
let life: SampleShifts;
let cursor: string | null;
beforeAll(async () => {
  world = await ingestWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  store = await world.newStore();
  life = new SampleShifts(await store.enrol("T01"));
  cursor = null;
});

const KES = (tender: string, amountMinor: number) => ({ currency: "KES", tender, amountMinor });

/** Sends, as the server's door does, and judges what that leaves to judge. */
async function send(request: ExchangeRequest) {
  const answer = await store.send({ ...request, cursor });
  cursor = answer.cursor;
  if (hasToSettle(request)) await settleAfter(world.settlement, store.scope, request);
  return answer;
}
const idle = (more: Partial<ExchangeRequest> = {}) =>
  send(life.request(life.wires.length + 1, life.wires.length, more));

/** The judgements that an answer brings behind the cursor. */
async function told(more: Partial<ExchangeRequest> = {}): Promise<Settlement[]> {
  const { entries } = await idle(more);
  return entries.flatMap(({ settlement }) => settlement ?? []);
}

async function kept(): Promise<{ state: string; judgement: Judgement; healed: number[]; lacked: number[] }[]> {
  const { rows } = await world.admin.query<Awaited<ReturnType<typeof kept>>[number]>(
    "SELECT state, judgement, healed, lacked FROM tillsync.shift_settlement WHERE terminal = $1 ORDER BY seq",
    [life.terminal],
  );
  return rows;
}

const tamper = (sql: string, ...params: unknown[]) =>
  world.admin.query(sql.replace(/\b(change_\w+|shift_\w+)/, "tillsync.$1"), [life.terminal, ...params]);
const repairOf = (...seqs: number[]) =>
  seqs.map((seq) => ({
    incarnation: life.incarnation,
    seq,
    body: life.wires[seq - 1]?.body ?? "",
    prevHash: life.hashAt(seq - 1),
  }));

describe("a closed shift", () => {
  it("that is the same on both sides is settled, and its till is told behind the effects", async () => {
    life.open("s-1");
    life.addSales(3);
    const seq = life.close();
    await send(life.request());
    const { entries } = await idle();
    expect(entries.map(({ fromSeq, toSeq, settlement }) => [fromSeq, toSeq, settlement?.state])).toEqual([
      [1, 5, undefined],
      [5, 5, "settled"],
    ]);
    expect(entries[1]).toMatchObject({
      effect: "applied",
      settlement: {
        openSeq: 1,
        closeSeq: seq - 1,
        chainHead: life.hashAt(4),
        counts: { "shift.opened": 1, "order.closed": 3 },
        totals: [KES("cash", 102 + 103 + 104)],
        exceptions: [],
        need: [],
      },
    });
    expect(await told()).toEqual([]);
  });

  it("that is empty, and two in one batch, are settled each by itself", async () => {
    life.open("s-1");
    life.close();
    life.open("s-2");
    life.addSales(2);
    life.close();
    await send(life.request());
    expect((await told()).map(({ state, openSeq, closeSeq }) => [state, openSeq, closeSeq])).toEqual([
      ["settled", 1, 1],
      ["settled", 3, 5],
    ]);
  });

  it("with changes that wait for people ends with exceptions: exactly those, and the others are applied", async () => {
    life.open("s-1");
    life.addSales(2);
    const poison = life.add(
      sampleBody("order.closed", { localId: "p", changeId: sampleChangeId("p") }, { no: "sale" }),
    );
    const behind = life.add(sampleSale({ localId: "p", changeId: sampleChangeId("behind") }, 700));
    life.addSales(2);
    const repeat = life.add(life.wires[1]?.body ?? "");
    life.close();
    await send(life.request());
    expect(await told()).toMatchObject([
      {
        state: "settled-with-exceptions",
        exceptions: [
          { seq: poison, effect: "parked", code: "BODY_INVALID" },
          { seq: behind, effect: "waiting", code: "WAITING_FOR_EARLIER" },
          { seq: repeat, effect: "conflict", code: "CHANGE_ID_REUSED" },
        ],
        exceptionCount: 3,
        totals: [KES("cash", 102 + 103 + 700 + 106 + 107 + 102)],
      },
    ]);
  });

  it("whose closing cannot be read, or cannot be applied, is judged all the same", async () => {
    life.open("s-1", "2026-01-16", { operator: 7 });
    life.addSales(1);
    const waits = life.close();
    const unreadable = life.add(sampleBody("shift.closed", { localId: "s-2" }, { no: "manifest" }));
    await send(life.request());
    expect(await told()).toMatchObject([
      { state: "settled-with-exceptions", exceptions: [{ seq: 1 }, { seq: waits, effect: "waiting" }] },
      { state: "settled-with-exceptions", exceptions: [{ seq: unreadable, code: "BODY_INVALID" }] },
    ]);
  });

  it("of which the till printed other sums is told apart from one that is not whole", async () => {
    life.open("s-1");
    life.addSales(2);
    const seq = life.close({ totals: [KES("cash", 999_999)] });
    await send(life.request());
    expect(await told()).toMatchObject([
      {
        state: "settled-with-exceptions",
        totals: [KES("cash", 205)],
        exceptions: [{ seq, effect: "applied", code: "MANIFEST_DIFFERS" }],
      },
    ]);
    expect(await kept()).toMatchObject([{ judgement: { manifest: { totals: [KES("cash", 999_999)] } } }]);
  });

  describe("that began in an earlier life of its till", () => {
    let later: SampleShifts;
    const NEXT = "fedcba9876543210";
    /** What the till says of the first life, up to `closeSeq`. */
    const told = (closeSeq: number, over: object = {}) => {
      const sums = new StretchSums();
      for (const { body } of life.wires.slice(0, closeSeq)) sums.add(body);
      const content = { counts: sums.counts(), totals: sums.totals() };
      const range = { openSeq: 1, closeSeq, chainHead: life.hashAt(closeSeq) };
      return { earlier: [{ incarnation: life.incarnation, ...range, ...content, ...over }] };
    };
    beforeEach(async () => {
      life.open("s-1");
      life.addSales(3);
      await store.send(life.request());
      later = new SampleShifts(life.terminal, NEXT);
      later.goOn("s-1");
      const reborn = { parent: life.incarnation, parentSeq: 3, parentHash: life.hashAt(3), reason: "rolled-back" };
      later.add(sampleBody("terminal.reborn", { localId: "reborn", changeId: sampleChangeId("reborn") }, reborn));
      later.add(sampleSale({ localId: "late", changeId: sampleChangeId("late") }, 700));
    });
    const judgedLater = async (over: object) => {
      later.close(over);
      await send(later.request());
      const { rows } = await world.admin.query<{ judgement: Judgement }>(
        "SELECT judgement FROM tillsync.shift_settlement WHERE terminal = $1 AND incarnation = $2",
        [life.terminal, NEXT],
      );
      return rows[0]?.judgement;
    };

    it("is compared in both, as far as the till still has the first", async () => {
      // The database was put back to before the last sale: the centre has that one, and it is not the shift's any more.
      const earlier = [{ openSeq: 1, closeSeq: 3, isSame: true, totals: [KES("cash", 102 + 103)] }];
      expect(await judgedLater(told(3))).toMatchObject({ state: "settled", totals: [KES("cash", 700)], earlier });
    });

    it.each<[string, () => object]>([
      ["other money", () => told(3, { totals: [KES("cash", 1)] })],
      ["other changes", () => told(3, { chainHead: "ab".repeat(32) })],
      ["more than ever arrived", () => told(4, { closeSeq: 2 ** 40 })],
      ["a life that nobody knows", () => told(3, { incarnation: "00000000000000ff" })],
    ])("is settled with an exception when the till says %s", async (_what, over) => {
      const exceptions = [{ seq: 3, effect: "applied", code: "EARLIER_DIFFERS" }];
      expect(await judgedLater(over())).toMatchObject({ state: "settled-with-exceptions", exceptions });
    });

    it("is settled with an exception when the centre lost bytes of the first", async () => {
      await tamper("DELETE FROM change_body WHERE terminal = $1 AND seq = 2");
      const exceptions = [{ seq: 3, effect: "applied", code: "EARLIER_DIFFERS" }];
      expect(await judgedLater(told(3))).toMatchObject({ state: "settled-with-exceptions", exceptions });
    });
  });

  it("is judged again when a change of it is applied later", async () => {
    life.open("s-1");
    life.addSales(2);
    life.close();
    await send(life.request());
    await tamper("UPDATE change_head SET effect = 'pending' WHERE terminal = $1 AND seq = 2");
    await tamper("UPDATE shift_settlement SET due = true WHERE terminal = $1");
    await world.admin.query("DELETE FROM tillsync.document WHERE terminal = $1 AND seq = 2", [life.terminal]);
    expect(await settleShift(world.settlement, store.scope, { ...life, seq: 4 })).toBe(true);
    expect((await store.heads(life.terminal)).map(({ effect }) => effect)).toEqual(Array(4).fill("applied"));
    expect(await kept()).toMatchObject([{ state: "settled" }]);
  });
});

describe("bytes that the centre lost", () => {
  beforeEach(async () => {
    life.open("s-1");
    life.addSales(8);
    life.close();
    life.addSales(1);
    await store.send(life.request());
  });
  const settle = () => settleAfter(world.settlement, store.scope, life.request());

  it.each<[string, (seq: number) => Promise<unknown>]>([
    [
      "an altered body",
      (seq) => tamper("UPDATE change_body SET body = body || ' ' WHERE terminal = $1 AND seq = $2", seq),
    ],
    ["a lost body", (seq) => tamper("DELETE FROM change_body WHERE terminal = $1 AND seq = $2", seq)],
    ["a lost head", (seq) => tamper("DELETE FROM change_head WHERE terminal = $1 AND seq = $2", seq)],
    [
      "a body and a hash altered",
      (seq) =>
        tamper("UPDATE change_head SET hash = sha256(hash), damaged = true WHERE terminal = $1 AND seq = $2", seq),
    ],
  ])("%s: the shift is different until the till has sent it again", async (_name, break_) => {
    for (const seq of [3, 4, 9]) await break_(seq);
    await settle();
    const [judged] = await told();
    expect(judged).toMatchObject({ state: "different", need: [3, 4, 9] });
    const { need } = await idle();
    expect(need.map(({ seq }) => seq)).toEqual([3, 4, 9]);
    await idle({ repair: repairOf(3, 4, 9) });
    expect(await told()).toMatchObject([{ state: "settled", needCount: 0, totals: judgedTotals() }]);
    expect(await store.heads(life.terminal)).toEqual(
      life.wires.map((_, index) => ({ seq: index + 1, effect: "applied", code: null, repeat: false })),
    );
    expect(await kept()).toMatchObject([{ healed: [3, 4, 9] }]);
    expect(await bytes()).toEqual(life.wires.map(({ body, hash }) => [hash, body]));
  });

  it("an altered hash is put right from its own bytes, at once", async () => {
    for (const seq of [1, 5, 6, 10])
      await tamper("UPDATE change_head SET hash = sha256(hash) WHERE terminal = $1 AND seq = $2", seq);
    await settle();
    expect(await told()).toMatchObject([{ state: "settled", totals: judgedTotals() }]);
    expect(await kept()).toMatchObject([{ healed: [1, 5, 6, 10] }]);
    expect(await bytes()).toEqual(life.wires.map(({ body, hash }) => [hash, body]));
  });

  it("are an exception when the till lacks them as well, and the shift ends", async () => {
    await tamper("UPDATE change_body SET body = 'gone' WHERE terminal = $1 AND seq = 4");
    await settle();
    expect(await told()).toMatchObject([{ state: "different", need: [4] }]);
    const lacks = [{ incarnation: life.incarnation, seq: 4 }];
    const stores = { settlements: world.settlement.settlements, sha256 };
    expect(await giftsFor(stores, store.scope, { terminal: life.terminal, lacks })).toEqual([]);
    await idle({ lacks });
    expect(await told()).toMatchObject([
      { state: "settled-with-exceptions", exceptions: [{ seq: 4, effect: "applied", code: "BODY_DAMAGED" }] },
    ]);
    await idle({ repair: repairOf(4) });
    expect(await told()).toMatchObject([{ state: "settled" }]);
  });

  it("are given to a till that lacks them, with what it takes to check them", async () => {
    const lacks = [2, 3, 9, 99].map((seq) => ({ incarnation: life.incarnation, seq }));
    const stores = { settlements: world.settlement.settlements, sha256 };
    expect(await giftsFor(stores, store.scope, { terminal: life.terminal, lacks })).toEqual(repairOf(2, 3, 9));
    const others = await giftsFor(stores, store.scope, { terminal: await store.enrol("T02"), lacks });
    expect(others).toEqual([]);
  });

  function judgedTotals() {
    return [
      KES(
        "cash",
        [2, 3, 4, 5, 6, 7, 8, 9].reduce((sum, seq) => sum + 100 + seq, 0),
      ),
    ];
  }

  async function bytes() {
    const { rows } = await world.admin.query<{ hash: string; body: Buffer }>(
      `SELECT encode(h.hash, 'hex') AS hash, b.body FROM tillsync.change_head h
       JOIN tillsync.change_body b USING (org_id, store_id, terminal, incarnation, seq) WHERE h.terminal = $1 ORDER BY h.seq`,
      [life.terminal],
    );
    return rows.map(({ hash, body }) => [hash, body.toString("utf8")]);
  }
});

describe("a server that died between storing and judging", () => {
  const sweep = () => new SettlementSweep(world.database.pool, world.settlement).round();

  it("leaves nothing behind that another one does not find", async () => {
    life.open("s-1");
    life.addSales(1);
    life.close();
    await store.send(life.request());
    expect(await told()).toEqual([]);
    await sweep();
    expect(await told()).toMatchObject([{ state: "settled" }]);
    expect(await sweep()).toBe(0);
  });

  it("has one judgement when two servers judge at once", async () => {
    life.open("s-1");
    life.addSales(5);
    const seq = life.close();
    await store.send(life.request());
    const place = { terminal: life.terminal, incarnation: life.incarnation, seq };
    await Promise.all([1, 2, 3, 4].map(() => settleShift(world.settlement, store.scope, place)));
    expect(await told()).toMatchObject([{ state: "settled" }]);
  });

  it("does not judge what came again in a later life: it was judged where it stood first", async () => {
    life.open("s-1");
    life.addSales(1);
    const seq = life.close();
    await send(life.request());
    const later = new SampleShifts(life.terminal, "fedcba9876543210");
    for (const [index, { body, hash }] of life.wires.entries())
      later.add(body, { origin: { incarnation: life.incarnation, seq: index + 1, hash } });
    await store.send(later.request());
    await settleAfter(world.settlement, store.scope, later.request());
    expect(await sweep()).toBe(0);
    expect(await kept()).toHaveLength(1);
    expect(seq).toBe(3);
  });
});
