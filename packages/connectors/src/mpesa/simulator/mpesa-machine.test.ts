import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countPayments } from "./counts.ts";
import type { MpesaSettings } from "./settings.ts";
import { freshMpesa } from "./state.ts";
import { callbackOf, PHONE, Talk } from "./testing/talk.ts";

const step = fc.record({
  what: fc.constantFrom("push", "lost", "neverCame", "approve", "cancel", "pass", "query", "forge", "byHand"),
  by: fc.integer({ min: 1, max: 5 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function take(talk: Talk, { what, by }: Step): void {
  const push = () => talk.push({ AccountReference: `R${by}`, Amount: by * 10 });
  const open = talk.state.pushes.find(({ result }) => result === null);
  const last = talk.state.pushes.at(-1);
  switch (what) {
    case "lost":
      talk.control("POST", "/control/faults", { kind: "drop" });
      push();
      return;
    case "neverCame":
      talk.control("POST", "/control/faults", { kind: "drop", carriedOut: false });
      push();
      return;
    case "approve":
    case "cancel":
      if (open) talk.control("POST", `/control/pushes/${open.checkoutRequestId}/answer`, { answer: what });
      return;
    case "pass":
      talk.pass(by * 20_000);
      return;
    case "query":
      talk.query(last?.checkoutRequestId);
      return;
    case "forge":
      if (last) talk.control("POST", "/control/forged-callbacks", { checkoutRequestId: last.checkoutRequestId });
      return;
    case "byHand":
      talk.control("POST", "/control/payments", { msisdn: PHONE, amount: by, reference: `R${by}` });
      return;
    default:
      push();
  }
}

describe("money", () => {
  it("is neither made nor lost, whatever is asked, lost, forged or waited for", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 0, max: 1e9 }), (steps, seed) => {
        const talk = new Talk({}, seed);
        const before = freshMpesa(seed).phones.reduce((sum, { balanceCents }) => sum + balanceCents, 0);
        for (const one of steps) {
          take(talk, one);
          const after = talk.state.phones.reduce((sum, { balanceCents }) => sum + balanceCents, 0);
          const { charges, pushes } = talk.state;
          expect(before - after).toBe(charges.reduce((sum, { amount }) => sum + amount * 100, 0));
          const paid = pushes.filter(({ result }) => result === "0").map(({ receipt }) => receipt);
          const ofPushes = charges.filter(({ checkoutRequestId }) => checkoutRequestId !== null);
          expect(ofPushes.map(({ receipt }) => receipt).sort()).toEqual(paid.sort());
          expect(new Set(charges.map(({ receipt }) => receipt)).size).toBe(charges.length);
          expect(pushes.filter(({ result }) => result === null).length).toBeLessThanOrEqual(1);
          const references = new Set(charges.map(({ reference }) => reference));
          expect(countPayments(talk.state).doubleCharges).toBe(charges.length - references.size);
        }
        talk.pass(3_600_000);
        expect(countPayments(talk.state).open).toBe(0);
        const told = talk.received.filter(({ delivery }) => delivery.kind === "stkCallback");
        expect(told).toHaveLength(talk.state.pushes.length);
      }),
      { numRuns: 100 },
    );
  });

  it("the same seed and requests give the same state, and it is plain JSON", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 15 }), fc.integer({ min: 0, max: 1e9 }), (steps, seed) => {
        const [first, second] = [1, 2].map(() => {
          const talk = new Talk({}, seed);
          for (const one of steps) take(talk, one);
          return JSON.stringify(talk.state);
        });
        expect(first).toBe(second);
        expect(JSON.stringify(JSON.parse(first ?? ""))).toBe(first);
      }),
      { numRuns: 30 },
    );
  });

  it("a push whose answer was lost is charged all the same, and a second one is a double charge", () => {
    const talk = new Talk({ twoMinuteRule: "off" });
    talk.control("POST", "/control/phones", { msisdn: PHONE, habit: "approve" });
    talk.control("POST", "/control/faults", { kind: "hang", on: "push" });
    expect(talk.push().reply).toMatchObject({ answer: null, afterMs: 120_000 });
    talk.pass(120_000);
    expect(countPayments(talk.state)).toMatchObject({ charges: 1, doubleCharges: 0, chargedKes: 116 });
    talk.push();
    talk.pass(10_000);
    expect(countPayments(talk.state)).toMatchObject({ charges: 2, doubleCharges: 1, chargedKes: 232 });
  });
});

describe("callbacks", () => {
  it.each([
    ["callbackNever", []],
    ["callbackTwice", [6000, 6000]],
    ["callbackEarly", [0]],
    ["callbackLate", [605_000]],
    ["callbackAmount", [6000]],
  ])("%s", (kind, times) => {
    const talk = new Talk();
    talk.control("POST", "/control/phones", { msisdn: PHONE, habit: "approve" });
    talk.control("POST", "/control/faults", { kind });
    const atMs = talk.nowMs;
    const before = talk.received.length;
    talk.push();
    expect(talk.received.length - before).toBe(kind === "callbackEarly" ? 1 : 0);
    talk.pass(700_000);
    expect(talk.state.delivered.map((one) => one.atMs - atMs)).toEqual(times);
    const amount = kind === "callbackAmount" ? 115 : 116;
    if (times.length > 0) expect(callbackOf(talk)).toHaveProperty("CallbackMetadata.Item.0.Value", amount);
    expect(countPayments(talk.state)).toMatchObject({ charges: 1, chargedKes: 116 });
  });

  it.each([
    ["absent", undefined],
    ["no-value", { Name: "Balance" }],
    ["value", { Name: "Balance", Value: 0 }],
  ] as const)("Balance %s", (balance, item) => {
    const talk = new Talk({ balance });
    talk.control("POST", "/control/results", { results: ["0"] });
    talk.push();
    talk.pass(10_000);
    const { Item } = callbackOf(talk).CallbackMetadata as { Item: { Name: string }[] };
    expect(Item.find(({ Name }) => Name === "Balance")).toEqual(item);
  });

  it("are sent once, whatever the receiver says, unless a setting has it otherwise", () => {
    for (const [callbackRetries, sent] of [
      [0, 1],
      [2, 3],
    ] as const) {
      const talk = new Talk({ callbackRetries });
      talk.receiver = () => ({ status: 500, body: "" });
      talk.control("POST", "/control/results", { results: ["1032"] });
      talk.push();
      talk.pass(3_600_000);
      expect(talk.received).toHaveLength(sent);
    }
  });

  it("a forged one looks right and moves nothing", () => {
    const talk = new Talk();
    const id = talk.push().json.CheckoutRequestID;
    talk.control("POST", "/control/forged-callbacks", { checkoutRequestId: id, amount: 116 });
    talk.pass(0);
    expect(callbackOf(talk)).toMatchObject({ ResultCode: 0, CheckoutRequestID: id });
    expect(countPayments(talk.state).charges).toBe(0);
    expect(talk.query(id).json).toMatchObject({ ResultCode: "4999" });
  });
});

type Case = readonly [what: string, settings: Partial<MpesaSettings>, run: (talk: Talk) => unknown, gives: unknown];

const old = (talk: Talk) => {
  const authorization = `Bearer ${talk.token}`;
  talk.takeToken();
  return talk.push({}, { headers: { authorization, "content-type": "application/json" } }).status;
};
const strings = (talk: Talk) => {
  talk.control("POST", "/control/phones", { msisdn: PHONE, habit: "approve" });
  const id = talk.push({ PhoneNumber: PHONE, PartyA: PHONE }).json.CheckoutRequestID;
  talk.pass(30_000);
  return talk.query(id).json.ResultCode;
};
const upper = (talk: Talk) => talk.push({ CallBackURL: "https://Shop.example/1" }).status;
const http = (talk: Talk) => talk.push({ CallBackURL: "http://127.0.0.1:8080/1" }).status;
const byHand = (talk: Talk) => {
  talk.register();
  talk.control("POST", "/control/payments", { msisdn: PHONE, amount: 10, reference: "TABLE 4" });
  talk.pass(10_000);
  return [talk.received.map(({ delivery }) => delivery.kind), countPayments(talk.state).charges];
};
const paid = (talk: Talk) => {
  talk.register();
  talk.control("POST", "/control/results", { results: ["0"] });
  talk.push();
  talk.pass(10_000);
  return talk.received.map(({ delivery }) => delivery.kind).sort();
};
const msisdn = (talk: Talk) => {
  byHand(talk);
  return talk.received[0]?.json.MSISDN;
};

const CONFLICTS: readonly Case[] = [
  ["a token that ends the one before", {}, old, 404],
  ["tokens beside each other", { tokens: "many" }, old, 200],
  ["expires_in as a string", {}, (talk) => talk.takeToken().json.expires_in, "3599"],
  ["expires_in as a number", { expiresIn: "number" }, (talk) => talk.takeToken().json.expires_in, 3599],
  ["phone numbers as strings", {}, strings, "0"],
  ["phone numbers as strings that time out", { phoneNumbers: "string-times-out" }, strings, "1037"],
  ["a host in upper case", {}, upper, 200],
  ["a host in upper case that is refused", { upperCaseHost: "refused" }, upper, 400],
  ["callbacks without TLS", {}, http, 200],
  ["callbacks with TLS only", { environment: "production" }, http, 400],
  ["payments by hand", {}, byHand, [["confirmation"], 1]],
  ["payments by hand that are asked about", { validation: "on" }, byHand, [["validation", "confirmation"], 1]],
  ["a push that is told once", {}, paid, ["stkCallback"]],
  ["a push that is told as C2B too", { stkConfirms: "yes" }, paid, ["confirmation", "stkCallback"]],
  ["a masked number", {}, msisdn, "2547 ***** 149"],
  ["a hashed number", { msisdn: "hashed" }, msisdn, expect.stringMatching(/^[0-9a-f]{64}$/)],
];

describe("conflicts are settings", () => {
  it.each(CONFLICTS)("%s", (_what, settings, run, gives) => {
    expect(run(new Talk(settings))).toEqual(gives);
  });
});

describe("C2B and Pull", () => {
  it.each([
    ["a refusal", () => ({ status: 200, body: '{"ResultCode":"C2B00011"}' }), "Completed", 0],
    ["silence, and Completed", () => ({ status: 0, body: "" }), "Completed", 1],
    ["silence, and Cancelled", () => ({ status: 0, body: "" }), "Cancelled", 0],
  ])("a validation with %s", (_what, receiver, ResponseType, charges) => {
    const talk = new Talk({ validation: "on" });
    talk.receiver = receiver;
    talk.register({ ResponseType });
    talk.control("POST", "/control/payments", { msisdn: PHONE, amount: 10 });
    talk.pass(10_000);
    expect(countPayments(talk.state).charges).toBe(charges);
  });

  it("Pull gives the last 48 h, a hundred at a time, and 1001 for none", () => {
    const talk = new Talk();
    const ShortCode = talk.state.settings.shortcode;
    const window = { ShortCode, StartDate: "2026-09-01 00:00:00", EndDate: "2026-12-01 00:00:00" };
    expect(talk.ask("pull", { ...window, OffSetValue: "0" }).status).toBe(401);
    expect(talk.ask("pullRegister", { ShortCode }).json).toMatchObject({ ResponseStatus: "1000" });
    expect(talk.ask("pullRegister", { ShortCode }).json).toMatchObject({ ResponseStatus: "1001" });
    expect(talk.ask("pull", { ...window, OffSetValue: "0" }).json).toMatchObject({
      ResponseCode: "1001",
      Response: [],
    });
    talk.control("POST", "/control/payments", { msisdn: PHONE, amount: 1, reference: "OLD" });
    talk.pass(48 * 3_600_000 + 1);
    talk.takeToken();
    for (let n = 0; n < 101; n++) talk.control("POST", "/control/payments", { msisdn: PHONE, amount: 1 });
    const pages = ["0", "100"].map(
      (OffSetValue) => talk.ask("pull", { ...window, OffSetValue }).json.Response as [unknown[]],
    );
    expect(pages.map(([rows]) => rows.length)).toEqual([100, 1]);
    expect(JSON.stringify(pages)).not.toContain("OLD");
  });
});
