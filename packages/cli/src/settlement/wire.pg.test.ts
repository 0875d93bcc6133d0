import type { ExchangeRequest, WireChange } from "@tillsync/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { readOwnSide } from "./own-side.ts";
import { type Alteration, AlteringProxy } from "./testing/altering-proxy.ts";
import { settled, type TestTill, TwoSides, tillContent } from "./testing/two-sides.ts";

const SALES = 30;

let world: TwoSides;
let line: AlteringProxy;
let till: TestTill;
let tills = 0;
beforeAll(async () => {
  world = await TwoSides.open();
});
afterAll(() => world.close());
beforeEach(async () => {
  line = await AlteringProxy.open(world.server.url);
  tills++;
  till = await world.openTill(`W${tills}`, line.url);
});
afterEach(async () => {
  await till.terminal.close();
  await line.close();
});

const flip = (text: string, at: number) =>
  text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1);
const altered = (changes: readonly WireChange[], at: number, more: (change: WireChange) => Partial<WireChange>) =>
  changes.map((change, index) => (index === at ? { ...change, ...more(change) } : change));
/** An alteration of the changes that a request carries. */
const changes = (of: (changes: readonly WireChange[]) => readonly WireChange[]): Alteration => ({
  request: (request) => ({ ...request, changes: [...of(request.changes)] }),
});

/** A shift in which every third sale names a customer, sold while the line is as it is. */
function sell(shift: string): void {
  const { terminal } = till;
  terminal.transaction((tx) => {
    tx.openShift({ localId: shift, operator: "Amina", businessDate: "2026-01-16" });
    for (let index = 1; index <= SALES; index++) {
      tx.closeOrder({
        localId: `${shift}-${index}`,
        lines: [{ item: "bread", quantity: "1", unitPrice: "2.50" }],
        tenders: [{ type: index % 2 === 0 ? "mpesa" : "cash", amountMinor: 250 }],
        ...(index % 3 === 0 ? { private: { name: `Otieno ${index}` } } : {}),
      });
    }
  });
}

async function expectSettledAlike(shift: string, done: ReturnType<typeof settled>): Promise<void> {
  expect(await done).toMatchObject({ state: "settled", exceptions: 0, differences: 0 });
  const own = tillContent(till);
  expect(own).toHaveLength(SALES + 2);
  expect(await world.centreContent(till)).toEqual(own);
  expect(new Set(await world.effects(till))).toEqual(new Set(["applied"]));
  const half = (SALES / 2) * 250;
  expect(readOwnSide(till.file, shift)).toMatchObject({
    flaws: [],
    totals: [
      { currency: "KES", tender: "cash", amountMinor: half },
      { currency: "KES", tender: "mpesa", amountMinor: half },
    ],
  });
}

/*
 * An answer whose mark does not fit the till's chain is not in these lists: it is a fork to the till, which stops for a
 * person and loses nothing (`packages/engine/src/central.ts`, `checkMark`).
 */

/** How many requests of those that carry several changes are altered. */
const TIMES = 2;

it.each<[string, Alteration]>([
  ["a byte of a change flipped", changes((all) => altered(all, 4, ({ body }) => ({ body: flip(body, 60) })))],
  [
    "a digit of an amount altered",
    changes((all) => altered(all, 4, ({ body }) => ({ body: body.replace("250", "950") }))),
  ],
  [
    "a hash altered",
    changes((all) => altered(all, 4, ({ hash }) => ({ hash: hash.replace(/^./, (c) => (c === "0" ? "1" : "0")) }))),
  ],
  ["a change removed from the middle", changes((all) => all.filter((_, index) => index !== 5))],
  ["a change doubled", changes((all) => all.flatMap((change, index) => (index === 5 ? [change, change] : [change])))],
  [
    "two changes swapped",
    changes((all) => all.map((change, index) => all[index === 5 ? 6 : index === 6 ? 5 : index] ?? change)),
  ],
  ["the first change cut off", changes((all) => all.slice(1))],
  ["the last changes cut off", changes((all) => all.slice(0, 7))],
  ["everything sent twice", { twice: true }],
  ["the batch moved to another place", { request: (request) => ({ ...request, fromSeq: request.fromSeq + 3 }) }],
])(
  "%s on the way: refused and sent again, and the shift is the same on both sides",
  async (_what, alteration) => {
    let left = TIMES;
    line.alter = ({ changes: sent }: ExchangeRequest) => (sent.length > 8 && left-- > 0 ? alteration : undefined);
    const shift = `shift-${tills}`;
    const done = settled(till.terminal, shift);
    sell(shift);
    till.terminal.closeShift({});
    await expectSettledAlike(shift, done);
    expect(left).toBeLessThan(TIMES);
  },
  60_000,
);

it("an answer that is replayed to what came after it is not taken for one", async () => {
  let replays = 3;
  line.alter = () => {
    const [old] = line.answers;
    return old !== undefined && replays-- > 0 ? { instead: () => old } : undefined;
  };
  const shift = `shift-${tills}`;
  const done = settled(till.terminal, shift);
  expect(await till.terminal.syncNow()).toMatchObject({ left: 0 });
  sell(shift);
  till.terminal.closeShift({});
  await expectSettledAlike(shift, done);
  expect(replays).toBeLessThan(3);
});

it.each<[string, Alteration, number[]]>([
  ["altered", changes((all) => altered(all, 3, ({ private: text = "" }) => ({ private: flip(text, 12) }))), [4]],
  ["lost", changes((all) => altered(all, 3, () => ({ private: undefined }))), [4]],
  ["doubled into another change", changes((all) => altered(all, 4, () => ({ private: all[3]?.private }))), [5]],
  [
    "swapped",
    changes((all) =>
      altered(
        altered(all, 3, () => ({ private: all[6]?.private })),
        6,
        () => ({ private: all[3]?.private }),
      ),
    ),
    [4, 7],
  ],
])(
  "a private part that was %s on the way is found, exactly that one, and healed; its sale is applied",
  async (_what, alteration, wrong) => {
    line.alter = ({ changes: sent, fromSeq }) => (sent.length > 8 && fromSeq === 1 ? alteration : undefined);
    const shift = `shift-${tills}`;
    const done = settled(till.terminal, shift);
    sell(shift);
    till.terminal.closeShift({});
    await expectSettledAlike(shift, done);
    expect({ till: readOwnSide(till.file, shift)?.healed, centre: await world.healedAtCentre(till) }).toEqual({
      till: [],
      centre: wrong,
    });
  },
  60_000,
);
