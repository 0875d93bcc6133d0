import type { FeedEntry, Settlement } from "@tillsync/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { openTill, sale, type Till } from "./testing/till.ts";

let till: Till;

beforeEach(async () => {
  till = await openTill({ profile: "shift" });
});

const incarnation = () => till.terminal.status().incarnation;
const bodyAt = (seq: number) =>
  till.store.read.get<{ body: string }>("SELECT body FROM journal WHERE position % (1 << 40) = ?", seq)?.body ?? "";
const rowAt = (seq: number) => till.store.read.get("SELECT * FROM journal WHERE position % (1 << 40) = ?", seq);
const last = () => till.centre.requests.at(-1);

/** What the centre would tell of shift-1, which changes 1 to 4 are and change 5 closes. */
function judged(over: Partial<Settlement> = {}): FeedEntry {
  const settlement: Settlement = {
    ...{ state: "settled", openSeq: 1, closeSeq: 4, chainHead: till.centre.hashAt(incarnation(), 4) },
    counts: { "order.closed": 3, "shift.opened": 1 },
    totals: [{ currency: "KES", tender: "cash", amountMinor: 36_000 }],
    ...{ exceptions: [], exceptionCount: 0, need: [], needCount: 0 },
    ...over,
  };
  const place = { terminal: till.terminal.status().terminal, incarnation: incarnation(), fromSeq: 5, toSeq: 5 };
  return { n: 9, ...place, effect: "applied", settlement };
}

async function sellAndClose(): Promise<void> {
  for (const id of ["a", "b", "c"]) till.terminal.closeOrder(sale(id));
  till.terminal.closeShift({});
  await till.settle();
}

/** Lets the next exchanges of the lane come and go. */
async function pass(ms: number): Promise<void> {
  await till.clock.advance(ms);
  await till.settle();
}

const tell = (entry: FeedEntry, over: object = {}) =>
  till.centre.next.push((_request, honest) => ({ ...honest(), entries: [entry], cursor: "c1", ...over }));

describe("a closed shift", () => {
  it("is waited for: asked about soon, then ever later, and never in a hurry for ever", async () => {
    expect(till.terminal.settlementOf("shift-1").state).toBe("open");
    await sellAndClose();
    expect(till.terminal.settlementOf("shift-1").state).toBe("waiting");
    const before = till.centre.exchanges.length;
    for (let second = 0; second < 60; second++) await pass(1_000);
    const asked = till.centre.exchanges.length - before;
    expect(asked).toBeGreaterThanOrEqual(4);
    expect(asked).toBeLessThanOrEqual(7);
    till.clock.forget();
  });

  it("that the centre cannot read is not asked for in a hurry, for nobody will judge it before it is repaired", async () => {
    await sellAndClose();
    const { settlement: _none, ...entry } = judged();
    tell({ ...entry, effect: "parked", code: "BODY_DAMAGED", message: "Damaged." });
    await pass(1_000);
    expect(till.terminal.settlementOf("shift-1")).toMatchObject({ state: "waiting", exceptions: 1 });
    const asked = async (minutes: number) => {
      const before = till.centre.exchanges.length;
      for (let minute = 0; minute < minutes; minute++) await pass(60_000);
      return till.centre.exchanges.length - before;
    };
    // The profile `shift` asks every 20 minutes anyway; before it heard of the damage, it had asked for the next second.
    expect(await asked(100)).toBeLessThanOrEqual(6);
    tell({ ...entry, n: 10 }, { cursor: "c2" });
    expect(await asked(45)).toBeGreaterThanOrEqual(8);
    expect(till.terminal.settlementOf("shift-1")).toMatchObject({ state: "waiting", exceptions: 0 });
    till.clock.forget();
  });

  it("is settled when the judgement came, and nothing is asked any more", async () => {
    await sellAndClose();
    tell(judged());
    await pass(1_000);
    expect(till.terminal.settlementOf("shift-1")).toMatchObject({ state: "settled", exceptions: 0, differences: 0 });
    const before = till.centre.exchanges.length;
    for (let minute = 0; minute < 15; minute++) await pass(60_000);
    expect(till.centre.exchanges.length - before).toBe(0);
    await till.restart();
    expect(till.terminal.settlementOf("shift-1").state).toBe("settled");
  });

  it("sends what the centre lacks of it, of whichever life", async () => {
    await sellAndClose();
    tell(judged({ state: "different", need: [3], needCount: 1 }));
    await pass(1_000);
    expect(till.terminal.settlementOf("shift-1")).toMatchObject({ state: "different", differences: 1 });
    await pass(1_000);
    expect(last()?.repair).toEqual([
      { incarnation: incarnation(), seq: 3, body: bodyAt(3), prevHash: till.centre.hashAt(incarnation(), 2) },
    ]);
    till.clock.forget();
  });

  it.each<[string, string]>([
    ["altered", "UPDATE journal SET body = replace(body, '12000', '92000') WHERE position % (1 << 40) = 3"],
    ["lost", "DELETE FROM journal WHERE position % (1 << 40) = 3"],
    ["altered with its hash", "UPDATE journal SET body = '{}', hash = randomblob(32) WHERE position % (1 << 40) = 3"],
  ])("asks for a row that was %s here, and takes what fits the chain", async (_what, damage) => {
    await sellAndClose();
    const row = rowAt(3);
    const right = bodyAt(3);
    till.tamper(damage);
    tell(judged());
    await pass(1_000);
    expect(till.terminal.settlementOf("shift-1")).toMatchObject({ state: "different" });
    const give = (seq: number, body: string) => ({
      give: [{ incarnation: incarnation(), seq, body, prevHash: till.centre.hashAt(incarnation(), seq - 1) }],
    });
    till.centre.next.push((_request, honest) => ({ ...honest(), ...give(3, right.replace("12000", "1")) }));
    await pass(1_000);
    expect(last()?.lacks).toContainEqual({ incarnation: incarnation(), seq: 3 });
    expect(till.terminal.settlementOf("shift-1")).toMatchObject({ state: "different" });
    till.centre.always = (_request, honest) => ({ ...honest(), ...give(3, right) });
    for (let second = 0; second < 8; second++) await pass(1_000);
    expect(till.terminal.settlementOf("shift-1")).toMatchObject({ state: "settled", differences: 0 });
    expect(rowAt(3)).toEqual(row);
    till.clock.forget();
  });

  it("does not call a row lost that it only cannot tell behind one that is", async () => {
    await sellAndClose();
    till.tamper("DELETE FROM journal WHERE position % (1 << 40) = 2");
    tell(judged({ state: "different", need: [3], needCount: 1 }));
    await pass(1_000);
    await pass(1_000);
    expect(last()?.lacks).toEqual([{ incarnation: incarnation(), seq: 2 }]);
    till.clock.forget();
  });

  it("asks for a private part that was lost here, and takes the one that fits", async () => {
    till.terminal.closeOrder(sale("named", { private: { phone: "+254700000001" } }));
    await sellAndClose();
    const row = rowAt(2);
    const { private: secret } = row as { private: string };
    till.tamper("UPDATE journal SET private = replace(private, '1', '2') WHERE position % (1 << 40) = 2");
    tell({ ...judged({ closeSeq: 5 }), fromSeq: 6, toSeq: 6 });
    await pass(1_000);
    const place = { incarnation: incarnation(), seq: 2 };
    const give = (text: string) => ({ give: [{ ...place, body: bodyAt(2), private: text }] });
    till.centre.next.push((_request, honest) => ({ ...honest(), ...give(secret.replace("1", "3")) }));
    await pass(1_000);
    expect(last()?.lacks).toEqual([{ ...place, private: true }]);
    expect(till.terminal.settlementOf("shift-1")).toMatchObject({ state: "different" });
    till.centre.always = (_request, honest) => ({ ...honest(), ...give(secret) });
    for (let second = 0; second < 8; second++) await pass(1_000);
    expect(till.terminal.settlementOf("shift-1")).toMatchObject({ state: "settled", differences: 0 });
    expect(rowAt(2)).toEqual(row);
    till.clock.forget();
  });

  it("puts a hash right whose bytes are right, by itself", async () => {
    await sellAndClose();
    const row = rowAt(3);
    till.tamper("UPDATE journal SET hash = randomblob(32) WHERE position % (1 << 40) = 3");
    tell(judged());
    await pass(1_000);
    expect(till.terminal.settlementOf("shift-1")).toMatchObject({ state: "settled" });
    expect(rowAt(3)).toEqual(row);
  });

  it("with a change that nobody has any more is settled with it, and not asked for", async () => {
    await sellAndClose();
    till.tamper("UPDATE journal SET body = 'gone' WHERE position % (1 << 40) = 3");
    const exceptions = [{ seq: 3, effect: "applied" as const, code: "BODY_DAMAGED" }];
    tell(judged({ state: "settled-with-exceptions", exceptions, exceptionCount: 1 }));
    await pass(1_000);
    expect(till.terminal.settlementOf("shift-1")).toMatchObject({ state: "settled-with-exceptions", exceptions: 1 });
    await till.terminal.syncNow();
    expect(last()?.lacks).toBeUndefined();
  });
});
