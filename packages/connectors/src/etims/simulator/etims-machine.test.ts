import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countInvoices } from "./counts.ts";
import { expectedNumber } from "./numbers.ts";
import type { EtimsSettings } from "./settings.ts";
import { FIRST_DEVICE } from "./state.ts";
import { creditFor, line, Talk, type Talk as Talker } from "./testing/talk.ts";

/** What a client, another system and the network may do, one after the other. */
const step = fc.record({
  what: fc.constantFrom("sale", "again", "ahead", "wrong", "lost", "neverCame", "foreign", "credit", "receipt again"),
  by: fc.integer({ min: 1, max: 4 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What the service must hold, counted beside it in the simplest way there is. */
class Model {
  next = 1;
  receipts = 0;
  own = 0;
  foreign = 0;
  duplicates = 0;

  accept(): void {
    this.next++;
    this.receipts++;
    this.own++;
  }
}

function take(talk: Talker, model: Model, { what, by }: Step): void {
  const invcNo = model.next;
  switch (what) {
    case "sale":
      expect(talk.sell({ invcNo }).data).toMatchObject({ totRcptNo: model.receipts + 1 });
      model.accept();
      return;
    case "again": {
      const isUsed = by < model.next;
      expect(talk.sell({ invcNo: isUsed ? by : 0, trdInvcNo: "AGAIN" }).data).toBeNull();
      return;
    }
    case "ahead":
      expect(talk.sell({ invcNo: invcNo + by }).data).toBeNull();
      return;
    case "wrong":
      expect(talk.sell({ invcNo, itemList: [line({ taxTyCd: "Z" })] }).data).toBeNull();
      return;
    case "lost":
      talk.control("POST", "/control/faults", { kind: "drop" });
      expect(talk.sell({ invcNo }).reply.answer).toBeNull();
      model.accept();
      return;
    case "neverCame":
      talk.control("POST", "/control/faults", { kind: "hang", carriedOut: false });
      expect(talk.sell({ invcNo }).reply).toMatchObject({ answer: null, afterMs: 120_000 });
      return;
    case "foreign":
      talk.control("POST", "/control/faults", { kind: "numberTaken" });
      expect(talk.sell({ invcNo }).data).toBeNull();
      model.next++;
      model.receipts++;
      model.foreign++;
      return;
    case "credit":
      credit(talk, model);
      return;
    default:
      if (model.own === 0) return;
      talk.sell({ invcNo, trdInvcNo: firstOwn(talk).trdInvcNo, itemList: [line()] });
      model.duplicates++;
      model.accept();
  }
}

function firstOwn(talk: Talker) {
  const found = talk.state.invoices.find(({ foreign, rcptTyCd }) => !foreign && rcptTyCd === "S");
  if (found === undefined) throw new Error("nothing was sold");
  return found;
}

/** A credit note for a sale that has none yet. */
function credit(talk: Talker, model: Model): void {
  const credited = talk.state.invoices.map(({ orgInvcNo }) => orgInvcNo);
  const original = talk.state.invoices.find(
    ({ foreign, rcptTyCd, invcNo }) => !foreign && rcptTyCd === "S" && !credited.includes(invcNo),
  );
  if (original === undefined) return;
  const note = { ...creditFor(original.invcNo, talk.nowMs), invcNo: model.next };
  expect(talk.sell(note).data).toMatchObject({ totRcptNo: model.receipts + 1 });
  model.accept();
  expect(talk.sell({ ...note, invcNo: model.next }).data).toBeNull();
}

describe("the counter never counts wrong", () => {
  it.each(["direct", "gateway", "vscu"] as const)("on %s, whatever is sent and lost", (wire) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const talk = Talk.ready({ wire, stockOrder: "free" });
        const model = new Model();
        for (const one of steps) {
          take(talk, model, one);
          const { own: accepted, foreign, duplicates } = model;
          expect(countInvoices(talk.state)).toMatchObject({ accepted, foreign, duplicates, gaps: 0 });
          expect(expectedNumber(talk.state, FIRST_DEVICE)).toBe(model.next);
        }
        expect(talk.state.invoices.map(({ invcNo }) => invcNo)).toEqual(
          talk.state.invoices.map((_, index) => index + 1),
        );
        expect(talk.state.invoices.map(({ totRcptNo }) => totRcptNo)).toEqual(talk.state.invoices.map((_, i) => i + 1));
        const known = Array.from(
          { length: model.next },
          (_, n) => talk.ask("invoice", { invcNo: n + 1 }).code !== "001",
        );
        expect(known).toEqual([...Array.from({ length: model.next - 1 }, () => true), false]);
      }),
      { numRuns: 60 },
    );
  });

  it("the same seed and requests give the same answers, and a copy of the state goes on alike", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.array(step, { maxLength: 15 }), (seed, steps) => {
        const runs = [1, 2].map(() => {
          const talk = Talk.ready({}, seed);
          const model = new Model();
          for (const one of steps) take(talk, model, one);
          return JSON.stringify(talk.state);
        });
        expect(runs[0]).toBe(runs[1]);
        expect(JSON.stringify(JSON.parse(runs[0] ?? ""))).toBe(runs[0]);
      }),
      { numRuns: 30 },
    );
  });
});

type Case = readonly [what: string, settings: Partial<EtimsSettings>, run: (talk: Talker) => unknown, gives: unknown];

const KEYS = ["curRcptNo", "intrlData", "rcptSign", "sdcDateTime", "totRcptNo"];
const foreign = (talk: Talker, bhfId: string) => {
  const at = { tin: FIRST_DEVICE.tin, bhfId };
  talk.control("POST", "/control/devices", { ...at, dvcSrlNo: `S${bhfId}` });
  return talk.control("POST", "/control/foreign-invoices", at);
};

/** Where documents and what was seen contradict each other, both are there. */
const CONFLICTS: readonly Case[] = [
  ["a gap is refused", {}, (talk) => talk.sell({ invcNo: 3 }).code, "910"],
  [
    "a gap is tolerated, and counted",
    { gaps: "tolerate" },
    (talk) => [talk.sell({ invcNo: 3 }).code, countInvoices(talk.state).gaps],
    ["000", 2],
  ],
  [
    "a tolerated gap can be filled",
    { gaps: "tolerate" },
    (talk) => [talk.sell({ invcNo: 2 }).code, talk.sell({ invcNo: 1 }).code, talk.sell({ invcNo: 2 }).code],
    ["000", "000", "994"],
  ],
  ["a branch has its counter", {}, (talk) => [foreign(talk, "01"), talk.sell({ invcNo: 1 }).code], [[1], "000"]],
  [
    "a PIN has one counter",
    { counterScope: "tin" },
    (talk) => [foreign(talk, "01"), talk.sell({ invcNo: 1 }).code],
    [[1], "994"],
  ],
  [
    "a duplicate by 899",
    { duplicateAnswer: "899" },
    (talk) => [talk.sell().code, talk.sell({ invcNo: 1 }).code],
    ["000", "899"],
  ],
  [
    "a duplicate by text",
    { duplicateAnswer: "text" },
    (talk) => [talk.sell().code, talk.sell({ invcNo: 1 }).text],
    ["000", "Invc No: 1 is invalid, use the expected value: 2"],
  ],
  ["prices with their tax", {}, (talk) => talk.sell().code, "000"],
  ["the old sample's amounts", { amountRule: "old-sample" }, (talk) => talk.sell().code, "910"],
  ["amounts that nobody looks at", { amountRule: "off" }, (talk) => talk.sell({ totAmt: 5 }).code, "000"],
  [
    "keys in headers only",
    { keysFrom: "headers" },
    (talk) => talk.ask("codes", { cmcKey: talk.cmcKey }, { headers: {} }).code,
    "900",
  ],
  [
    "keys in the body",
    {},
    (talk) => talk.ask("codes", { cmcKey: talk.cmcKey, lastReqDt: "20180520000000" }, { headers: {} }).code,
    "000",
  ],
  [
    "a buyer who must be named",
    { walkIn: "A000000000D" },
    (talk) => [talk.sell().code, talk.sell({ custTin: "A000000000D", custNm: "CASH" }).code],
    ["910", "000"],
  ],
  ["NT as a package", {}, (talk) => talk.sell({ itemList: [line({ pkgUnitCd: "NT" })] }).code, "000"],
  [
    "CTN as a package",
    { packageUnits: "CTN" },
    (talk) => ["NT", "CTN"].map((pkgUnitCd) => talk.sell({ itemList: [line({ pkgUnitCd })] }).code),
    ["913", "000"],
  ],
  ["look-ups of any age", {}, (talk) => talk.ask("notices", { lastReqDt: "20180520000000" }).code, "000"],
  [
    "look-ups of 7 days",
    { lookUpWindowDays: 7 },
    (talk) => talk.ask("notices", { lastReqDt: "20180520000000" }).code,
    "910",
  ],
  ["old sales", { oldestSaleDays: 30 }, (talk) => talk.sell({ salesDt: "20251101" }).code, "910"],
  ["a sale of tomorrow", {}, (talk) => talk.sell({ salesDt: "20260117" }).code, "910"],
  ["a number as a string", {}, (talk) => talk.sell({ invcNo: "1" }).code, "910"],
  [
    "counters by type",
    { receiptCounter: "per-type" },
    (talk) => [talk.sell().data?.curRcptNo, talk.sell(creditFor(1, talk.nowMs)).data?.curRcptNo],
    [1, 1],
  ],
  [
    "one counter",
    {},
    (talk) => [talk.sell().data?.curRcptNo, talk.sell(creditFor(1, talk.nowMs)).data?.curRcptNo],
    [1, 2],
  ],
  [
    "a credit note for another buyer",
    {},
    (talk) => [talk.sell().code, talk.sell({ ...creditFor(1, talk.nowMs), custTin: "P000000001A" }).code],
    ["000", "910"],
  ],
  [
    "a credit note that is not compared",
    { creditNoteChecks: "original-only" },
    (talk) => [talk.sell().code, talk.sell({ ...creditFor(1, talk.nowMs), custTin: "P000000001A" }).code],
    ["000", "000"],
  ],
  ["an OSCU's keys", {}, (talk) => Object.keys(talk.sell().data ?? {}).sort(), KEYS],
  [
    "a VSCU's other spelling",
    { wire: "vscu", vscuDateKey: "VSCURcptPbctDate" },
    (talk) => Object.keys(talk.sell().data ?? {}).includes("VSCURcptPbctDate"),
    true,
  ],
  [
    "a VSCU that cannot be asked",
    { wire: "vscu", vscuLookUp: "none" },
    (talk) => [talk.sell().code, talk.ask("invoice", { invcNo: 1 }).code],
    ["000", "912"],
  ],
  [
    "a VSCU with two steps",
    { wire: "vscu", vscuSecondStep: "saveInvoice" },
    (talk) => [talk.sell().data, talk.ask("signSale", { invcNo: 1 }).code],
    [null, "000"],
  ],
];

describe("conflicts are settings", () => {
  it.each(CONFLICTS)("%s", (_what, settings, run, gives) => {
    expect(run(Talk.ready(settings))).toEqual(gives);
  });
});

describe("a VSCU", () => {
  it("signs without KRA for 24 h, then no more, and uploads when the link is back", () => {
    for (const [vscuCeiling, status] of [
      ["503", 503],
      ["refused", 0],
      ["894", 200],
    ] as const) {
      const talk = Talk.ready({ wire: "vscu", vscuCeiling });
      talk.control("POST", "/control/link", { isUp: false });
      talk.nowMs += 24 * 3_600_000 - 1;
      expect(talk.sell().code).toBe("000");
      expect(countInvoices(talk.state).backlog).toBe(1);
      talk.nowMs += 1;
      expect(talk.sell().status).toBe(status);
      expect(countInvoices(talk.state)).toMatchObject({ accepted: 1, backlog: 1 });
      talk.control("POST", "/control/link", { isUp: true });
      expect(countInvoices(talk.state).backlog).toBe(0);
      expect(talk.sell().code).toBe("000");
    }
  });
});

describe("what was accepted", () => {
  it("is found with the signature of the lost answer, with another form of the time, and behind its QR code", () => {
    const talk = Talk.ready();
    talk.control("POST", "/control/faults", { kind: "drop" });
    talk.sell({ trdInvcNo: "T01-20260116-00001" });
    const { data } = talk.ask("invoice", { invcNo: 1 });
    const [found] = (data?.salesList ?? [{}]) as [Record<string, unknown>];
    expect(found).toMatchObject({ trdInvcNo: "T01-20260116-00001", receipt: { sdcDateTime: "2026-01-16 12:00:00.0" } });
    const { rcptSign, intrlData } = found.receipt as { rcptSign: string; intrlData: string };
    expect([rcptSign, intrlData]).toEqual([
      expect.stringMatching(/^[A-Z2-7]{16}$/),
      expect.stringMatching(/^[A-Z2-7]{26}$/),
    ]);
    const query = { Data: `${FIRST_DEVICE.tin}00${rcptSign}` };
    const path = "/common/link/etims/receipt/indexEtimsReceiptData";
    const page = talk.send({ method: "GET", path, query, headers: {}, body: "" });
    expect(page.reply.answer?.body).toContain("T01-20260116-00001");
  });

  it("needs its items in stock where that is demanded", () => {
    const talk = Talk.ready({ wire: "gateway" });
    const item = {
      itemCd: "KE2BXNO0000001",
      itemClsCd: "50202300",
      itemTyCd: "2",
      itemNm: "Soda",
      pkgUnitCd: "BX",
      qtyUnitCd: "NO",
      taxTyCd: "B",
    };
    expect(talk.sell().status).toBe(400);
    expect(talk.ask("saveItem", item).code).toBe("0000");
    const move = { sarNo: 1, sarTyCd: "02", ocrnDt: "20260116", itemList: [{ itemCd: item.itemCd, qty: 10 }] };
    expect(talk.ask("moveStock", move).code).toBe("0000");
    expect(talk.sell().status).toBe(400);
    expect(talk.ask("saveStock", { itemCd: item.itemCd, rsdQty: 10 }).code).toBe("0000");
    expect(talk.sell().code).toBe("0000");
  });

  it("comes with stray spaces and numbers as strings when that is ordered", () => {
    const talk = Talk.ready();
    talk.control("POST", "/control/faults", { kind: "strayKeys" });
    expect(talk.sell().json).toMatchObject({ "resultCd ": "000", "data ": { "curRcptNo ": 1 } });
    talk.control("POST", "/control/faults", { kind: "numbersAsStrings" });
    expect(talk.sell().data).toMatchObject({ curRcptNo: "2" });
  });
});
