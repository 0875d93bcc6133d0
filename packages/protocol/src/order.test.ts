import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkTotals, foldEvents, type LineEvent, lineEvent, type OrderClosed } from "./order.ts";
import { refusalOf } from "./testing/refusal.ts";

const line = (id: string, amountMinor: number) => ({ id, item: "bread", quantity: "1", unitPrice: "1", amountMinor });

function order(amounts: readonly number[], tenders: readonly number[], over: Partial<OrderClosed> = {}): OrderClosed {
  return {
    documentType: "sale",
    receiptNumber: "T01-20260116-00001",
    currency: "KES",
    lines: amounts.map((amountMinor, index) => line(String(index), amountMinor)),
    tenders: tenders.map((amountMinor) => ({ type: "cash", amountMinor })),
    totalMinor: amounts.reduce((sum, amountMinor) => sum + amountMinor, 0),
    ...over,
  };
}

describe("checkTotals", () => {
  const tax = { code: "V16", rate: "16", baseMinor: 100, taxMinor: 16 };

  it.each([
    ["a sale", order([100, 250], [350])],
    ["change handed back", order([350], [1000, -650])],
    ["a return", order([-350], [-350])],
    ["a free order", order([], [])],
    ["a tax on top", order([100], [116], { taxes: [{ ...tax, included: false }], totalMinor: 116 })],
    ["a tax inside", order([116], [116], { taxes: [{ ...tax, included: true }] })],
  ])("accepts %s", (_what, given) => {
    expect(() => checkTotals(given)).not.toThrow();
  });

  it.each([
    ["lines that do not give the total", order([100], [101], { totalMinor: 101 }), "totalMinor", "100", "101"],
    ["tenders that do not give the total", order([100], [99]), "tenders", "100", "99"],
    [
      "a tax on top that is not in the total",
      order([100], [100], { taxes: [{ ...tax, included: false }] }),
      "totalMinor",
      "116",
      "100",
    ],
    ["no tender at all", order([100], []), "tenders", "100", "0"],
  ])("refuses %s", (_what, given, field, expected, got) => {
    const { code, details } = refusalOf(() => checkTotals(given));
    expect({ code, ...details }).toEqual({ code: "TOTALS_MISMATCH", field, expected, got });
  });

  it("accepts exactly what adds up, however large: nothing is rounded on the way (I21)", () => {
    const large = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(Number.MAX_SAFE_INTEGER, 2, -3));
    fc.assert(
      fc.property(fc.array(large, { maxLength: 6 }), fc.maxSafeInteger(), (amounts, noise) => {
        const exact = amounts.reduce((sum, amount) => sum + BigInt(amount), 0n);
        const floating = amounts.reduce((sum, amount) => sum + amount, 0);
        for (const totalMinor of [Number(exact), floating, noise].filter(Number.isSafeInteger)) {
          const given = order(amounts, [totalMinor], { totalMinor });
          if (refuses(given)) continue;
          expect(BigInt(totalMinor)).toBe(exact);
        }
      }),
    );
    expect(refuses(order([Number.MAX_SAFE_INTEGER, 2, -3], [2 ** 53 - 3], { totalMinor: 2 ** 53 - 3 }))).toBe(true);
  });
});

function refuses(given: OrderClosed): boolean {
  try {
    checkTotals(given);
    return false;
  } catch {
    return true;
  }
}

const eventId = fc
  .tuple(fc.constantFrom("T01", "T02", "T01R7XK"), fc.constantFrom(1, 2, 9, 10, 11, 1000))
  .map(([terminal, counter]) => `${terminal}.${counter}`);
const lineId = fc.constantFrom("1", "2", "3");
const event: fc.Arbitrary<LineEvent> = fc.oneof(
  fc.record({
    id: eventId,
    type: fc.constant("add" as const),
    line: fc.tuple(lineId, fc.integer({ min: -9, max: 9 })).map(([id, amount]) => line(id, amount)),
  }),
  fc.record({ id: eventId, type: fc.constant("void" as const), line: lineId }),
  fc.record({ id: eventId, type: fc.constant("note" as const), text: fc.constant("no salt") }),
  fc.record({ id: eventId, type: fc.constant("served" as const), line: lineId }),
);

describe("foldEvents", () => {
  const add = (id: string, lineOf: string, amount: number): LineEvent => ({
    id,
    type: "add",
    line: line(lineOf, amount),
  });

  it("adds up the lines that were not voided", () => {
    const events: LineEvent[] = [
      add("T01.1", "a", 100),
      add("T01.2", "b", 50),
      { id: "T01.3", type: "void", line: "a" },
    ];
    expect(foldEvents("KES", events)).toEqual({ currency: "KES", lines: [line("b", 50)], totalMinor: 50 });
  });

  it("notes and served change no money", () => {
    const events: LineEvent[] = [
      add("T01.1", "a", 100),
      { id: "T01.2", type: "note", line: "a", text: "hot" },
      { id: "T01.3", type: "served", line: "a" },
    ];
    expect(foldEvents("KES", events).totalMinor).toBe(100);
  });

  it("lists lines in the order a terminal made them, by number and not by letter", () => {
    const events = [add("T01.10", "c", 1), add("T01.9", "b", 1), add("T01.1", "a", 1)];
    expect(foldEvents("KES", events).lines.map(({ id }) => id)).toEqual(["a", "b", "c"]);
  });

  it("counts an event that came twice once", () => {
    expect(foldEvents("KES", [add("T01.1", "a", 100), add("T01.1", "a", 100)]).totalMinor).toBe(100);
  });

  it("counts a line that two events add alike once", () => {
    expect(foldEvents("KES", [add("T01.2", "a", 70), add("T02.1", "a", 70)]).lines).toEqual([line("a", 70)]);
  });

  it("keeps two unlike lines that were given one id: dropping one would give it away", () => {
    const { lines, totalMinor } = foldEvents("KES", [add("T02.1", "a", 70), add("T01.1", "a", 100)]);
    expect({ lines, totalMinor }).toEqual({ lines: [line("a", 100), line("a", 70)], totalMinor: 170 });
  });

  it("is the same for the same set of events, whatever order they come in and however often (I16)", () => {
    const shuffled = fc
      .array(event, { maxLength: 10 })
      .chain((events) =>
        fc.tuple(fc.constant(events), fc.shuffledSubarray([...events, ...events], { minLength: events.length * 2 })),
      );
    fc.assert(
      fc.property(shuffled, ([events, others]) => {
        expect(foldEvents("KES", others)).toEqual(foldEvents("KES", events));
      }),
      { numRuns: 1000 },
    );
  });

  it("a voided line stays voided, whichever came first", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 10 }), (events) => {
        const voided = events.flatMap((one) => (one.type === "void" ? [one.line] : []));
        const left = foldEvents("KES", events).lines.map(({ id }) => id);
        expect(left.filter((id) => voided.includes(id))).toEqual([]);
      }),
    );
  });
});

describe("ids of line events", () => {
  it("are terminal and counter", () => {
    const parses = (id: string) => lineEvent.safeParse({ id, type: "served", line: "1" }).success;
    expect(["T01.1", "T01R7XK.17000", "KDS12345R7XK.999999999999999"].map(parses)).toEqual([true, true, true]);
    expect(["T01", "T01.0", "t01.1", "T01.01", "T01.1000000000000000", "TOOLONGABCDEF.1"].map(parses)).toEqual(
      Array(6).fill(false),
    );
  });
});
