import { describe, expect, it } from "vitest";
import { RESULT_CODES, type ResultCode } from "./result-codes.ts";
import type { EtimsSettings } from "./settings.ts";
import { FIRST_DEVICE } from "./state.ts";
import { creditFor, type Heard, line, sale, Talk } from "./testing/talk.ts";

type Way = readonly [code: ResultCode, how: string, ask: (talk: Talk) => Heard, settings?: Partial<EtimsSettings>];

/** How the service comes to a code by itself. What is not here is reached by a fault only. */
const BY_ITSELF: readonly Way[] = [
  ["000", "a sale", (talk) => talk.sell()],
  ["001", "an invoice that is not there", (talk) => talk.ask("invoice", { invcNo: 7 })],
  ["894", "a VSCU without KRA for 24 h", overCeiling, { wire: "vscu", vscuCeiling: "894" }],
  ["899", "a number again, at a VSCU", again, { wire: "vscu" }],
  ["900", "no keys", (talk) => talk.ask("codes", { tin: null }, { headers: {} })],
  [
    "901",
    "a key that is wrong",
    (talk) => talk.ask("codes", {}, { headers: { ...FIRST_DEVICE, bhfid: "00", cmckey: "x" } }),
  ],
  ["902", "initialised again", (talk) => talk.initialise()],
  ["903", "a VSCU's serial at an OSCU", (talk) => talk.initialise({ dvcSrlNo: "TILLSYNC0001V" })],
  ["905", "an OSCU's serial at a VSCU", (talk) => talk.initialise({ dvcSrlNo: "TILLSYNC0001" }), { wire: "vscu" }],
  ["910", "a field that is missing", (talk) => talk.sell({ totAmt: null })],
  ["911", "no body", (talk) => talk.ask("sale", {}, { body: "" })],
  ["912", "a path of nobody", (talk) => talk.ask("sale", {}, { path: "/saveEverything" })],
  ["912", "not a POST", (talk) => talk.ask("sale", {}, { method: "GET" })],
  ["913", "a unit that is in no list", (talk) => talk.sell({ itemList: [line({ pkgUnitCd: "U" })] })],
  ["921", "a sale before the invoice of the one before", twoSales, { wire: "vscu", vscuSecondStep: "saveInvoice" }],
  [
    "922",
    "an invoice before its sale",
    (talk) => talk.ask("signSale", { invcNo: 1 }),
    { wire: "vscu", vscuSecondStep: "saveInvoice" },
  ],
  ["990", "more look-ups than it allows", lookUps, { lookUpsPerMinute: 1 }],
  ["994", "a number again", again],
  ["E04", "a branch that is not there", (talk) => talk.initialise({ bhfId: "07" })],
  ["E11", "a VSCU's storage full", fullStorage, { wire: "vscu", vscuStorage: 1 }],
];

function again(talk: Talk): Heard {
  talk.sell({ invcNo: 1 });
  return talk.sell({ invcNo: 1 });
}

function twoSales(talk: Talk): Heard {
  talk.sell();
  return talk.sell();
}

function lookUps(talk: Talk): Heard {
  talk.ask("invoice", { invcNo: 1 });
  return talk.ask("invoice", { invcNo: 1 });
}

function overCeiling(talk: Talk): Heard {
  talk.control("POST", "/control/link", { isUp: false });
  talk.nowMs += 24 * 3_600_000;
  return talk.sell();
}

function fullStorage(talk: Talk): Heard {
  talk.control("POST", "/control/link", { isUp: false });
  talk.sell();
  return talk.sell();
}

describe("result codes", () => {
  it.each(BY_ITSELF.map(([code, how, ask, settings = {}]) => ({ code, how, ask, settings })))(
    "$code comes of $how",
    ({ code, ask, settings }) => {
      const heard = ask(Talk.ready(settings));
      expect(heard).toMatchObject({ code, status: 200 });
      if (code !== "000") expect(heard.data).toBeNull();
    },
  );

  it.each(
    (Object.keys(RESULT_CODES) as ResultCode[]).flatMap((code) =>
      (["direct", "gateway", "vscu"] as const).flatMap((wire) =>
        [true, false].map((carriedOut) => ({ code, wire, carriedOut })),
      ),
    ),
  )("$code can be ordered on $wire, carried out: $carriedOut", ({ code, wire, carriedOut }) => {
    const talk = Talk.ready({ wire, stockOrder: "free", successCode: "000" });
    talk.control("POST", "/control/faults", { kind: "resultCode", code, on: "sale", carriedOut });
    const heard = talk.sell();
    expect(heard).toMatchObject({ code, status: 200, data: null });
    expect(heard.json).toHaveProperty(wire === "gateway" ? "responseBody.resultMsg" : "resultMsg", RESULT_CODES[code]);
    expect(talk.state.invoices).toHaveLength(carriedOut ? 1 : 0);
    expect(talk.state.faults).toEqual([]);
  });
});

type Text = readonly [text: string, ask: (talk: Talk) => Heard, settings?: Partial<EtimsSettings>];

/** The live texts of the gateway. */
const TEXTS: readonly Text[] = [
  ["Invc No: 8 is invalid, use the expected value: 1", (talk) => talk.sell({ invcNo: 8 })],
  [
    "Invalid invcNo sequence, expected: 1 but found: 8",
    (talk) => talk.sell({ invcNo: 8 }),
    { numberWording: "sequence" },
  ],
  ["orgInvcNo does not exist in the system", (talk) => talk.sell(creditFor(5, talk.nowMs))],
  ["Missing RfdDt Date", (talk) => talk.sell({ ...creditFor(1, talk.nowMs), rfdDt: null })],
  ["Invalid RfdRsnCd", (talk) => talk.sell({ ...creditFor(1, talk.nowMs), rfdRsnCd: "99" })],
  [
    "Invalid taxblAmt on item: 1. Expected: 86.21, But Found: 100.00",
    (talk) =>
      talk.sell({ itemList: [line({ qty: 1, prc: 100, splyAmt: 100, totAmt: 100, taxblAmt: 100, taxAmt: 13.79 })] }),
  ],
  ["Rule taxRtE failed: Tax rate mismatch. Expected: 0.00, Found: 8", (talk) => talk.sell(), { rateE: "0" }],
  ["Invalid pkg for ItemList 1. Expected: 1, Found: 0", (talk) => talk.sell({ itemList: [line({ pkg: 0 })] })],
  [
    "Items provided under the itemList section do not exist in your stock",
    (talk) => talk.sell(),
    { stockOrder: "enforced" },
  ],
  ["Invalid sarNo: Expected: 1 but found: 15", (talk) => talk.ask("moveStock", { sarNo: 15 })],
  [
    "Invalid itemCd Sequence. Expected sequence ending with: ********1",
    (talk) => talk.ask("saveItem", { ...ITEM, itemCd: "KE2BXNO0000005" }),
  ],
  ["rsdQty mismatch. Expected: 0.0 but found: 150", rsdQtyMismatch],
];

const ITEM = {
  itemCd: "KE2BXNO0000001",
  itemClsCd: "50202300",
  itemTyCd: "2",
  itemNm: "Soda",
  pkgUnitCd: "BX",
  qtyUnitCd: "NO",
  taxTyCd: "B",
};

function rsdQtyMismatch(talk: Talk): Heard {
  talk.ask("saveItem", ITEM);
  return talk.ask("saveStock", { itemCd: ITEM.itemCd, rsdQty: 150 });
}

describe("the gateway's texts", () => {
  it.each(TEXTS.map(([text, ask, settings = {}]) => ({ text, ask, settings })))("$text", ({ text, ask, settings }) => {
    const heard = ask(Talk.ready({ wire: "gateway", stockOrder: "free", ...settings }));
    expect(heard).toMatchObject({ status: 400, text });
    expect(heard.json).toMatchObject({ responseHeader: { responseCode: 400, debugMessage: text }, responseBody: null });
  });
});

describe("shapes of the gateway's refusals", () => {
  const gateway = (settings: Partial<EtimsSettings> = {}) =>
    Talk.ready({ wire: "gateway", stockOrder: "free", ...settings });
  const order = (talk: Talk, fault: object) => talk.control("POST", "/control/faults", fault);

  it("1: HTTP 400 with the text in the header", () => {
    expect(gateway().sell({ invcNo: 3 })).toMatchObject({
      status: 400,
      json: { responseHeader: { responseCode: 400 } },
    });
  });

  it("2: HTTP 200 around responseCode 400, by a setting and by a fault", () => {
    const heard = gateway({ refusalStatus: "200" }).sell({ invcNo: 3 });
    expect(heard).toMatchObject({ status: 200, json: { responseHeader: { responseCode: 400 }, responseBody: null } });
    const talk = gateway();
    order(talk, { kind: "inner400", message: "Bad day" });
    expect(talk.sell()).toMatchObject({ status: 200, text: "Bad day", json: { responseBody: null } });
  });

  it("3: HTTP 400 around a valid 001, by a setting and by a fault", () => {
    expect(gateway({ emptyStatus: "400" }).ask("invoice", { invcNo: 3 })).toMatchObject({ status: 400, code: "001" });
    const talk = gateway();
    order(talk, { kind: "wrapped001" });
    expect(talk.ask("invoice", { invcNo: 3 })).toMatchObject({ status: 400, code: "001" });
  });

  it("4: the gateway itself, 401 and 504", () => {
    const talk = gateway();
    talk.control("POST", "/control/expired-tokens");
    expect(talk.sell()).toMatchObject({ status: 401, json: { header: { responseCode: 401 }, body: {} } });
    talk.takeToken();
    for (const [kind, status] of [
      ["gateway401", 401],
      ["gateway504", 504],
    ] as const) {
      order(talk, { kind });
      expect(talk.sell({ invcNo: 1 + talk.state.invoices.length })).toMatchObject({
        status,
        json: { header: { responseCode: status }, body: {} },
      });
    }
  });

  it("success is 0000 there, and 000 on the others, and any of the four by a setting", () => {
    expect(gateway().sell().code).toBe("0000");
    expect(Talk.ready().sell().code).toBe("000");
    for (const successCode of ["000", "00", "0", "0000"] as const)
      expect(Talk.ready({ successCode }).sell().code).toBe(successCode);
  });

  it("a token is got by GET with the right secret; else HTTP 400 with nothing", () => {
    const talk = gateway();
    const asked = { path: "/v1/token/generate", query: { grant_type: "client_credentials" }, body: "" };
    const right = { authorization: `Basic ${btoa("tillsync:tillsync-secret")}` };
    expect(talk.send({ ...asked, method: "POST", headers: right }).reply.answer).toMatchObject({
      status: 400,
      body: "",
    });
    expect(talk.send({ ...asked, method: "GET", headers: {} }).reply.answer).toMatchObject({ status: 400, body: "" });
    expect(talk.takeToken()).toMatchObject({ status: 200, json: { expires_in: "3599" } });
    expect(
      talk.ask("codes", { lastReqDt: "20180520000000" }, { headers: { authorization: `Bearer ${talk.token}` } }).status,
    ).toBe(401);
  });
});

it("a sale that is refused frees its number, whatever it was refused for", () => {
  const talk = Talk.ready();
  expect(talk.sell({ totAmt: 117 }).code).toBe("910");
  expect(talk.sell({ invcNo: 1 }).code).toBe("000");
  expect(sale(talk.nowMs).invcNo).toBe(1);
});
