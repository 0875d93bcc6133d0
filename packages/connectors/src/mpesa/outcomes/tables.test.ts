import type { Reply } from "@tillsync/lanes";
import { describe, expect, it } from "vitest";
import { ERRORS, type ErrorName } from "../simulator/errors.ts";
import { PUSH_RESULTS, STATUS_RESULTS } from "../simulator/result-codes.ts";
import { SHOP_SETTINGS } from "../testing/shop.ts";
import { codeOutcomeOf } from "../verification/destination.ts";
import { isBadToken } from "./errors.ts";
import { askOutcomeOf, pushOutcomeOf, queryOutcomeOf } from "./outcomes.ts";
import { PUSH_RESULT_ROWS } from "./results.ts";

const answer = (status: number, body: unknown): Reply => ({
  kind: "answer",
  status,
  text: typeof body === "string" ? body : JSON.stringify(body),
});
const ID = "ws_CO_1";
const queried = (ResultCode: unknown, other = {}) =>
  queryOutcomeOf(answer(200, { ResponseCode: "0", CheckoutRequestID: ID, ResultCode, ...other }), ID);

/** What each error is of a push; for a query each of them is no answer. */
const OF_A_PUSH: Readonly<Record<ErrorName, string>> = {
  badAuthType: "configuration",
  badGrantType: "configuration",
  invalidField: "request",
  invalidPayload: "request",
  otherToken: "token",
  otherBadRequest: "request",
  notEnabled: "token",
  stkToken: "token",
  noResource: "configuration",
  badHeader: "configuration",
  method: "configuration",
  noMerchant: "configuration",
  wrongCredentials: "configuration",
  locked: "locked",
  processing: "unknown",
  noTransaction: "unknown",
  noText: "unknown",
  spikeArrest: "busy",
  busy: "busy",
  quota: "busy",
  internal: "unknown",
  unreachable: "unknown",
  registered: "request",
};

describe.each(Object.entries(OF_A_PUSH))("error %s", (name, meaning) => {
  const [status, errorCode, errorMessage] = ERRORS[name as ErrorName];
  const reply = answer(status, { requestId: "1", errorCode, errorMessage });

  it("of a push", () => {
    const refused = { verdict: "refused", cause: meaning, code: errorCode };
    expect(pushOutcomeOf(reply)).toMatchObject(
      meaning === "unknown" ? { verdict: "unknown", code: errorCode } : refused,
    );
    expect(isBadToken(reply)).toBe(meaning === "token");
  });

  it("of a query says nothing, with HTTP 200 too", () => {
    expect(queryOutcomeOf(reply, ID)).toMatchObject({ verdict: "no_answer", code: errorCode });
    expect(queryOutcomeOf(answer(200, { errorCode, errorMessage }), ID)).toMatchObject({ verdict: "no_answer" });
  });

  it("of Transaction Status, Pull and registering is never success, nor word about a payment", () => {
    for (const call of ["status", "pull", "pullRegister"] as const)
      expect(askOutcomeOf(reply, call)).toMatchObject({ verdict: "failed", cause: meaning });
    expect(askOutcomeOf(reply, "register").verdict).toBe(name === "registered" ? "taken" : "failed");
    const item = { saleId: "1", code: "UJ2AAAAAAA", amount: 1, typedAtMs: 0, askId: "0" };
    expect(codeOutcomeOf(item, reply, SHOP_SETTINGS).verdict).not.toBe("accepted");
  });
});

it.each([
  ["HTML", answer(403, "<html>Incapsula</html>")],
  ["HTML with 200", answer(200, "<html></html>")],
  ["a 502 page", answer(502, "<html>Bad gateway</html>")],
  ["a 503 without body", answer(503, "")],
  ["a 504", answer(504, "")],
  ["an empty 200", answer(200, "")],
  ["JSON that was cut", answer(200, '{"ResponseCode":"0","Checkout')],
  ["a list", answer(200, "[]")],
  ["no id", answer(200, { ResponseCode: "0" })],
  ["another ResponseCode", answer(200, { ResponseCode: "1", CheckoutRequestID: ID })],
  ["a code that nobody knows", answer(400, { errorCode: "400.009.99", errorMessage: "?" })],
  ["a 401 that is no answer of the gateway", answer(401, "{}")],
  ["another code with HTTP 200", answer(200, { errorCode: "404.001.03", errorMessage: "Invalid Access Token" })],
  ["a cut connection", { kind: "silence", arrived: "perhaps", code: "CUT_OFF", message: "" }],
  ["a timeout", { kind: "silence", arrived: "perhaps", code: "TIMED_OUT", message: "" }],
  ["too much", { kind: "silence", arrived: "perhaps", code: "TOO_LARGE", message: "" }],
] as readonly (readonly [string, Reply])[])("%s: of a push nobody knows, a query says nothing", (_what, reply) => {
  expect(pushOutcomeOf(reply).verdict).toBe("unknown");
  expect(queryOutcomeOf(reply, ID).verdict).toBe("no_answer");
  expect(isBadToken(reply)).toBe(false);
});

it("what was never sent is refused, and what is accepted has its id", () => {
  const silence: Reply = { kind: "silence", arrived: "no", code: "UNREACHABLE", message: "" };
  expect(pushOutcomeOf(silence)).toMatchObject({ verdict: "refused", cause: "not_sent" });
  expect(pushOutcomeOf(answer(200, { ResponseCode: "0", CheckoutRequestID: ID }))).toEqual({
    verdict: "accepted",
    checkoutRequestId: ID,
  });
});

/** Section 3 of the facts: final, and whether a new push may follow. */
const AGAIN: Readonly<Record<string, readonly [again: string, waitMs: number]>> = {
  "1": ["cashier", 0],
  "2": ["no", 0],
  "3": ["no", 0],
  "4": ["no", 0],
  "8": ["no", 0],
  "17": ["check", 120_000],
  "26": ["cashier", 30_000],
  "1001": ["check", 60_000],
  "1019": ["cashier", 0],
  "1025": ["cashier", 0],
  "1032": ["cashier", 0],
  "1037": ["check", 0],
  "2001": ["cashier", 0],
  "2028": ["no", 0],
  SFC_IC0003: ["no", 0],
  "8006": ["no", 0],
  "9999": ["check", 0],
};

describe("results of a push", () => {
  it.each(Object.entries(AGAIN))("%s is not paid", (code, [again, waitMs]) => {
    expect(queried(code)).toMatchObject({ verdict: "not_paid", code, row: { again, waitMs } });
    if (/^\d+$/.test(code)) expect(queried(Number(code)).verdict).toBe("not_paid");
  });

  it("0 is paid, 4999 is pending, and whatever is not known is asked again", () => {
    expect(queried("0")).toEqual({ verdict: "paid" });
    expect(queried(0)).toEqual({ verdict: "paid" });
    expect(queried("4999")).toEqual({ verdict: "pending" });
    for (const code of ["5", "", "toString", undefined, null, {}]) expect(queried(code).verdict).toBe("no_answer");
    expect(queried("0", { CheckoutRequestID: "ws_CO_2" })).toMatchObject({ verdict: "no_answer", code: "OTHER_PUSH" });
    expect(queried("0", { ResponseCode: "1" }).verdict).toBe("no_answer");
  });

  it("are all here", () => {
    expect(Object.keys(PUSH_RESULT_ROWS).sort()).toEqual([...Object.keys(PUSH_RESULTS), "4999"].sort());
    expect(Object.keys(AGAIN).sort()).toEqual(
      Object.keys(PUSH_RESULTS)
        .filter((code) => code !== "0")
        .sort(),
    );
  });
});

describe("results of Transaction Status", () => {
  const typedAtMs = Date.parse("2026-10-02T09:00:00Z");
  const item = { saleId: "1", code: "UJ2AAAAAAA", amount: 300, typedAtMs, askId: "0" };
  const all = {
    ReceiptNo: "UJ2AAAAAAA",
    Amount: "300.00",
    TransactionStatus: "Completed",
    CreditPartyName: "600134 - Shop",
    FinalisedTime: 20261002115900,
  };
  const judged = (ResultCode: unknown, parameters: object = all, ageMs = 0) => {
    const ResultParameter = Object.entries(parameters).map(([Key, Value]) => ({ Key, Value }));
    const body = JSON.stringify({ Result: { ResultCode, ResultParameters: { ResultParameter } } });
    const text = JSON.stringify({ route: "status", atMs: typedAtMs + ageMs, body });
    return codeOutcomeOf(item, { kind: "answer", status: 200, text }, SHOP_SETTINGS);
  };

  it.each([
    ["0", "accepted"],
    ["2032", "retry"],
    ["25", "retry"],
    ["2001", "retry"],
    ["21", "retry"],
    ["8006", "retry"],
    ["SFC_IC0003", "retry"],
    ["77", "unknown"],
  ])("%s: %s", (code, verdict) => {
    expect(judged(code).verdict).toBe(verdict);
    if (code !== "77") expect(Object.keys(STATUS_RESULTS)).toContain(code);
    const isOfTheAccount = ["2001", "21", "8006", "SFC_IC0003"].includes(code);
    expect("blocksLane" in judged(code)).toBe(isOfTheAccount);
  });

  it("a code that is not known in the end is a person's", () => {
    expect(judged("2032", {}, 3_600_000)).toMatchObject({ verdict: "parked", code: "NOT_FOUND" });
  });

  it.each([
    ["another amount", { Amount: 299 }],
    ["another receipt", { ReceiptNo: "UJ2BBBBBBB" }],
    ["not completed", { TransactionStatus: "Declined" }],
    ["another shop", { CreditPartyName: "600999 - Other" }],
    ["a longer number that begins the same", { CreditPartyName: "6001345 - Other" }],
    ["an old payment", { FinalisedTime: "20260930115900" }],
  ])("%s is a person's, with the evidence", (_what, change) => {
    expect(judged(0, { ...all, ...change })).toMatchObject({ verdict: "parked", code: "MISMATCH" });
  });
});
