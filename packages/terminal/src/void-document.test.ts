import type { OrderDraft } from "@tillsync/engine";
import { describe, expect, it } from "vitest";
import { FakeTerminal } from "./testing/fake-terminal.ts";
import { voidDocument } from "./void-document.ts";

const SALE: OrderDraft = {
  localId: "order-1",
  currency: "KES",
  lines: [
    { id: "1", item: "rice", quantity: "0.250", unitPrice: "200.00", amountMinor: 4_500, discountMinor: 500 },
    { id: "2", item: "bread", quantity: "-1", unitPrice: "60.00", amountMinor: -6_000 },
    { id: "3", item: "bag", quantity: "0", unitPrice: "5.00", amountMinor: 0 },
  ],
  tenders: [{ type: "mpesa", amountMinor: -1_500, reference: "SFE3X9TRLK" }],
  taxes: [{ code: "B", rate: "16", baseMinor: 4_500, taxMinor: 720, included: true }],
  customerId: "c-7",
  loyaltyPoints: 4,
};

function closed(draft: OrderDraft) {
  const terminal = new FakeTerminal();
  terminal.closeOrder(draft);
  const order = terminal.order(draft.localId);
  if (order === undefined) throw new Error("The fake lost its order.");
  return { terminal, order };
}

describe("the document that takes back a closed order", () => {
  const { terminal, order } = closed(SALE);
  const document = voidDocument(terminal, order, {
    voidLocalId: "void-1",
    reason: "wrong customer",
    operator: "Otieno",
  });

  it("points at the order and keeps an id of its own", () => {
    expect(document).toMatchObject({ localId: "void-1", documentType: "void", operator: "Otieno", currency: "KES" });
    expect(document.original).toEqual({ localId: "order-1", receiptNumber: "T01-20260116-00001" });
  });

  it("has every number with the opposite sign, and no -0", () => {
    expect(document.lines.map((line) => line.quantity)).toEqual(["-0.250", "1", "0"]);
    expect(document.lines.map((line) => line.amountMinor)).toEqual([-4_500, 6_000, 0]);
    expect(Object.is(document.lines[2]?.amountMinor, -0)).toBe(false);
    expect(document.lines[0]?.discountMinor).toBe(-500);
    expect(document.tenders).toEqual([{ type: "mpesa", amountMinor: 1_500, reference: "SFE3X9TRLK" }]);
    expect(document.taxes?.[0]).toMatchObject({ baseMinor: -4_500, taxMinor: -720 });
    expect(document.loyaltyPoints).toBe(-4);
  });

  it("keeps what the cashier typed in the part that can be erased", () => {
    expect(document.private).toEqual({ reason: "wrong customer" });
  });
});

it("a void is not taken back", () => {
  const { terminal, order } = closed({ ...SALE, documentType: "void" });
  expect(() => voidDocument(terminal, order, { voidLocalId: "void-2", reason: "x" })).toThrow("is itself a void");
});

it("an order whose stored bytes cannot be read is not guessed at", () => {
  const { terminal, order } = closed(SALE);
  expect(() => voidDocument(terminal, { ...order, localId: "lost" }, { voidLocalId: "v", reason: "x" })).toThrow(
    "cannot be read",
  );
});
