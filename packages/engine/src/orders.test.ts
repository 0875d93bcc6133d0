import { parseBody, SyncError } from "@tillsync/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { codeAndField, refusalOf } from "./testing/refusal.ts";
import { openTill, sale, type Till } from "./testing/till.ts";
import type { OrderDraft } from "./verbs.ts";

let till: Till;

beforeEach(async () => {
  till = await openTill();
});

const bodies = () =>
  till.store.read
    .all<{ body: string }>("SELECT body FROM journal ORDER BY position")
    .map(({ body }) => parseBody(body));
const head = () => till.terminal.status().headSeq;

describe("closing an order", () => {
  it("answers with its receipt, its place in the journal and its total", () => {
    const recorded = till.terminal.closeOrder(sale("order-1"));
    expect(recorded).toMatchObject({
      localId: "order-1",
      kind: "order.closed",
      version: 1,
      seq: 2,
      receiptNumber: "T01-20260116-00001",
      totalMinor: 12_000,
      duplicate: false,
    });
    expect(recorded.incarnation).toBe(till.terminal.status().incarnation);
    expect(till.terminal.order("order-1")).toMatchObject({
      state: "closed",
      totalMinor: 12_000,
      receiptNumber: "T01-20260116-00001",
      businessDate: "2026-01-16",
      shiftId: "shift-1",
      orderSyncStatus: "PENDING",
      effect: null,
    });
  });

  it("writes a change that the centre can read, with everything the draft said", () => {
    const draft: OrderDraft = sale("order-1", {
      lines: [
        {
          item: "bread",
          description: "Loaf",
          quantity: "2",
          unitPrice: "60.005",
          discountMinor: 50,
          taxCode: "V16",
          unit: "pc",
        },
        { id: "post", item: "postage", quantity: "1", unitPrice: "0", amountMinor: 300, stocked: false },
      ],
      taxes: [{ code: "CTL", rate: "2", baseMinor: 12_251, taxMinor: 245, included: false }],
      tenders: [
        { type: "cash", amountMinor: 20_000 },
        { type: "cash", amountMinor: -7504 },
      ],
      operator: "Amina",
      customerId: "c-77",
      loyaltyPoints: 3,
      orderNumber: "A-17",
      reference: "536365",
      source: { system: "bakery.csv", madeUp: ["unitPrice"] },
      occurredAt: "2026-01-16T07:00:00.000Z",
    });
    till.terminal.closeOrder(draft);
    const body = bodies().at(-1);
    expect(body).toMatchObject({
      kind: "order.closed",
      localId: "order-1",
      shiftId: "shift-1",
      occurredAt: draft.occurredAt,
    });
    expect(body?.payload).toEqual({
      documentType: "sale",
      receiptNumber: "T01-20260116-00001",
      currency: "KES",
      totalMinor: 12_496,
      lines: [{ ...draft.lines[0], id: "1", amountMinor: 11_951 }, draft.lines[1]],
      tenders: draft.tenders,
      taxes: draft.taxes,
      operator: "Amina",
      customerId: "c-77",
      loyaltyPoints: 3,
      orderNumber: "A-17",
      reference: "536365",
      source: draft.source,
    });
  });

  it("keeps personal data out of the change's bytes, behind a salted hash", () => {
    till.terminal.closeOrder(sale("order-1", { private: { phone: "+254700000001" } }));
    const row = till.store.read.get<{ body: string; private: string }>(
      "SELECT body, private FROM journal WHERE local_id = 'order-1'",
    );
    expect(row?.body).not.toContain("254700000001");
    expect(JSON.parse(row?.private ?? "")).toMatchObject({ fields: { phone: "+254700000001" } });
    expect(parseBody(row?.body ?? "").private).toBe(till.ports.sha256(`tillsync/private/1\n${row?.private}`));
  });

  it("salts it anew each time, so that the same phone never gives the same hash twice", () => {
    const secrets = ["order-1", "order-2"].map((id) => {
      till.terminal.closeOrder(sale(id, { private: { phone: "+254700000001" } }));
      const row = till.store.read.get<{ private: string }>("SELECT private FROM journal WHERE local_id = ?", id);
      return JSON.parse(row?.private ?? "") as { salt: string };
    });
    expect(secrets.every(({ salt }) => /^[0-9a-f]{32}$/.test(salt))).toBe(true);
    expect(secrets[0]?.salt).not.toBe(secrets[1]?.salt);
  });

  it("takes a return and a void document like a sale, each with a receipt of its own", () => {
    till.terminal.closeOrder(sale("order-1"));
    const back = {
      lines: [{ item: "bread", quantity: "-2", unitPrice: "60.00" }],
      tenders: [{ type: "cash", amountMinor: -12_000 }],
    };
    const taken = till.terminal.closeOrder({ localId: "return-1", documentType: "return", ...back });
    expect(taken).toMatchObject({ receiptNumber: "T01-20260116-00002", totalMinor: -12_000 });
    const voided = till.terminal.closeOrder({
      localId: "void-1",
      documentType: "void",
      ...back,
      original: { localId: "order-1" },
    });
    expect(voided).toMatchObject({ receiptNumber: "T01-20260116-00003" });
  });

  it("takes a sale back once, whatever ids the void documents carry", () => {
    const voiding = (localId: string): OrderDraft => ({
      localId,
      documentType: "void",
      original: { localId: "order-1" },
      lines: [{ item: "bread", quantity: "-2", unitPrice: "60.00" }],
      tenders: [{ type: "cash", amountMinor: -12_000 }],
    });
    till.terminal.closeOrder(sale("order-1"));
    till.terminal.closeOrder(voiding("void-1"));
    expect(codeAndField(() => till.terminal.closeOrder(voiding("void-2")))).toEqual({
      code: "ALREADY_VOIDED",
      field: "original.localId",
    });
    expect(till.terminal.closeOrder(voiding("void-1")).duplicate).toBe(true);
  });
});

describe("a localId that comes again", () => {
  it("with the same content is the same order: nothing is written, the first answer comes back", () => {
    const first = till.terminal.closeOrder(sale("order-1"));
    const before = head();
    expect(till.terminal.closeOrder(sale("order-1"))).toEqual({ ...first, duplicate: true });
    expect(head()).toBe(before);
  });

  it("also after a restart, in another shift and on another day", async () => {
    const first = till.terminal.closeOrder(sale("order-1"));
    till.terminal.closeShift({});
    await till.restart();
    till.terminal.openShift({ operator: "Otieno", businessDate: "2026-01-17" });
    expect(till.terminal.closeOrder(sale("order-1"))).toEqual({ ...first, duplicate: true });
  });

  it.each<[string, Partial<OrderDraft>]>([
    ["another amount", { lines: [{ item: "bread", quantity: "1", unitPrice: "120.00" }] }],
    ["another tender", { tenders: [{ type: "mpesa", amountMinor: 12_000 }] }],
    ["another document type", { documentType: "return" }],
    ["a customer", { customerId: "c-77" }],
  ])("with %s is refused, because same id with other content is never a duplicate (I8)", (_what, over) => {
    till.terminal.closeOrder(sale("order-1"));
    const before = head();
    expect(codeAndField(() => till.terminal.closeOrder(sale("order-1", over)))).toEqual({
      code: "LOCAL_ID_TAKEN",
      field: "localId",
    });
    expect(head()).toBe(before);
  });

  it("is refused when a transaction, a stock movement or a shift has it", () => {
    till.terminal.recordTransaction({ localId: "t-1", type: "payout", amountMinor: -500 });
    till.terminal.recordInventory({ localId: "i-1", item: "flour", delta: "-1", type: "waste" });
    for (const localId of ["t-1", "i-1", "shift-1"]) {
      expect(codeAndField(() => till.terminal.closeOrder(sale(localId)))).toEqual({
        code: "LOCAL_ID_TAKEN",
        field: "localId",
      });
      expect(codeAndField(() => till.terminal.editOrder({ localId }))).toEqual({
        code: "LOCAL_ID_TAKEN",
        field: "localId",
      });
    }
  });
});

describe("an order that cannot be recorded", () => {
  const long = (characters: number) => "x".repeat(characters);

  it.each<[string, Partial<OrderDraft>, string, string]>([
    ["a localId with a space", { localId: "a b" }, "INVALID_INPUT", "localId"],
    ["no lines that add up to the tenders", { lines: [] }, "TOTALS_MISMATCH", "tenders"],
    ["tenders that do not add up", { tenders: [{ type: "cash", amountMinor: 11_999 }] }, "TOTALS_MISMATCH", "tenders"],
    [
      "a quantity that is no decimal",
      { lines: [{ item: "bread", quantity: "two", unitPrice: "60.00" }] },
      "INVALID_INPUT",
      "quantity",
    ],
    [
      "a fraction of a cent",
      { tenders: [{ type: "cash", amountMinor: 12_000.5 }] },
      "INVALID_INPUT",
      "tenders.0.amountMinor",
    ],
    [
      "an amount that is no number",
      { lines: [{ item: "bread", quantity: "2", unitPrice: "60.00", amountMinor: Number.NaN }] },
      "INVALID_INPUT",
      "lines.0.amountMinor",
    ],
    ["a nameless item", { lines: [{ item: "", quantity: "2", unitPrice: "60.00" }] }, "INVALID_INPUT", "lines.0.item"],
    ["a currency in small letters", { currency: "kes" }, "INVALID_INPUT", "currency"],
    ["a time that is none", { occurredAt: "yesterday" }, "INVALID_INPUT", "occurredAt"],
    ["a time of another zone", { occurredAt: "2026-01-16T10:00:00.000+03:00" }, "INVALID_INPUT", "occurredAt"],
    ["a reference that is too long", { reference: long(65) }, "INVALID_INPUT", "reference"],
    ["a lone surrogate", { operator: "\ud800" }, "INVALID_INPUT", "payload.operator"],
    ["a lone surrogate in the private part", { private: { name: "\ud800" } }, "INVALID_INPUT", "fields.name"],
    ["a private part over 16 KiB", { private: { note: long(17_000) } }, "TOO_LARGE", "private"],
    [
      "more than 1 MiB",
      {
        lines: Array.from({ length: 9000 }, (_, at) => ({
          item: `i${at}`,
          description: "ä".repeat(60),
          quantity: "0",
          unitPrice: "0",
        })),
        tenders: [],
      },
      "TOO_LARGE",
      "change",
    ],
  ])("%s: refused before any receipt exists", (_what, over, code, field) => {
    const before = head();
    expect(codeAndField(() => till.terminal.closeOrder(sale("order-1", over)))).toEqual({ code, field });
    expect(head()).toBe(before);
    expect(till.terminal.closeOrder(sale("order-2")).receiptNumber).toBe("T01-20260116-00001");
  });

  it("an unknown field is refused, because the centre would park it", () => {
    const draft = { ...sale("order-1"), colour: "red" };
    expect(refusalOf(() => till.terminal.closeOrder(draft)).message).toContain("colour");
  });

  it("is refused when no shift is open", () => {
    till.terminal.closeShift({});
    expect(refusalOf(() => till.terminal.closeOrder(sale("order-1"))).code).toBe("SHIFT_NOT_OPEN");
  });

  it("is refused after the terminal was closed", async () => {
    await till.terminal.close();
    expect(refusalOf(() => till.terminal.closeOrder(sale("order-1"))).code).toBe("TERMINAL_STOPPED");
  });
});

describe("receipt numbers", () => {
  it("count from 1 on each business date, across restarts, whatever the clock says (I17)", async () => {
    const sell = (id: string) => till.terminal.closeOrder(sale(id)).receiptNumber;
    const day = (date: string) => {
      if (till.terminal.shift()) till.terminal.closeShift({});
      till.terminal.openShift({ operator: "Amina", businessDate: date });
    };
    expect([sell("a"), sell("b")]).toEqual(["T01-20260116-00001", "T01-20260116-00002"]);
    await till.restart();
    till.clock.jump(-86_400_000 * 400);
    expect(sell("c")).toBe("T01-20260116-00003");
    day("2026-01-17");
    expect(sell("d")).toBe("T01-20260117-00001");
    day("2026-01-16");
    expect(sell("e")).toBe("T01-20260116-00004");
    await till.restart();
    expect(sell("f")).toBe("T01-20260116-00005");
  });

  it("has no gap after refused sales: a number is given in the sale's own transaction", () => {
    till.terminal.closeOrder(sale("a"));
    expect(() => till.terminal.closeOrder(sale("b", { tenders: [] }))).toThrow(SyncError);
    expect(() =>
      till.terminal.transaction((tx) => {
        tx.closeOrder(sale("c"));
        throw new Error("the printer is on fire");
      }),
    ).toThrow("on fire");
    expect(till.terminal.closeOrder(sale("d")).receiptNumber).toBe("T01-20260116-00002");
  });

  it("grow wider than five digits when a day needs it", async () => {
    till.terminal.closeOrder(sale("a"));
    till.tamper("UPDATE journal SET receipt_sequence = 99999 WHERE local_id = 'a'");
    await till.restart();
    expect(till.terminal.closeOrder(sale("b")).receiptNumber).toBe("T01-20260116-100000");
    expect(till.terminal.explain("T01-20260116-100000")?.localId).toBe("b");
  });
});
