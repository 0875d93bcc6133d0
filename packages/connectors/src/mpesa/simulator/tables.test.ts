import { describe, expect, it } from "vitest";
import { ERRORS, type ErrorName } from "./errors.ts";
import { PUSH_RESULTS, type PushResult, STATUS_RESULTS } from "./result-codes.ts";
import type { MpesaSettings } from "./settings.ts";
import { callbackOf, type Heard, PHONE, START_MS, Talk } from "./testing/talk.ts";

type Way = readonly [error: ErrorName, how: string, ask: (talk: Talk) => Heard, settings?: Partial<MpesaSettings>];

const withToken = (authorization: string) => ({ headers: { authorization, "content-type": "application/json" } });

/** How the service comes to an error by itself. What is not here is reached by a fault only. */
const BY_ITSELF: readonly Way[] = [
  ["badAuthType", "a token without Basic", (talk) => talk.takeToken({ headers: {} })],
  ["badGrantType", "another grant", (talk) => talk.takeToken({ query: { grant_type: "password" } })],
  ["invalidField", "an amount of 0", (talk) => talk.push({ Amount: 0 })],
  ["invalidPayload", "no JSON", (talk) => talk.push({}, { body: "<xml/>" })],
  ["otherToken", "a status query with a wrong token", (talk) => talk.ask("status", {}, withToken("Bearer x"))],
  ["otherBadRequest", "a status query that is no JSON", (talk) => talk.ask("status", {}, { body: "[" })],
  ["notEnabled", "Pull with a wrong token", (talk) => talk.ask("pull", {}, withToken("Bearer x"))],
  ["notEnabled", "STK Query where it is not enabled", (talk) => talk.query("x"), { queryEnabled: "no" }],
  ["stkToken", "a push with a wrong token", (talk) => talk.push({}, withToken("Bearer x"))],
  ["noResource", "a path of nobody", (talk) => talk.push({}, { path: "/mpesa/nowhere" })],
  ["badHeader", "no token at all", (talk) => talk.push({}, { headers: {} })],
  ["method", "a push by GET", (talk) => talk.push({}, { method: "GET" })],
  ["noMerchant", "another shortcode", (talk) => talk.push({ BusinessShortCode: "111111" })],
  ["wrongCredentials", "another password", (talk) => talk.push({ Password: "eA==" })],
  ["locked", "a phone that is being asked", (talk) => [talk.push(), talk.push()][1] as Heard],
  ["noTransaction", "a query of an id that is not known", (talk) => talk.query("ws_CO_1")],
  ["processing", "the same, with its other text", (talk) => talk.query("ws_CO_1"), { unknownQuery: "processing" }],
  ["noText", "the same, with none", (talk) => talk.query("ws_CO_1"), { unknownQuery: "empty" }],
  ["noText", "a query at random", (talk) => talk.query(talk.push().json.CheckoutRequestID), { queryNoAnswer: 1 }],
  ["spikeArrest", "more in a second than it allows", (talk) => talk.push(), { spikeArrest: 1 }],
  ["quota", "more in all than it allows", (talk) => talk.push(), { quota: 1 }],
  ["registered", "C2B again", (talk) => [talk.register(), talk.register()][1] as Heard, { environment: "production" }],
];

function bodyOf(name: ErrorName) {
  const [status, errorCode, errorMessage] = ERRORS[name];
  const text = name === "invalidField" ? expect.stringMatching(/^Bad Request - Invalid \w+$/) : errorMessage;
  return { status, json: { requestId: expect.any(String), errorCode, errorMessage: text } };
}

describe("errors", () => {
  it.each(BY_ITSELF.map(([error, how, ask, settings = {}]) => ({ error, how, ask, settings })))(
    "$error comes of $how",
    ({ error, ask, settings }) => {
      // Its own token is asked for before the limits are set.
      const talk = new Talk();
      Object.assign(talk.state.settings, settings);
      const heard = ask(talk);
      expect(heard).toMatchObject(bodyOf(error));
    },
  );

  it.each(
    (Object.keys(ERRORS) as ErrorName[]).flatMap((code) => [true, false].map((carriedOut) => ({ code, carriedOut }))),
  )("$code can be ordered, carried out: $carriedOut", ({ code, carriedOut }) => {
    const talk = new Talk();
    talk.control("POST", "/control/faults", { kind: "error", code, on: "push", carriedOut });
    expect(talk.push()).toMatchObject(bodyOf(code));
    expect(talk.state.pushes).toHaveLength(carriedOut ? 1 : 0);
  });

  it("500.001.1001 comes with HTTP 200 too, when that is ordered", () => {
    const talk = new Talk();
    talk.control("POST", "/control/faults", { kind: "error", code: "noText", status: 200, on: "query" });
    const heard = talk.query(talk.push().json.CheckoutRequestID);
    expect(heard).toMatchObject({ status: 200, json: { errorCode: "500.001.1001", errorMessage: "" } });
  });

  it.each([
    ["BusinessShortCode", "12"],
    ["Timestamp", "20261399000000"],
    ["TransactionType", "Pay"],
    ["Amount", 1.5],
    ["Amount", 250_001],
    ["PartyA", 708374149],
    ["PhoneNumber", "0708374149"],
    ["PartyB", ""],
    ["CallBackURL", "https://shop.example/mpesa/1"],
    ["CallBackURL", "https://shop.example/Query"],
    ["CallBackURL", "ftp://shop.example/1"],
    ["AccountReference", "T01-20260116-00001"],
    ["TransactionDesc", "fourteen chars"],
  ])("Bad Request - Invalid %s for %s", (field, value) => {
    expect(new Talk().push({ [field]: value }).json).toMatchObject({ errorMessage: `Bad Request - Invalid ${field}` });
  });

  it("a body that is not said to be JSON is an invalid BusinessShortCode", () => {
    const talk = new Talk();
    const headers = { authorization: `Bearer ${talk.token}`, "content-type": "text/plain" };
    expect(talk.push({}, { headers }).json).toMatchObject({ errorMessage: "Bad Request - Invalid BusinessShortCode" });
  });
});

describe("results of a push", () => {
  it.each(
    (Object.keys(PUSH_RESULTS) as PushResult[]).flatMap((result) =>
      (["documents", "live"] as const).map((wording) => ({ result, wording })),
    ),
  )("$result, in the words of $wording: a number in the callback, a string in the query", ({ result, wording }) => {
    const talk = new Talk({ wording });
    talk.control("POST", "/control/results", { results: [result] });
    const id = talk.push().json.CheckoutRequestID;
    expect(talk.query(id).json).toMatchObject({ ResultCode: "4999" });
    talk.pass(10_000);
    const ResultDesc = PUSH_RESULTS[result][wording === "documents" ? 0 : 1];
    const asCallback = /^\d+$/.test(result) ? Number(result) : result;
    expect(callbackOf(talk)).toMatchObject({ ResultCode: asCallback, ResultDesc, CheckoutRequestID: id });
    expect("CallbackMetadata" in callbackOf(talk)).toBe(result === "0");
    const asked = talk.query(id).json;
    expect(asked).toMatchObject({ ResponseCode: "0", ResultCode: result, ResultDesc });
    expect(JSON.stringify(asked)).not.toContain("116");
    expect(talk.state.charges).toHaveLength(result === "0" ? 1 : 0);
  });

  const byItself: readonly (readonly [PushResult, string, (talk: Talk) => unknown])[] = [
    ["0", "an approval", (talk) => talk.control("POST", "/control/phones", { msisdn: PHONE, habit: "approve" })],
    [
      "1",
      "an empty wallet",
      (talk) => talk.control("POST", "/control/phones", { msisdn: PHONE, habit: "approve", balanceCents: 11_599 }),
    ],
    [
      "17",
      "the same amount within 2 minutes",
      (talk) => talk.control("POST", "/control/payments", { msisdn: PHONE, amount: 116 }),
    ],
    ["1032", "a cancellation", (talk) => talk.control("POST", "/control/phones", { msisdn: PHONE, habit: "cancel" })],
    ["1037", "nobody who looks", () => undefined],
    ["1037", "a phone that is off", (talk) => talk.control("POST", "/control/phones", { msisdn: PHONE, habit: "off" })],
    ["2001", "a wrong PIN", (talk) => talk.control("POST", "/control/phones", { msisdn: PHONE, habit: "wrongPin" })],
    ["8006", "a locked wallet", (talk) => talk.control("POST", "/control/phones", { msisdn: PHONE, habit: "locked" })],
  ];

  it.each(byItself)("%s comes of %s", (result, _how, prepare) => {
    const talk = new Talk();
    prepare(talk);
    const id = talk.push().json.CheckoutRequestID;
    talk.pass(59_999);
    talk.pass(2001);
    expect(talk.query(id).json).toMatchObject({ ResultCode: result });
  });

  it("2028 comes of a PartyB that does not go with the type, and a till takes its own", () => {
    for (const [PartyB, result] of [
      ["600134", "2028"],
      ["600135", "1037"],
    ]) {
      const talk = new Talk();
      const id = talk.push({ TransactionType: "CustomerBuyGoodsOnline", PartyB }).json.CheckoutRequestID;
      talk.pass(60_000);
      expect(talk.query(id).json).toMatchObject({ ResultCode: result });
    }
  });
});

describe("results of a status query", () => {
  it.each(Object.entries(STATUS_RESULTS))("%s can be ordered", (code, text) => {
    const talk = new Talk();
    talk.control("POST", "/control/faults", { kind: "resultCode", code });
    expect(talk.status()).toMatchObject({ status: 200, json: { ResponseCode: "0" } });
    talk.pass(85_000);
    const ResultCode = /^\d+$/.test(code) ? Number(code) : code;
    expect(talk.received[0]?.json).toMatchObject({ Result: { ResultCode, ResultDesc: text } });
  });

  it.each([
    ["2032", "a code that nobody has", {}],
    ["25", "a code that is none", { TransactionID: "UJ2" }],
    ["2001", "another initiator", { Initiator: "somebody" }],
  ] as const)("%s comes of %s, and its acknowledgement looks at nothing of that", (code, _how, changes) => {
    const talk = new Talk();
    expect(talk.status(changes).json).toMatchObject({
      ResponseCode: "0",
      ConversationID: expect.stringMatching(/^AG_/),
    });
    expect(talk.received).toEqual([]);
    talk.pass(2000);
    expect(talk.received[0]?.json).toMatchObject({ Result: { ResultCode: Number(code) } });
    expect(talk.received[0]?.json).not.toHaveProperty("Result.ResultParameters");
  });

  it("0 tells the payment, and its own id is not the receipt", () => {
    const talk = new Talk();
    const { receipt } = talk.control("POST", "/control/payments", { msisdn: PHONE, amount: 300 }) as {
      receipt: string;
    };
    talk.status({ TransactionID: receipt });
    talk.pass(2000);
    const [first] = talk.received.map(({ json }) => json);
    const { Result } = first as { Result: { TransactionID: string; ResultParameters: object } };
    expect(Result.TransactionID).not.toBe(receipt);
    expect(Result.ResultParameters).toMatchObject({
      ResultParameter: expect.arrayContaining([
        { Key: "ReceiptNo", Value: receipt },
        { Key: "Amount", Value: 300 },
        { Key: "TransactionStatus", Value: "Completed" },
      ]),
    });
  });

  it.each([
    ["resultNever", undefined],
    ["queueTimeOut", "https://shop.example/timeout"],
    ["resultEarly", "https://shop.example/result"],
  ])("%s", (kind, url) => {
    const talk = new Talk();
    talk.control("POST", "/control/faults", { kind });
    talk.status();
    expect(talk.received).toHaveLength(kind === "resultEarly" ? 1 : 0);
    talk.pass(600_000);
    expect(talk.received[0]?.delivery.url).toBe(url);
  });
});

it("begins on a day whose receipt codes begin with UJ2", () => {
  const talk = new Talk();
  expect(talk.control("POST", "/control/payments", { msisdn: PHONE, amount: 1 })).toMatchObject({
    receipt: expect.stringMatching(/^UJ2[A-Z0-9]{7}$/),
    atMs: START_MS,
  });
});
