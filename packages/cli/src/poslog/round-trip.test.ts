import { readFile } from "node:fs/promises";
import type { Terminal } from "@tillsync/engine";
import { describe, expect, it } from "vitest";
import { recordAll } from "../import/record.ts";
import { seededDocuments } from "../seed.ts";
import { exported, factsOf, importInto, openTill, type TillOnDisk } from "./testing/till-on-disk.ts";

const PLAN = { seed: 21, orders: 340, transactions: 40, inventory: 40, startDate: "2026-01-16" };

describe.each(["poslog", "ndjson"] as const)("an export as %s", (format) => {
  it("imported into an empty till is the same documents, and exported from there the same file", async () => {
    const [first, second] = [await openTill(), await openTill()];
    await recordAll(seededDocuments(PLAN), { url: first.url });
    sellByHand(first);
    const one = await exported([first], { format });
    const progress = await importInto({ file: one.file }, second);
    expect(progress).toMatchObject({ documents: 428, recorded: 428, refused: 0, renumbered: 0 });
    expect(factsOf(second)).toEqual(factsOf(first).filter(({ kind }) => !NOT_EXPORTED.includes(kind)));
    const two = await exported([second], { format });
    expect(await readFile(two.file, "utf8")).toBe(await readFile(one.file, "utf8"));
    expect(two.summary[0]).toEqual({ ...one.summary[0], notExported: [] });
  });

  it("imported again records nothing, and opens and closes nothing", async () => {
    const [first, second] = [await openTill(), await openTill()];
    await recordAll(seededDocuments({ ...PLAN, orders: 30 }), { url: first.url });
    first.terminal.openShift({ operator: "amina", businessDate: "2026-03-01", localId: "left-open" });
    const { file } = await exported([first], { format });
    await importInto({ file }, second);
    const { headSeq } = second.terminal.status();
    expect(await importInto({ file }, second)).toMatchObject({ recorded: 0, duplicates: 110, shifts: 0 });
    expect(second.terminal.status().headSeq).toBe(headSeq);
    // Into the till it came from, too.
    expect(await importInto({ file }, first)).toMatchObject({ recorded: 0, duplicates: 110, shifts: 0 });
    expect(second.terminal.shift()).toMatchObject({ localId: "left-open", operator: "amina" });
  });

  it("of several tills goes back to the tills it came from", async () => {
    const tills = [await openTill({ shortId: "T01" }), await openTill({ shortId: "T02" })];
    const empty = [await openTill({ shortId: "T02" }), await openTill({ shortId: "T01" })];
    await recordAll(
      seededDocuments({ ...PLAN, orders: 60 }),
      tills.map(({ url }) => ({ url })),
    );
    const one = await exported(tills, { format });
    expect(await importInto({ file: one.file }, ...empty)).toMatchObject({ renumbered: 0 });
    const two = await exported(empty.toReversed(), { format });
    expect(await readFile(two.file, "utf8")).toBe(await readFile(one.file, "utf8"));
  });

  it("says how many receipts another till numbers anew", async () => {
    const [first, other] = [await openTill(), await openTill({ shortId: "T09" })];
    await recordAll(seededDocuments({ ...PLAN, orders: 20, transactions: 0, inventory: 0 }), { url: first.url });
    const { file } = await exported([first], { format });
    expect(await importInto({ file }, other)).toMatchObject({ recorded: 20, renumbered: 20 });
  });
});

it("exports the business dates that are asked for, under the numbers they have in the whole", async () => {
  const till = await openTill();
  await recordAll(seededDocuments({ ...PLAN, orders: 450 }), { url: till.url });
  const whole = await readFile((await exported([till])).file, "utf8");
  const part = await exported([till], { since: "2026-01-17", until: "2026-01-17" });
  const lines = (await readFile(part.file, "utf8")).split("\n").filter((line) => line.startsWith("<Transaction"));
  expect(lines).toHaveLength(132);
  for (const line of lines) {
    expect(line).toContain("<BusinessDayDate>2026-01-17</BusinessDayDate>");
    expect(whole).toContain(line);
  }
});

it("names what it does not export", async () => {
  const till = await openTill();
  sellByHand(till);
  expect((await exported([till])).summary[0]?.personal).toBe(1);
  const [summary] = (await exported([till], { personal: false })).summary;
  expect(summary?.personal).toBe(0);
  expect(summary?.notExported).toEqual([
    { what: "private parts (names, phones)", count: 1 },
    { what: "edits of orders before payment; a closed order holds their result", count: 4 },
    { what: "open orders that were given up before payment", count: 1 },
    { what: "orders that are still open", count: 1 },
  ]);
});

const NOT_EXPORTED = ["order.edited", "order.voided"];

const at = (minute: number) => ({ occurredAt: `2026-02-01T08:${String(minute).padStart(2, "0")}:00.000Z` });
const bread = { item: "bread", quantity: "2", unitPrice: "60.00" };

/** What the seed does not have: text that XML cannot hold, orders that were open first, voids, stock outside a shift. */
function sellByHand({ terminal }: TillOnDisk): void {
  terminal.recordInventory({ localId: "h-0", item: "flour", delta: "-1.500", type: "waste", reason: "", ...at(0) });
  terminal.openShift({
    operator: "amina <b>&amp;",
    businessDate: "2026-02-01",
    localId: "s-1",
    openingFloatMinor: 5000,
    ...at(1),
  });
  terminal.closeShift({
    counted: [
      { tender: "cash", amountMinor: 4_999 },
      { tender: "gift <card>", currency: "USD", amountMinor: -5 },
    ],
    ...at(2),
  });
  terminal.openShift({ operator: "amina", businessDate: "2026-02-01", localId: "s-2", ...at(3) });
  sellOddText(terminal);
  takeBack(terminal);
  sellFromOpen(terminal);
  moveMoneyAndStock(terminal);
}

function sellOddText(terminal: Terminal): void {
  terminal.closeOrder({
    localId: "h-1",
    lines: [
      {
        ...bread,
        id: "own id",
        description: "a\u0001b\r\n\u0085\uffff 'q' ]]> é😀",
        unit: "1/2 kg",
        taxCode: "A",
        stocked: true,
      },
      { ...bread, id: "2", description: "", unit: "kg", discountMinor: 100, stocked: false },
    ],
    tenders: [
      { type: "cash", amountMinor: 30_000 },
      { type: "cash", amountMinor: -6100 },
      { type: "Cash", amountMinor: 0, reference: "  two  spaces  " },
    ],
    taxes: [],
    operator: " amina ",
    customerId: "c\t1",
    loyaltyPoints: -3,
    orderNumber: "42",
    reference: "ref",
    reason: "why\nnot",
    source: { system: "somewhere", madeUp: [] },
    private: { phone: "+254 700 000 000", name: "Wanjirũ" },
    ...at(4),
  });
}

function takeBack(terminal: Terminal): void {
  terminal.closeOrder({
    localId: "h-2",
    documentType: "void",
    original: { localId: "h-1" },
    lines: [],
    tenders: [],
    ...at(5),
  });
  terminal.closeOrder({
    localId: "h-3",
    documentType: "return",
    original: {},
    lines: [{ ...bread, quantity: "-1" }],
    tenders: [{ type: "mpesa", amountMinor: -6960 }],
    taxes: [
      { code: "V", rate: "16.00", baseMinor: -6000, taxMinor: -960, included: false },
      { code: "Z", rate: "0", baseMinor: 0, taxMinor: 0, included: true },
    ],
    ...at(6),
  });
}

function sellFromOpen(terminal: Terminal): void {
  terminal.editOrder({ localId: "h-4", add: [bread, { ...bread, id: "gone" }], ...at(7) });
  terminal.editOrder({ localId: "h-4", void: [{ line: "gone" }], ...at(8) });
  terminal.payOrder({ localId: "h-4", tenders: [{ type: "card", amountMinor: 12_000, reference: "9" }], ...at(9) });
  terminal.editOrder({ localId: "h-5", add: [bread], ...at(10) });
  terminal.voidOrder({ localId: "h-5", reason: "guests left", ...at(11) });
}

function moveMoneyAndStock(terminal: Terminal): void {
  terminal.recordTransaction({
    localId: "h-6",
    type: "paid-out",
    amountMinor: -500,
    reason: "",
    private: undefined,
    ...at(12),
  });
  terminal.recordTransaction({
    localId: "h-7",
    type: "sale",
    amountMinor: 0,
    item: "x",
    quantity: "1.50",
    unitPrice: "0",
    stockDelta: "-1.5",
    tender: "cash",
    orderLocalId: "h-1",
    customerId: "c",
    reference: "r",
    operator: "o",
    ...at(13),
  });
  terminal.recordInventory({
    localId: "h-8",
    item: "flour",
    delta: "5",
    type: "delivery",
    previousStock: "1",
    newStock: "6",
    operator: "o",
    reference: "r",
    ...at(14),
  });
  terminal.editOrder({ localId: "h-9", add: [bread], ...at(15) });
}
