import type { Reply } from "@tillsync/lanes";
import { describe, expect, it } from "vitest";
import { RESULT_CODES } from "../simulator/result-codes.ts";
import { invoiceFound, registrationOutcome, saleOutcome } from "./outcomes.ts";
import type { EtimsMode } from "./paths.ts";
import { RESULT_CLASSES } from "./result-classes.ts";
import { Shop } from "./testing/shop.ts";

type Verdict = "accepted" | "duplicate" | "parked" | "blocked" | "retry" | "unknown";
type Looked = "there" | "absent" | "parked" | "unknown";
type Row = readonly [code: string, sale: Verdict, registration: Verdict, lookUp: Looked];

/** Every row of KRA's table of codes, and what is in no table. Success has no signature here, so a sale's is looked up. */
const CODES: readonly Row[] = [
  ["000", "unknown", "accepted", "unknown"],
  ["001", "unknown", "unknown", "absent"],
  ["891", "blocked", "blocked", "unknown"],
  ["892", "blocked", "blocked", "unknown"],
  ["893", "blocked", "blocked", "unknown"],
  ["894", "unknown", "unknown", "unknown"],
  ["895", "blocked", "blocked", "unknown"],
  ["896", "unknown", "unknown", "unknown"],
  ["899", "unknown", "unknown", "unknown"],
  ["900", "blocked", "blocked", "unknown"],
  ["901", "blocked", "blocked", "unknown"],
  ["902", "blocked", "blocked", "unknown"],
  ["903", "blocked", "blocked", "unknown"],
  ["905", "blocked", "blocked", "unknown"],
  ["910", "parked", "parked", "unknown"],
  ["911", "parked", "parked", "unknown"],
  ["912", "parked", "parked", "unknown"],
  ["913", "parked", "parked", "unknown"],
  ["921", "unknown", "unknown", "unknown"],
  ["922", "unknown", "unknown", "unknown"],
  ["990", "unknown", "unknown", "unknown"],
  ["991", "unknown", "unknown", "unknown"],
  ["992", "unknown", "unknown", "unknown"],
  ["993", "unknown", "unknown", "unknown"],
  ["994", "duplicate", "duplicate", "unknown"],
  ["995", "unknown", "unknown", "unknown"],
  ["999", "unknown", "unknown", "unknown"],
  ["E04", "blocked", "blocked", "unknown"],
  ["E11", "blocked", "blocked", "unknown"],
  ["924", "unknown", "unknown", "unknown"],
  ["constructor", "unknown", "unknown", "unknown"],
];

const item = new Shop().item(1);
const answer = (status: number, body: unknown): Reply => ({
  kind: "answer",
  status,
  text: typeof body === "string" ? body : JSON.stringify(body),
});
const short = (outcome: ReturnType<typeof saleOutcome>): Verdict =>
  outcome.verdict === "retry" && outcome.blocksLane ? "blocked" : outcome.verdict;
const sold = (reply: Reply, mode: EtimsMode = "oscu-direct") => short(saleOutcome(mode, reply));
const looked = (reply: Reply) => invoiceFound(item, reply).verdict;

describe("result codes", () => {
  it("are all in the table", () => {
    const listed = CODES.map(([code]) => code).filter((code) => code !== "924" && code !== "constructor");
    expect(listed.toSorted()).toEqual(Object.keys(RESULT_CODES).toSorted());
    expect(Object.keys(RESULT_CLASSES).toSorted()).toEqual(listed.toSorted());
  });

  it.each(CODES)("%s: sale %s, registration %s, look-up %s", (code, sale, registration, lookUp) => {
    const body = { resultCd: code, resultMsg: "text", resultDt: "20260116120000", data: null };
    for (const reply of [
      answer(200, body),
      answer(400, { responseHeader: { responseCode: 200 }, responseBody: body }),
    ]) {
      expect(sold(reply)).toBe(sale);
      expect(short(registrationOutcome(reply))).toBe(registration);
      expect(looked(reply)).toBe(lookUp);
    }
  });

  it.each(CODES.slice(0, -2))("%s: the gateway says it by its text alone", (code, sale, registration) => {
    const customerMessage = RESULT_CODES[code as keyof typeof RESULT_CODES];
    const reply = answer(400, { responseHeader: { responseCode: 400, customerMessage }, responseBody: null });
    expect(sold(reply)).toBe(sale);
    // A refusal whose text is success, or emptiness, contradicts itself.
    expect(short(registrationOutcome(reply))).toBe(code === "000" ? "unknown" : registration);
    expect(looked(reply)).toBe("unknown");
  });

  it("899 of a VSCU is a number that was used, or bad keys: it is looked up", () => {
    expect(sold(answer(200, { resultCd: "899", resultMsg: "Client error", data: null }), "vscu")).toBe("duplicate");
  });

  it.each(["000", "00", "0", "0000", 0])("success is also written %s", (resultCd) => {
    expect(short(registrationOutcome(answer(200, { resultCd, data: null })))).toBe("accepted");
  });
});

/** The gateway's refusals by their words alone. */
const TEXTS: readonly (readonly [text: string, sale: Verdict])[] = [
  ["Invc No: 8 is invalid, use the expected value: 9", "duplicate"],
  ["Invalid invcNo sequence, expected: 9 but found: 8", "duplicate"],
  ["orgInvcNo does not exist in the system", "parked"],
  ["Missing RfdDt Date", "parked"],
  ["Invalid RfdRsnCd", "parked"],
  ["Invalid taxblAmt on item: 1. Expected: 86.21, But Found: 100.00", "parked"],
  ["Rule taxRtE failed: Tax rate mismatch. Expected: 0.00, Found: 8", "parked"],
  ["Invalid pkg for ItemList 1. Expected: 1, Found: 0", "parked"],
  ["Items provided under the itemList section do not exist in your stock", "parked"],
  ["Invalid sarNo: Expected: 10 but found: 15", "parked"],
  ["Invalid itemCd Sequence. Expected sequence ending with: ********2", "parked"],
  ["rsdQty mismatch. Expected: 0.0 but found: 150", "parked"],
  ["Code value error. [<itemList><pkgUnitCd>]", "parked"],
  ["Bad Request", "unknown"],
  ["Internal Server Error", "unknown"],
  ["Service unavailable, try again later", "unknown"],
  ["", "unknown"],
];

describe("shapes", () => {
  it.each(TEXTS)("1 and 2: %s is %s", (customerMessage, sale) => {
    const body = { responseHeader: { responseCode: 400, customerMessage }, responseBody: null };
    expect(sold(answer(400, body))).toBe(sale);
    expect(sold(answer(200, body))).toBe(sale);
    const debug = { responseHeader: { responseCode: "400", customerMessage: " ", debugMessage: customerMessage } };
    expect(sold(answer(400, debug))).toBe(sale);
    expect(looked(answer(400, body))).toBe("unknown");
  });

  it("3: HTTP 400 around a valid 001 is an empty list", () => {
    expect(looked(answer(400, { responseHeader: {}, responseBody: { resultCd: "001", data: null } }))).toBe("absent");
  });

  it.each([
    [401, "retry"],
    [504, "unknown"],
    [500, "unknown"],
  ] as const)("4: the gateway's own %s", (responseCode, sale) => {
    const reply = answer(responseCode, { header: { responseCode, responseMessage: "Gateway" }, body: {} });
    expect(sold(reply)).toBe(sale);
    expect(looked(reply)).toBe("unknown");
  });

  it.each([
    ["an HTML page", 200, "<html><body>Welcome to the hotel</body></html>"],
    ["an edge firewall's page", 403, "<html>Request unsuccessful.</html>"],
    ["a 502 page", 502, "<html><h1>502 Bad Gateway</h1></html>"],
    ["503 of a VSCU after 24 h", 503, ""],
    ["a token that is refused with nothing", 400, ""],
    ["an empty body", 200, ""],
    ["truncated JSON", 200, '{"resultCd":"000","resultMsg":"It is succ'],
    ["JSON that is no object", 200, '["000"]'],
    ["null", 200, "null"],
    ["JSON of somebody else", 200, '{"status":"ok"}'],
    ["too many requests", 429, "{}"],
    ["a code that is no text", 200, '{"resultCd":{"a":1}}'],
    ["JSON as deep as the sea", 200, `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`],
    ["emptiness from a gateway in trouble", 502, '{"resultCd":"001","data":null}'],
    ["success without an invoice", 200, '{"resultCd":"000","data":{"salesList":[]}}'],
  ])("%s says nothing", (_what, status, body) => {
    expect(sold(answer(status, body))).toBe("unknown");
    expect(short(registrationOutcome(answer(status, body)))).toMatch(/unknown|accepted/);
    expect(looked(answer(status, body))).toBe("unknown");
  });

  it.each(["UNREACHABLE", "TIMED_OUT", "CUT_OFF", "TOO_LARGE"] as const)("silence, %s", (code) => {
    const message = "silence";
    expect(sold({ kind: "silence", arrived: "no", code, message })).toBe("retry");
    expect(sold({ kind: "silence", arrived: "perhaps", code, message })).toBe("unknown");
    for (const arrived of ["no", "perhaps"] as const)
      expect(looked({ kind: "silence", arrived, code, message })).toBe("unknown");
  });
});

describe("what is under the number", () => {
  const receipt = {
    "curRcptNo ": "1",
    totRcptNo: 1,
    intrlData: "A".repeat(26),
    rcptSign: "B".repeat(16),
    sdcDateTime: "2026-01-16 12:00:00.0",
  };
  const ours = {
    invcNo: 1,
    trdInvcNo: item.request.trdInvcNo,
    totAmt: "116.00",
    custTin: null,
    rcptTyCd: "S",
    receipt,
  };

  it.each([
    ["ours", {}, "there"],
    ["ours, with a walk-in's PIN", { custTin: "A000000000D" }, "there"],
    ["another's", { trdInvcNo: "OTHER-1" }, "parked"],
    ["one without a name", { trdInvcNo: null }, "parked"],
    ["our name, another total", { totAmt: 117 }, "parked"],
    ["our name, no total", { totAmt: null }, "parked"],
    ["our name, another buyer", { custTin: "P000000000X" }, "parked"],
    ["our name, the other type", { rcptTyCd: "R" }, "parked"],
    ["another number", { invcNo: 2 }, "unknown"],
    ["ours without a signature", { receipt: { ...receipt, rcptSign: "" } }, "unknown"],
    ["ours without a receipt", { receipt: null }, "unknown"],
  ])("%s", (_what, changes, verdict) => {
    expect(looked(answer(200, { resultCd: "000", data: { salesList: [{ ...ours, ...changes }] } }))).toBe(verdict);
  });

  it("is not told by a list of several", () => {
    expect(looked(answer(200, { resultCd: "000", data: { salesList: [ours, ours] } }))).toBe("unknown");
  });
});
