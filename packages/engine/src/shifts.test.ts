import { type Kind, type OrderClosed, type PayloadOf, parseBody } from "@tillsync/protocol";
import { describe, expect, it } from "vitest";
import { codeAndField, refusalOf } from "./testing/refusal.ts";
import { openTill, sale, Till } from "./testing/till.ts";

function started(): Till {
  const till = new Till();
  till.start();
  return till;
}

function bodies(till: Till) {
  const rows = till.store.read.all<{ body: string }>("SELECT body FROM journal ORDER BY position");
  return rows.map(({ body }) => parseBody(body));
}

/** The manifest of changes in journal order, added up from their bytes and apart from the engine's own code. */
function recomputed(till: Till, openSeq: number, closeSeq: number) {
  const counts: Partial<Record<Kind, number>> = {};
  const sums = new Map<string, number>();
  for (const body of bodies(till).slice(openSeq - 1, closeSeq)) {
    counts[body.kind] = (counts[body.kind] ?? 0) + 1;
    const moved =
      body.kind === "order.closed"
        ? (body.payload as OrderClosed).tenders.map(
            (tender) => [body.payload.currency, tender.type, tender.amountMinor] as const,
          )
        : body.kind === "transaction.recorded"
          ? [[body.payload.currency, body.payload.tender ?? "none", body.payload.amountMinor] as const]
          : [];
    for (const [currency, tender, amount] of moved)
      sums.set(`${currency} ${tender}`, (sums.get(`${currency} ${tender}`) ?? 0) + amount);
  }
  const totals = [...sums].sort().map(([key, amountMinor]) => {
    const [currency, tender] = key.split(" ");
    return { currency, tender, amountMinor };
  });
  return { counts, totals };
}

function manifest(till: Till): PayloadOf<"shift.closed"> {
  return bodies(till).findLast((body) => body.kind === "shift.closed")?.payload as PayloadOf<"shift.closed">;
}

describe("opening a shift", () => {
  it("gives sales their business date; it survives a restart", async () => {
    const till = started();
    const shift = till.terminal.openShift({
      localId: "s-1",
      operator: "Amina",
      businessDate: "2026-01-15",
      openingFloatMinor: 500_000,
    });
    expect(shift).toEqual({
      localId: "s-1",
      operator: "Amina",
      businessDate: "2026-01-15",
      openedAt: "2026-01-16T08:00:00.000Z",
      closedAt: null,
      openSeq: 1,
      closeSeq: null,
    });
    await till.restart();
    expect(till.terminal.shift()).toMatchObject(shift);
    expect(till.terminal.closeOrder(sale("a")).receiptNumber).toBe("T01-20260115-00001");
  });

  it("makes an id, and takes the calendar day where the store is, when the caller gives none", async () => {
    const till = new Till({ timeZone: "Pacific/Auckland" });
    till.start();
    till.clock.jump(12 * 3_600_000);
    const { localId, businessDate } = till.terminal.openShift({ operator: "Amina" });
    expect(businessDate).toBe("2026-01-17");
    expect(localId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("again with the same id is the same shift; with another it is refused", () => {
    const till = started();
    const shift = till.terminal.openShift({ localId: "s-1", operator: "Amina" });
    expect(till.terminal.openShift({ localId: "s-1", operator: "Amina" })).toEqual(shift);
    const { code, details } = refusalOf(() => till.terminal.openShift({ localId: "s-2", operator: "Otieno" }));
    expect({ code, ...details }).toMatchObject({
      code: "SHIFT_ALREADY_OPEN",
      shift: "s-1",
      businessDate: "2026-01-16",
    });
    expect(till.terminal.status().headSeq).toBe(1);
  });

  it.each([
    ["the id of an earlier shift", { localId: "s-1" }, "LOCAL_ID_TAKEN", "localId"],
    ["an id with a space", { localId: "s 2" }, "INVALID_INPUT", "localId"],
    ["a day that does not exist", { businessDate: "2026-02-30" }, "INVALID_INPUT", "businessDate"],
    ["a day in another form", { businessDate: "16/01/2026" }, "INVALID_INPUT", "businessDate"],
    ["no operator", { operator: "" }, "INVALID_INPUT", "operator"],
    ["half a cent of float", { openingFloatMinor: 0.5 }, "INVALID_INPUT", "openingFloatMinor"],
    ["a time that is none", { occurredAt: "morning" }, "INVALID_INPUT", "occurredAt"],
  ])("with %s is refused, and none is open then", (_what, over, code, field) => {
    const till = started();
    till.terminal.openShift({ localId: "s-1", operator: "Amina" });
    till.terminal.closeShift({});
    expect(codeAndField(() => till.terminal.openShift({ operator: "Amina", ...over }))).toEqual({ code, field });
    expect(till.terminal.shift()).toBeNull();
  });
});

describe("closing a shift", () => {
  it("without one is refused", () => {
    const till = started();
    expect(refusalOf(() => till.terminal.closeShift({})).code).toBe("SHIFT_NOT_OPEN");
  });

  it("ends it, also after a restart", async () => {
    const till = await openTill();
    till.terminal.closeOrder(sale("a"));
    const shift = till.terminal.closeShift({ operator: "Otieno" });
    expect(shift).toMatchObject({ localId: "shift-1", closedAt: "2026-01-16T08:00:00.000Z", openSeq: 1, closeSeq: 3 });
    expect(till.terminal.shift()).toBeNull();
    await till.restart();
    expect(till.terminal.shift()).toBeNull();
  });

  it("writes a manifest that anybody can add up again from the bytes (I21, I34)", async () => {
    const till = await openTill();
    till.terminal.closeOrder(
      sale("a", {
        tenders: [
          { type: "cash", amountMinor: 20_000 },
          { type: "cash", amountMinor: -8000 },
        ],
      }),
    );
    till.terminal.closeOrder(sale("b", { currency: "USD", tenders: [{ type: "card", amountMinor: 12_000 }] }));
    till.terminal.closeOrder({
      localId: "c",
      documentType: "return",
      lines: [{ item: "bread", quantity: "-1", unitPrice: "60" }],
      tenders: [{ type: "mpesa", amountMinor: -6000 }],
    });
    till.terminal.recordTransaction({ localId: "t", type: "payout", amountMinor: -500, tender: "cash" });
    till.terminal.recordTransaction({ localId: "u", type: "note", amountMinor: 0 });
    till.terminal.recordInventory({ localId: "i", item: "flour", delta: "-1", type: "waste" });
    till.terminal.editOrder({ localId: "open" });
    till.terminal.closeShift({ operator: "Otieno" });
    const { counts, totals, ...rest } = manifest(till);
    const { chainHead, openSeq, closeSeq, operator } = rest;
    const head = till.store.read.all<{ hash: string }>(
      "SELECT lower(hex(hash)) AS hash FROM journal ORDER BY position",
    )[closeSeq - 1];
    expect({ openSeq, closeSeq, operator, chainHead }).toEqual({
      openSeq: 1,
      closeSeq: 8,
      operator: "Otieno",
      chainHead: head?.hash,
    });
    expect({ counts, totals }).toEqual(recomputed(till, 1, 8));
    expect(totals).toContainEqual({ currency: "KES", tender: "cash", amountMinor: 11_500 });
  });

  it("adds up only its own changes, however many there are", async () => {
    const till = await openTill();
    till.terminal.closeOrder(sale("before"));
    till.terminal.closeShift({});
    till.terminal.openShift({ localId: "s-2", operator: "Otieno" });
    till.terminal.transaction((tx) => {
      for (let at = 0; at < 1203; at++) tx.closeOrder(sale(`o-${at}`));
    });
    till.terminal.closeShift({});
    const { openSeq, closeSeq, counts, totals } = manifest(till);
    expect({ openSeq, closeSeq, counts, totals }).toEqual({
      openSeq: 4,
      closeSeq: 1207,
      counts: { "shift.opened": 1, "order.closed": 1203 },
      totals: [{ currency: "KES", tender: "cash", amountMinor: 1203 * 12_000 }],
    });
    expect({ counts, totals }).toEqual(recomputed(till, 4, 1207));
  });

  it.each([0, 1, 499, 500, 501])("leaves none of %i sales out", async (sales) => {
    const till = await openTill();
    till.terminal.transaction((tx) => {
      for (let at = 0; at < sales; at++) tx.closeOrder(sale(`o-${at}`));
    });
    till.terminal.closeShift({});
    const { counts, totals } = manifest(till);
    expect({ counts, totals }).toEqual(recomputed(till, 1, sales + 1));
    expect(counts).toEqual({ "shift.opened": 1, ...(sales > 0 ? { "order.closed": sales } : {}) });
  });

  it("works in the transaction that sold, with sales that are not committed yet", async () => {
    const till = await openTill();
    till.terminal.transaction((tx) => {
      tx.closeOrder(sale("a"));
      tx.closeShift({});
    });
    expect(manifest(till)).toMatchObject({ openSeq: 1, closeSeq: 2, counts: { "order.closed": 1 } });
  });

  it("is possible with a sale whose bytes were damaged on disk: nothing may keep a shift open for ever", async () => {
    const till = await openTill();
    till.terminal.closeOrder(sale("a"));
    till.terminal.closeOrder(sale("b"));
    till.tamper("UPDATE journal SET body = substr(body, 1, 40) WHERE local_id = 'a'");
    till.terminal.closeShift({});
    const { body } = till.store.read.get<{ body: string }>(
      "SELECT body FROM journal ORDER BY position DESC LIMIT 1",
    ) ?? { body: "" };
    expect(parseBody(body).payload).toMatchObject({
      counts: { "order.closed": 2 },
      totals: [{ currency: "KES", tender: "cash", amountMinor: 12_000 }],
    });
  });
});
