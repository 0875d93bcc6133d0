import { parseBody } from "@tillsync/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { codeAndField, refusalOf } from "./testing/refusal.ts";
import { openTill, sale, type Till } from "./testing/till.ts";
import type { OrderView } from "./verbs.ts";

let till: Till;

beforeEach(async () => {
  till = await openTill();
});

const bread = { item: "bread", quantity: "1", unitPrice: "60.00" };
const tea = { item: "tea", quantity: "2", unitPrice: "30.00" };
const head = () => till.terminal.status().headSeq;
const order = (): OrderView => {
  const view = till.terminal.order("table-4");
  if (view === undefined) throw new Error("table-4 is not known");
  return view;
};

describe("an open order", () => {
  it("is opened by its first edit, even an empty one, and listed", () => {
    till.terminal.editOrder({ localId: "table-4", label: "Table 4", covers: 2 });
    expect(order()).toMatchObject({
      state: "open",
      version: 1,
      totalMinor: 0,
      lines: [],
      tenders: [],
      receiptNumber: null,
    });
    expect(till.terminal.openOrders().map(({ localId }) => localId)).toEqual(["table-4"]);
  });

  it("adds up its edits; a line without an id gets one, unique on the terminal", () => {
    till.terminal.editOrder({ localId: "table-4", add: [bread, { ...tea, id: "mine" }] });
    till.terminal.editOrder({
      localId: "table-4",
      add: [bread],
      notes: [{ line: "mine", text: "hot" }],
      served: ["mine"],
    });
    expect(order()).toMatchObject({ version: 2, totalMinor: 6000 + 6000 + 6000 });
    expect(order().lines.map(({ id }) => id)).toEqual(["T01.2000", "mine", "T01.3000"]);
    expect(order().events.map(({ type }) => type)).toEqual(["add", "add", "add", "note", "served"]);
    expect(new Set(order().events.map(({ id }) => id)).size).toBe(5);
  });

  it("loses a voided line, and both stay known", () => {
    till.terminal.editOrder({
      localId: "table-4",
      add: [
        { ...bread, id: "a" },
        { ...tea, id: "b" },
      ],
    });
    till.terminal.editOrder({ localId: "table-4", void: [{ line: "a", reason: "burnt" }] });
    expect(order().lines.map(({ id }) => id)).toEqual(["b"]);
    expect(order().events).toContainEqual(expect.objectContaining({ type: "void", line: "a", reason: "burnt" }));
  });

  it("is paid with the lines it has, and is closed then", () => {
    till.terminal.editOrder({ localId: "table-4", add: [bread, tea] });
    const paid = till.terminal.payOrder({ localId: "table-4", tenders: [{ type: "cash", amountMinor: 12_000 }] });
    expect(paid).toMatchObject({
      kind: "order.closed",
      version: 2,
      totalMinor: 12_000,
      receiptNumber: "T01-20260116-00001",
    });
    expect(order()).toMatchObject({ state: "closed", totalMinor: 12_000 });
    expect(till.terminal.openOrders()).toEqual([]);
    expect(till.terminal.payOrder({ localId: "table-4", tenders: [{ type: "cash", amountMinor: 12_000 }] })).toEqual({
      ...paid,
      duplicate: true,
    });
  });

  it("can be closed with lines of the caller's as well", () => {
    till.terminal.editOrder({ localId: "table-4", add: [tea] });
    expect(till.terminal.closeOrder(sale("table-4"))).toMatchObject({ version: 2, totalMinor: 12_000 });
    expect(till.terminal.openOrders()).toEqual([]);
  });

  it("survives a restart, and goes on with new event ids", async () => {
    till.terminal.editOrder({ localId: "table-4", add: [bread] });
    await till.restart();
    expect(till.terminal.openOrders()).toHaveLength(1);
    till.terminal.editOrder({ localId: "table-4", add: [bread] });
    expect(new Set(order().lines.map(({ id }) => id)).size).toBe(2);
  });

  it("keeps the currency it was opened in", () => {
    till.terminal.editOrder({ localId: "table-4", currency: "USD", add: [bread] });
    till.terminal.editOrder({ localId: "table-4", currency: "KES", add: [bread] });
    expect(order().currency).toBe("USD");
  });

  it("is written as changes that the centre can read", () => {
    till.terminal.editOrder({
      localId: "table-4",
      label: "Table 4",
      operator: "Amina",
      covers: 2,
      add: [{ ...bread, discountMinor: 100 }],
    });
    const { body } = till.store.read.get<{ body: string }>("SELECT body FROM journal WHERE local_id = 'table-4'") ?? {
      body: "",
    };
    expect(parseBody(body).payload).toEqual({
      currency: "KES",
      events: [
        { id: "T01.2000", type: "add", line: { ...bread, id: "T01.2000", discountMinor: 100, amountMinor: 5900 } },
      ],
      header: { label: "Table 4", operator: "Amina", covers: 2 },
    });
  });
});

describe("an edit that comes again", () => {
  it("with its editId writes nothing and gets the first answer", () => {
    const edit = { localId: "table-4", editId: "e-1", add: [bread] };
    const first = till.terminal.editOrder(edit);
    till.terminal.editOrder({ localId: "table-4", editId: "e-2", add: [tea] });
    expect(till.terminal.editOrder(edit)).toEqual({ ...first, duplicate: true });
    expect(order().totalMinor).toBe(12_000);
  });

  it("with lines and voids that are there already writes nothing", () => {
    till.terminal.editOrder({
      localId: "table-4",
      add: [
        { ...bread, id: "a" },
        { ...tea, id: "b" },
      ],
    });
    const voided = till.terminal.editOrder({ localId: "table-4", void: [{ line: "a" }] });
    const before = head();
    expect(till.terminal.editOrder({ localId: "table-4", void: [{ line: "a" }] })).toEqual({
      ...voided,
      duplicate: true,
    });
    expect(till.terminal.editOrder({ localId: "table-4", add: [{ ...tea, id: "b" }] }).duplicate).toBe(true);
    expect(head()).toBe(before);
    expect(order().totalMinor).toBe(6000);
  });
});

describe("an edit that cannot be recorded", () => {
  beforeEach(() => {
    till.terminal.editOrder({
      localId: "table-4",
      add: [
        { ...bread, id: "a" },
        { ...tea, id: "b" },
      ],
    });
    till.terminal.editOrder({ localId: "table-4", void: [{ line: "a" }] });
  });

  it.each([
    ["a void of a line that was never there", { void: [{ line: "z" }] }, "void"],
    [
      "a line with the id of a voided one: it would silently stay off the bill",
      { add: [{ ...bread, id: "a" }] },
      "add",
    ],
    [
      "another line under an id that is taken: it would silently stay off the bill",
      { add: [{ ...bread, id: "b" }] },
      "add",
    ],
    [
      "two lines under one id",
      {
        add: [
          { ...bread, id: "c" },
          { ...tea, id: "c" },
        ],
      },
      "add",
    ],
    ["a quantity that is no decimal", { add: [{ ...bread, quantity: "one" }] }, "quantity"],
    ["a label that is too long", { label: "x".repeat(65) }, "header.label"],
    ["a time that is none", { notes: [{ text: "hot" }], occurredAt: "noon" }, "occurredAt"],
    ["a note that is too long", { notes: [{ text: "x".repeat(1025) }] }, "events.0.text"],
  ])("%s", (_what, edit, field) => {
    const before = head();
    expect(codeAndField(() => till.terminal.editOrder({ localId: "table-4", ...edit }))).toEqual({
      code: "INVALID_INPUT",
      field,
    });
    expect(head()).toBe(before);
  });

  it("too many events at once", () => {
    const add = Array.from({ length: 1001 }, () => bread);
    expect(codeAndField(() => till.terminal.editOrder({ localId: "table-4", add }))).toEqual({
      code: "INVALID_INPUT",
      field: "events",
    });
  });

  it("of an order that is closed, voided or deleted", () => {
    till.terminal.closeOrder(sale("closed"));
    for (const localId of ["voided", "deleted"]) till.terminal.editOrder({ localId, add: [bread] });
    till.terminal.voidOrder({ localId: "voided", reason: "guest left" });
    till.terminal.deleteOrder({ localId: "deleted", reason: "by mistake" });
    for (const localId of ["closed", "voided", "deleted"]) {
      const { code, details } = refusalOf(() => till.terminal.editOrder({ localId, add: [bread] }));
      expect({ code, field: details.field, got: details.got }).toEqual({
        code: "ORDER_NOT_OPEN",
        field: "localId",
        got: localId,
      });
    }
  });

  it("without a shift", () => {
    till.terminal.closeShift({});
    expect(refusalOf(() => till.terminal.editOrder({ localId: "table-9" })).code).toBe("SHIFT_NOT_OPEN");
  });
});

describe("giving an open order up", () => {
  beforeEach(() => {
    till.terminal.editOrder({ localId: "table-4", add: [bread] });
  });

  it.each([
    ["voidOrder", "voided"],
    ["deleteOrder", "deleted"],
  ] as const)("%s leaves it known and off the list, and repeats write nothing", (verb, state) => {
    const end = { localId: "table-4", reason: "guest left", operator: "Amina" };
    const first = till.terminal[verb](end);
    expect(first).toMatchObject({ kind: `order.${state}`, version: 2, duplicate: false });
    expect(order()).toMatchObject({ state, version: 2 });
    expect(till.terminal.openOrders()).toEqual([]);
    expect(till.terminal[verb](end)).toEqual({ ...first, duplicate: true });
  });

  it("can no longer be paid, nor given up otherwise", () => {
    till.terminal.voidOrder({ localId: "table-4", reason: "guest left" });
    const again = [
      () => till.terminal.payOrder({ localId: "table-4", tenders: [{ type: "cash", amountMinor: 6000 }] }),
      () => till.terminal.closeOrder(sale("table-4")),
      () => till.terminal.deleteOrder({ localId: "table-4", reason: "guest left" }),
    ];
    for (const act of again) expect(codeAndField(act)).toEqual({ code: "ORDER_NOT_OPEN", field: "localId" });
    const other = () => till.terminal.voidOrder({ localId: "table-4", reason: "another reason" });
    expect(codeAndField(other)).toEqual({ code: "LOCAL_ID_TAKEN", field: "localId" });
  });

  it("is refused for an order nobody knows, and for one that is paid", () => {
    expect(codeAndField(() => till.terminal.voidOrder({ localId: "nobody", reason: "x" }))).toEqual({
      code: "NOT_FOUND",
      field: "localId",
    });
    expect(codeAndField(() => till.terminal.payOrder({ localId: "nobody", tenders: [] }))).toEqual({
      code: "NOT_FOUND",
      field: "localId",
    });
    till.terminal.closeOrder(sale("paid"));
    expect(codeAndField(() => till.terminal.voidOrder({ localId: "paid", reason: "x" }))).toEqual({
      code: "ORDER_NOT_OPEN",
      field: "localId",
    });
    expect(codeAndField(() => till.terminal.voidOrder({ localId: "table-4", reason: "" }))).toEqual({
      code: "INVALID_INPUT",
      field: "reason",
    });
  });

  it("needs a shift", () => {
    till.terminal.closeShift({});
    expect(refusalOf(() => till.terminal.voidOrder({ localId: "table-4", reason: "x" })).code).toBe("SHIFT_NOT_OPEN");
    expect(till.terminal.openOrders()).toHaveLength(1);
  });
});
