import { SyncError } from "@tillsync/protocol";
import { z } from "zod";
import { plainControl, routesOf } from "../../simulator/control.ts";
import type { ControlRoute } from "../../simulator/machine.ts";
import { payByHand } from "./c2b.ts";
import { countPayments, doubleCharges } from "./counts.ts";
import { MPESA_FAULTS } from "./faults.ts";
import { callbackBody, endPush } from "./pushes.ts";
import { PUSH_RESULTS, type PushResult } from "./result-codes.ts";
import { mpesaSettings } from "./settings.ts";
import { HABITS, type MpesaState, type Push, phoneOf, post } from "./state.ts";

const msisdn = z.string().regex(/^254[17]\d{8}$/, "a phone number as 2547XXXXXXXX");
const phone = z.strictObject({
  msisdn,
  balanceCents: z.int().min(0).max(1e12).optional(),
  habit: z.enum(HABITS).optional(),
});
/** What a person does with a prompt, and what it comes to. */
const ANSWERS = { approve: "0", cancel: "1032", wrongPin: "2001", noMoney: "1" } as const;
const answer = z.strictObject({ answer: z.enum(Object.keys(ANSWERS) as [keyof typeof ANSWERS]) });
const results = z.strictObject({ results: z.array(z.enum(Object.keys(PUSH_RESULTS) as [PushResult])).max(1000) });
const payment = z.strictObject({
  msisdn,
  amount: z.int().min(1).max(250_000),
  reference: z.string().max(20).default(""),
  goods: z.boolean().default(false),
});
const forged = z.strictObject({
  checkoutRequestId: z.string().max(100),
  url: z.url().optional(),
  amount: z.int().min(1).max(250_000).optional(),
});

const route = routesOf<MpesaState>();

export const mpesaControl: readonly ControlRoute<MpesaState>[] = [
  ...plainControl<MpesaState>({ kinds: MPESA_FAULTS, settings: mpesaSettings, counts: countPayments }),
  route({ method: "GET", path: "/control/phones", says: "Phones with their wallets.", run: (state) => state.phones }),
  route({
    method: "POST",
    path: "/control/phones",
    says: "Sets balanceCents and habit of the phone msisdn: what it does with a prompt by itself.",
    body: phone,
    run: (state, { body }) => {
      const { msisdn: number, ...changes } = body as z.infer<typeof phone>;
      return Object.assign(phoneOf(state, number), changes);
    },
  }),
  route({
    method: "GET",
    path: "/control/pushes",
    says: "Pushes, newest first.",
    run: (state) => state.pushes.toReversed(),
  }),
  route({
    method: "POST",
    path: "/control/pushes/:id/answer",
    says: "A person answers the prompt of a push: approve, cancel, wrongPin or noMoney.",
    body: answer,
    run: (state, { body, id }, nowMs) => {
      const push = pushWith(state, id);
      if (push.result !== null) throw new SyncError("INVALID_INPUT", "This push has ended.", { field: "id" });
      endPush(state, push, ANSWERS[(body as z.infer<typeof answer>).answer], nowMs);
      return push;
    },
  }),
  route({
    method: "POST",
    path: "/control/results",
    says: "What the next pushes come to, one after the other, whatever the phone does.",
    body: results,
    run: (state, { body }) => {
      state.nextResults.push(...(body as z.infer<typeof results>).results);
      return state.nextResults;
    },
  }),
  route({
    method: "GET",
    path: "/control/charges",
    says: "The ledger: what each phone was charged, and which of it is a double charge.",
    run: (state) => ({ charges: state.charges.toReversed(), doubleCharges: doubleCharges(state.charges) }),
  }),
  route({
    method: "POST",
    path: "/control/payments",
    says: "A customer pays by hand: msisdn, amount, reference, goods (to the till).",
    body: payment,
    run: (state, { body }, nowMs) => payByHand(state, body as z.infer<typeof payment>, nowMs) ?? { waits: true },
  }),
  route({
    method: "POST",
    path: "/control/forged-callbacks",
    says: "Somebody else says that checkoutRequestId was paid; to `url`, or to where its callback goes.",
    body: forged,
    run: (state, { body }, nowMs) => forge(state, body as z.infer<typeof forged>, nowMs),
  }),
  route({
    method: "GET",
    path: "/control/deliveries",
    says: "Callbacks that went out.",
    run: (state) => state.delivered,
  }),
  route({
    method: "POST",
    path: "/control/expired-tokens",
    says: "Ends all tokens.",
    run: (state) => {
      state.token = [];
      return { tokens: 0 };
    },
  }),
];

function pushWith(state: MpesaState, id: string): Push {
  const push = state.pushes.find(({ checkoutRequestId }) => checkoutRequestId === id);
  if (push === undefined) throw new SyncError("NOT_FOUND", `There is no push ${id}.`);
  return push;
}

/** A callback that looks right and moves no money. */
function forge(state: MpesaState, { checkoutRequestId, url, amount }: z.infer<typeof forged>, nowMs: number): object {
  const known = state.pushes.find((one) => one.checkoutRequestId === checkoutRequestId);
  const target = url ?? known?.callbackUrl;
  if (target === undefined)
    throw new SyncError("INVALID_INPUT", "Nobody knows where to send it: name a url.", { field: "url" });
  const push = {
    ...(known ?? { merchantRequestId: "29115-34620561-1", msisdn: "254708374149", amount: 1 }),
    checkoutRequestId,
    result: "0",
    receipt: "FORGED0001",
  } as Push;
  return post(state, "forged", target, callbackBody(state, push, amount ?? push.amount, nowMs), nowMs);
}
