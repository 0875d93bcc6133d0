import { type PayloadOf, parseBody, SyncError } from "@tillsync/protocol";
import fc from "fast-check";
import { expect, it } from "vitest";
import { unreachable } from "./testing/fake-centre.ts";
import { Till } from "./testing/till.ts";
import type { ShiftReport } from "./verbs.ts";

const currency = fc.constantFrom("KES", "USD", "JPY");
const tender = fc.constantFrom("cash", "card", "mpesa");
const minor = fc.integer({ min: 1, max: 900_000 });
const small = fc.integer({ min: -40, max: 40 });

/** One thing that a cashier, or what befalls a till, does. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("sell" as const), currency, tender, minor, change: minor }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("return" as const), currency, tender, minor }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("void" as const), currency, tender, minor }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("open-and-pay" as const), tender, minor, pays: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("cash" as const),
      currency,
      minor,
      direction: fc.constantFrom("in", "out"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("transaction" as const), currency, minor, tender }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("note" as const), currency, minor }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("stock" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("report" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("crash" as const, "restart" as const, "reborn" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("next-shift" as const),
      float: fc.option(minor),
      off: small,
      currency,
      tender,
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** What the shift holds, counted by hand from what was done, apart from the product. */
class Book {
  readonly sums = new Map<string, number>();
  readonly moves = new Map<string, [inMinor: number, outMinor: number]>();
  receipts = 0;
  readonly float: number | null;

  constructor(float: number | null) {
    this.float = float;
  }

  add(currencyCode: string, type: string, amountMinor: number): void {
    const key = `${currencyCode} ${type}`;
    this.sums.set(key, (this.sums.get(key) ?? 0) + amountMinor);
  }

  move(currencyCode: string, direction: string, amountMinor: number): void {
    const [inMinor, outMinor] = this.moves.get(currencyCode) ?? [0, 0];
    const isIn = direction === "in";
    this.moves.set(currencyCode, isIn ? [inMinor + amountMinor, outMinor] : [inMinor, outMinor + amountMinor]);
    this.add(currencyCode, "cash", isIn ? amountMinor : -amountMinor);
  }

  expected(): Map<string, number> {
    const sums = new Map([...this.sums].filter(([key]) => !key.endsWith(" none")));
    if (this.float !== null) sums.set("KES cash", (sums.get("KES cash") ?? 0) + this.float);
    return sums;
  }
}

const asMap = (amounts: ShiftReport["totals"]) =>
  Object.fromEntries(amounts.map(({ currency: code, tender: type, amountMinor }) => [`${code} ${type}`, amountMinor]));
const told = (map: Map<string, number>) => Object.fromEntries(map);

class Day {
  readonly till = new Till();
  #made = 0;
  book = new Book(null);

  constructor() {
    this.till.centre.always = unreachable;
    this.till.start();
    this.#open(null);
  }

  id(): string {
    return `d-${++this.#made}`;
  }

  #open(float: number | null): void {
    this.book = new Book(float);
    const given = float === null ? {} : { openingFloatMinor: float };
    this.till.terminal.openShift({ localId: this.id(), operator: "Amina", businessDate: "2026-01-16", ...given });
  }

  async take(one: Step): Promise<void> {
    const { terminal } = this.till;
    switch (one.do) {
      case "sell": {
        const tenders = [
          { type: one.tender, amountMinor: one.minor + one.change },
          { type: "cash", amountMinor: -one.change },
        ];
        this.#document("sale", one, tenders);
        return;
      }
      case "return":
      case "void":
        this.#document(one.do, { ...one, minor: -one.minor }, [{ type: one.tender, amountMinor: -one.minor }]);
        return;
      case "open-and-pay": {
        const localId = this.id();
        terminal.editOrder({ localId, add: [{ item: "x", quantity: "1", unitPrice: "1", amountMinor: one.minor }] });
        if (!one.pays) return;
        terminal.payOrder({ localId, tenders: [{ type: one.tender, amountMinor: one.minor }] });
        this.book.add("KES", one.tender, one.minor);
        this.book.receipts++;
        return;
      }
      case "cash": {
        const { currency: code, minor: amountMinor } = one;
        const direction = one.direction as "in" | "out";
        terminal.recordCash({ localId: this.id(), currency: code, direction, amountMinor, reason: "a reason" });
        this.book.move(code, direction, amountMinor);
        return;
      }
      case "transaction":
      case "note": {
        const type = one.do === "note" ? {} : { tender: one.tender };
        const { currency: code, minor: amountMinor } = one;
        terminal.recordTransaction({ localId: this.id(), type: "Sale", currency: code, amountMinor, ...type });
        this.book.add(code, type.tender ?? "none", amountMinor);
        return;
      }
      case "stock":
        terminal.recordInventory({ localId: this.id(), item: "x", delta: "1", type: "count" });
        return;
      case "report":
        return this.check(terminal.shiftReport());
      case "crash":
        this.till.crash();
        this.till.start();
        return;
      case "restart":
        await this.till.restart();
        return;
      case "reborn":
        return this.#reborn();
      case "next-shift":
        this.#close(one);
        this.#open(one.float);
    }
  }

  #document(
    documentType: "sale" | "return" | "void",
    { currency: code, minor: amountMinor }: { currency: string; minor: number },
    tenders: { type: string; amountMinor: number }[],
  ): void {
    const line = { item: "x", quantity: amountMinor < 0 ? "-1" : "1", unitPrice: "1", amountMinor };
    this.till.terminal.closeOrder({ localId: this.id(), documentType, currency: code, lines: [line], tenders });
    for (const { type, amountMinor: part } of tenders) this.book.add(code, type, part);
    this.book.receipts++;
  }

  /** The witness saw a change that the database does not have: the next life begins, in the middle of the shift. */
  async #reborn(): Promise<void> {
    const { incarnation, headSeq } = this.till.terminal.status();
    await this.till.terminal.close(0);
    this.till.witness.write({ incarnation, seq: headSeq + 1, hash: "ab".repeat(32) });
    this.till.start();
  }

  /** Somebody counts one tender, `off` too much. */
  #close({ off, currency: code, tender: type }: { off: number; currency: string; tender: string }): void {
    const amountMinor = (this.book.expected().get(`${code} ${type}`) ?? 0) + off;
    const x = this.till.terminal.shiftReport();
    const closing = { localId: x?.localId, counted: [{ currency: code, tender: type, amountMinor }] };
    const { report, duplicate } = this.till.terminal.closeShift(closing);
    expect(duplicate).toBe(false);
    expect({ ...report, counted: [], overShort: [] }).toEqual(x);
    expect(report.overShort).toEqual([{ currency: code, tender: type, amountMinor: off }]);
    this.check(report);
    this.#checkManifest(report);
    expect(this.till.terminal.closeShift(closing)).toMatchObject({ report, duplicate: true });
    expect(this.till.terminal.shifts(1)[0]).toMatchObject({ totals: report.totals, overShort: report.overShort });
  }

  /** What the bytes say that travel is what the till shows. */
  #checkManifest(report: ShiftReport): void {
    const row = this.till.store.read.get<{ body: string }>("SELECT body FROM journal ORDER BY position DESC LIMIT 1");
    const manifest = parseBody(row?.body ?? "").payload as PayloadOf<"shift.closed">;
    const parts = [...(manifest.earlier ?? []), manifest];
    const sums = new Map<string, number>();
    for (const { totals } of parts)
      for (const [key, amount] of Object.entries(asMap(totals))) sums.set(key, (sums.get(key) ?? 0) + amount);
    expect(told(sums)).toEqual(told(this.book.sums));
    expect(manifest.expected).toEqual(report.expected);
    const changes = parts.map(({ openSeq, closeSeq }) => closeSeq - openSeq + 1);
    expect(changes.reduce((sum, count) => sum + count, 0)).toBe(report.changes);
  }

  check(report: ShiftReport | null): void {
    if (report === null) throw new Error("no shift is open");
    expect(asMap(report.totals)).toEqual(told(this.book.sums));
    expect(asMap(report.expected)).toEqual(told(this.book.expected()));
    const moves = report.cashMoves.map(({ currency: code, inMinor, outMinor }) => [code, [inMinor, outMinor]]);
    expect(Object.fromEntries(moves)).toEqual(Object.fromEntries(this.book.moves));
    expect(report.openingFloatMinor).toBe(this.book.float);
    expect(report.receipts.reduce((sum, { count }) => sum + count, 0)).toBe(this.book.receipts);
    expect(report.openOrders).toBe(this.till.terminal.openOrders().length);
  }
}

it("whatever is sold, given back, moved and killed: X report, manifest and the book kept by hand are equal (I21)", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const day = new Day();
      for (const one of steps) {
        try {
          await day.take(one);
        } catch (error) {
          if (error instanceof SyncError) throw new Error(`${one.do} was refused with ${error.code}: ${error.message}`);
          throw error;
        }
      }
      await day.take({ do: "report" });
      await day.take({ do: "next-shift", float: null, off: 0, currency: "KES", tender: "cash" });
      day.till.crash();
    }),
    { numRuns: 60 },
  );
});
