import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openTill, sale, Till } from "./testing/till.ts";

const DAY = "2026-01-16";
const UNSEEN = { incarnation: "0".repeat(16), seq: 0, hash: "0".repeat(64) };

describe("a terminal that head office calls otherwise", () => {
  it("goes on counting, prints the new name from its next start on, and says of each receipt what stands on it", async () => {
    const till = await openTill();
    const print = (id: string) => till.terminal.closeOrder(sale(id)).receiptNumber;
    expect([print("a"), print("b")]).toEqual(["T01-20260116-00001", "T01-20260116-00002"]);
    await till.restart({ shortId: "T05" });
    expect(print("c")).toBe("T05-20260116-00003");
    expect(till.terminal.closeOrder(sale("a"))).toMatchObject({ duplicate: true, receiptNumber: "T01-20260116-00001" });
    expect(till.terminal.explain("T01-20260116-00002")).toMatchObject({ localId: "b" });
    expect(till.terminal.explain("T05-20260116-00003")).toMatchObject({ localId: "c" });
    const { report } = till.terminal.closeShift({});
    expect(report.receipts).toEqual([{ first: "T01-20260116-00001", last: "T05-20260116-00003", count: 3 }]);
    expect(till.store.read.get("SELECT short_id AS shortId FROM identity")).toEqual({ shortId: "T05" });
  });

  it("names a receipt that was taken back as it was printed", async () => {
    const till = await openTill();
    const { receiptNumber = "" } = till.terminal.closeOrder(sale("a"));
    await till.restart({ shortId: "T05" });
    const { lines, tenders } = sale("a");
    const [line] = lines;
    if (line === undefined) throw new Error("a sale has a line");
    till.terminal.closeOrder({
      ...{ localId: "back", documentType: "void", original: { localId: "a" } },
      lines: [{ ...line, quantity: "-2" }],
      tenders: tenders.map((one) => ({ ...one, amountMinor: -one.amountMinor })),
    });
    const [series] = till.terminal.receiptGaps(DAY);
    expect(series?.voided.map(({ receiptNumber: number }) => number)).toEqual([receiptNumber]);
  });
});

describe("a machine that replaced another", () => {
  it("begins a life of its own behind what is known of the other's, whose receipts carry another name", () => {
    const till = new Till();
    till.witness.write(UNSEEN);
    till.start();
    till.terminal.openShift({ operator: "Amina", businessDate: DAY });
    expect(till.terminal.closeOrder(sale("a")).receiptNumber).toMatch(/^T01R[0-9A-Z]{3}-20260116-00001$/);
    expect(till.terminal.status()).toMatchObject({ incarnationOrdinal: 2 });
  });
});

it("whatever is renamed and replaced in whatever order, no number is printed twice", () => {
  // What the directory grants: a name that nobody else had; to a machine that replaces one, its terminal's.
  const step = fc.oneof(
    fc.record({ what: fc.constant("sell" as const), till: fc.nat(2), count: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ what: fc.constant("rename" as const), till: fc.nat(2), to: fc.nat(5) }),
    fc.record({ what: fc.constant("replace" as const), till: fc.nat(2) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const holders = new Map<string, number>();
      const names = ["T01", "T02", "T03"];
      for (const [index, name] of names.entries()) holders.set(name, index);
      const tills = names.map((shortId) => startIn(new Till({ shortId, terminal: idOf(shortId) })));
      const printed: string[] = [];
      let sales = 0;
      for (const doing of steps) {
        const name = names[doing.till] ?? "";
        if (doing.what === "rename") {
          const wanted = `T0${doing.to + 1}`;
          if ((holders.get(wanted) ?? doing.till) !== doing.till) continue;
          holders.set(wanted, doing.till);
          names[doing.till] = wanted;
          tills[doing.till]?.crash();
          tills[doing.till]?.start({ shortId: wanted });
        } else if (doing.what === "replace") {
          tills[doing.till]?.crash();
          const next = new Till({ shortId: name, terminal: idOf(`T0${doing.till + 1}`) });
          next.witness.write(UNSEEN);
          tills[doing.till] = startIn(next, printed.length);
        } else {
          for (let each = 0; each < doing.count; each++)
            printed.push(tills[doing.till]?.terminal.closeOrder(sale(`s-${++sales}`)).receiptNumber ?? "");
        }
      }
      for (const till of tills) till.crash();
      expect(new Set(printed).size).toBe(printed.length);
    }),
    { numRuns: 15 },
  );
});

function idOf(name: string): string {
  return `0190a5da-c967-774b-8cce-b302099a80${name.slice(1)}`;
}

/** Machines draw their lives at random; these, from where the test stands. */
function startIn(till: Till, seed = 0): Till {
  for (let each = 0; each < seed; each++) till.ids.hex(16);
  till.start();
  till.terminal.openShift({ operator: "Amina", businessDate: DAY });
  return till;
}
