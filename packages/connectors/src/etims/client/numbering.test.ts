import type { Outcome } from "@tillsync/lanes";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { afterLookUp, afterOutcome, bind, gapsIn, type Numbers, numbersAfter, renumberByPerson } from "./numbering.ts";
import { ETIMS_MODES } from "./paths.ts";
import { mishaps, Sender } from "./testing/sender.ts";

const under = (invcNo: number, more: object = {}): Numbers => ({
  next: invcNo,
  bound: { itemId: "a", invcNo, ...more },
});
const duplicate = (message: string): Outcome => ({ verdict: "duplicate", code: "400", message });
const taken = { verdict: "parked", code: "NUMBER_TAKEN", message: "" } as const;

describe.each(ETIMS_MODES)("%s, whatever happens to its calls", (mode) => {
  it("every sale is declared once, and nobody is asked", async () => {
    await fc.assert(
      fc.asyncProperty(mishaps, async (drawn) => {
        const sender = new Sender(mode, drawn);
        expect(await sender.run(3)).toEqual([]);
        expect(sender.shop.state.invoices.filter(({ foreign }) => !foreign)).toHaveLength(3);
      }),
      { numRuns: 60 },
    );
  });
});

describe("a number", () => {
  it("is bound to one invoice until it is known what became of it", () => {
    const numbers = bind(numbersAfter(7), "a");
    expect(numbers).toEqual(under(8));
    expect(bind(numbers, "a")).toBe(numbers);
    expect(() => bind(numbers, "b")).toThrow(expect.objectContaining({ code: "UNSETTLED", details: { invcNo: 8 } }));
  });

  it("is used when its invoice was accepted or is found, and free when that was refused", () => {
    expect(afterOutcome(under(8), { verdict: "accepted" })).toEqual({ numbers: { next: 9 }, step: { do: "next" } });
    expect(afterLookUp(under(8), { verdict: "there" })).toEqual({ numbers: { next: 9 }, step: { do: "next" } });
    const refused = afterOutcome(under(8), { verdict: "parked", code: "910", message: "" });
    expect(refused).toEqual({ numbers: { next: 8 }, step: { do: "next" } });
  });

  it("stays with an invoice that is sent again, and with one that is unknown", () => {
    const retry = { verdict: "retry", code: "UNREACHABLE", message: "" } as const;
    expect(afterOutcome(under(8), retry)).toEqual({ numbers: under(8), step: { do: "send" } });
    const unknown = { verdict: "unknown", code: "999", message: "" } as const;
    expect(afterOutcome(under(8), unknown)).toEqual({ numbers: under(8), step: { do: "look-up" } });
    expect(afterLookUp(under(8), unknown)).toEqual({ numbers: under(8), step: { do: "look-up" } });
    expect(afterLookUp(under(8), { verdict: "absent" })).toEqual({ numbers: under(8), step: { do: "send" } });
  });

  it.each([
    ["one too high, where nobody is", 5, "absent", under(5)],
    ["another's, with a next one told", 12, "taken", under(12)],
    ["another's, with nothing told", undefined, "taken", under(9)],
  ] as const)("is given up when it is %s, and not before the look-up", (_what, expected, found, wanted) => {
    const text = expected === undefined ? "" : `Invc No: 8 is invalid, use the expected value: ${expected}`;
    const told = afterOutcome(under(8), duplicate(text));
    expect(told).toMatchObject({ numbers: { bound: { invcNo: 8 } }, step: { do: "look-up" } });
    const looked = afterLookUp(told.numbers, found === "absent" ? { verdict: "absent" } : taken);
    expect(looked).toEqual({ numbers: wanted, step: { do: "renumber", alert: true } });
  });

  it.each(["Invc No: 8 is invalid, use the expected value: 9", "There is an overlapped data."])(
    "is a person's when it is said to be used and nobody has it: %s",
    (text) => {
      const { numbers } = afterOutcome(under(8), duplicate(text));
      const looked = afterLookUp(numbers, { verdict: "absent" });
      expect(looked.step).toEqual({ do: "wait-for-person", code: "NUMBER_CONTRADICTED" });
      expect(looked.numbers.bound).toMatchObject({ itemId: "a", invcNo: 8 });
      expect(renumberByPerson(looked.numbers, 9).numbers).toEqual(under(9));
    },
  );

  it("goes out again when it is the one that is expected after all", () => {
    const { numbers } = afterOutcome(under(8), duplicate("Invalid invcNo sequence, expected: 8 but found: 8"));
    expect(afterLookUp(numbers, { verdict: "absent" })).toEqual({ numbers: under(8), step: { do: "send" } });
  });

  it("stays where our invoice has other contents at KRA", () => {
    const differs = { verdict: "parked", code: "DIFFERS", message: "" } as const;
    expect(afterLookUp(under(8), differs)).toEqual({
      numbers: under(8),
      step: { do: "wait-for-person", code: "DIFFERS" },
    });
  });

  it("has to exist before a reply can come", () => {
    expect(() => afterOutcome({ next: 8 }, { verdict: "accepted" })).toThrow(/no number/);
  });

  it("is a gap between numbers that were used", () => {
    expect([gapsIn([]), gapsIn([3]), gapsIn([7, 3, 4, 7])]).toEqual([[], [], [5, 6]]);
  });
});
