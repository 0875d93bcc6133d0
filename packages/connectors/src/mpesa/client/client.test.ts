import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { sendByHttp } from "../../client/http.ts";
import { pushOutcomeOf, queryOutcomeOf } from "../outcomes/outcomes.ts";
import { startMpesaSimulator } from "../simulator/start.ts";
import { Talk } from "../simulator/testing/talk.ts";
import { SHOP_SETTINGS, shopOn, signal } from "../testing/shop.ts";
import { wholeKes } from "./amount.ts";
import { Daraja } from "./daraja.ts";
import { maskedPhone, mayBePhone, normalPhone } from "./phone.ts";
import { pushBody, queryBody } from "./push.ts";
import { readDarajaSettings } from "./settings.ts";

const FACTS = { attemptId: "0".repeat(32), phone: "254711000001", amount: 116, reference: "T0100001" };

it.each(["0711000001", "+254 711 000 001", "254711000001", "711000001", "0711-000-001"])("%s is a number", (typed) => {
  expect(normalPhone(typed)).toBe("254711000001");
});

it.each(["", "0811000001", "07110000011", "0711 00000x", "+1 711 000 001"])(
  "'%s' is refused, and not repeated",
  (typed) => {
    expect(() => normalPhone(typed)).toThrow(/Expected: 07XX/);
  },
);

it("masks numbers, and knows a masked one again", () => {
  expect(maskedPhone("254711000126")).toBe("2547 ***** 126");
  expect(mayBePhone("2547 ***** 126", "254711000126")).toBe(true);
  expect(mayBePhone("2547 ***** 127", "254711000126")).toBe(false);
});

it.each([0, 1.5, -1, 250_001, Number.NaN])("%s is no amount", (amount) => {
  expect(() => wholeKes(amount)).toThrow(/M-Pesa takes/);
});

it.each([
  ["passkey", { passkey: "" }],
  ["till", { kind: "till" }],
  ["callbackBase", { callbackBase: "https://shop.example/mpesa" }],
  ["callbackBase", { environment: "production", callbackBase: "http://shop.example/cb" }],
  ["initiator.name", { initiator: { name: "", securityCredential: "x" } }],
])("a wrong %s is named, and no value is shown", (field, change) => {
  expect(() => readDarajaSettings({ ...SHOP_SETTINGS, ...change })).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID", details: { field } }),
  );
});

it("takes one token for all, renews it early, and once when it was ended by others", async () => {
  const talk = new Talk();
  const asked = () => talk.state.seen.filter(({ operation }) => operation === "token").length - 1;
  const daraja = shopOn(talk);
  const query = () => daraja.call("query", queryBody(daraja.settings, "x", talk.nowMs), signal);
  await Promise.all([query(), query(), query()]);
  expect(asked()).toBe(1);
  talk.takeToken();
  const before = asked();
  expect(pushOutcomeOf(await daraja.call("push", pushBody(daraja.settings, FACTS, talk.nowMs), signal)).verdict).toBe(
    "accepted",
  );
  expect(asked()).toBe(before + 1);
  expect(talk.state.pushes).toHaveLength(1);
  talk.nowMs += 56 * 60_000;
  await query();
  expect(asked()).toBe(before + 2);
});

it("without a token nothing is sent", async () => {
  const talk = new Talk();
  const daraja = shopOn(talk, { consumerSecret: "wrong" });
  const reply = await daraja.call("push", pushBody(daraja.settings, FACTS, talk.nowMs), signal);
  expect(reply).toMatchObject({ kind: "silence", arrived: "no", message: expect.stringContaining("400.008.01") });
  expect(talk.state.pushes).toHaveLength(0);
});

it("over HTTP: a push, a lost reply, a huge one, and nobody there", async () => {
  const simulator = await startMpesaSimulator({ port: 0, seed: 1 });
  onTestFinished(() => simulator.close());
  const timeoutMs = 5_000;
  const clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };
  const daraja = new Daraja({ ...SHOP_SETTINGS, baseUrl: simulator.url, timeoutMs }, sendByHttp, clock);
  const push = (phone: string) =>
    daraja.call("push", pushBody(daraja.settings, { ...FACTS, phone }, Date.now()), signal);
  const fault = (body: object) =>
    sendByHttp(
      { method: "POST", url: `${simulator.url}/control/faults`, headers: {}, body: JSON.stringify(body), timeoutMs },
      signal,
    );

  const accepted = pushOutcomeOf(await push("254708374149"));
  const id = accepted.verdict === "accepted" ? accepted.checkoutRequestId : "";
  const reply = await daraja.call("query", queryBody(daraja.settings, id, Date.now()), signal);
  expect(queryOutcomeOf(reply, id)).toEqual({ verdict: "pending" });
  await fault({ kind: "drop", on: "push" });
  expect(await push("254711000002")).toMatchObject({ kind: "silence", arrived: "perhaps", code: "CUT_OFF" });
  await fault({ kind: "huge", on: "push", bytes: 2_000_000 });
  expect(await push("254711000003")).toMatchObject({ kind: "silence", arrived: "perhaps", code: "TOO_LARGE" });
  expect(simulator.state.pushes).toHaveLength(3);

  const gone = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => gone.once("listening", resolve));
  const { port } = gone.address() as AddressInfo;
  await new Promise((resolve) => gone.close(resolve));
  const nobody = await sendByHttp({ method: "GET", url: `http://127.0.0.1:${port}/`, headers: {}, timeoutMs }, signal);
  expect(nobody).toMatchObject({ kind: "silence", arrived: "no", code: "UNREACHABLE" });
});
