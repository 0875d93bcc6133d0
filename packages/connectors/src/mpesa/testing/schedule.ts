import { pullBody, readPull } from "../client/pull.ts";
import { pushBody, queryBody } from "../client/push.ts";
import { answered, begin, called, declaredNotPaid, lost, PROMPT_OVER_MS, replied, submit } from "../payment/moves.ts";
import { isOpen, newPayment, type Payment, paidKes, standingOf } from "../payment/payment.ts";
import { pulled } from "../payment/pulled.ts";
import { type Step, stepOf } from "../payment/step.ts";
import { countPayments } from "../simulator/counts.ts";
import type { Habit } from "../simulator/state.ts";
import { Talk } from "../simulator/testing/talk.ts";
import { codeDestination } from "../verification/destination.ts";
import { settled, typedIn } from "../verification/typed-code.ts";
import { Dice, shopOn, signal } from "./shop.ts";

/** What a schedule plays with; a broken variant puts something else in one place. */
export const RULES = {
  submit,
  replied,
  answered,
  called,
  typedIn,
  paidKes,
  /** Whether a push is sent again by the machine when its reply was lost, and when the link is back. */
  resends: false,
  queues: false,
};
export type Rules = typeof RULES;

export const CRASHES = ["created", "submitting", "called"] as const;
const REPLIES = [
  "none",
  "drop",
  "dropBefore",
  "hang",
  "status",
  "html",
  "truncated",
  "empty",
  "internal",
  "locked",
  "busy",
];
const CALLBACKS = ["none", "callbackNever", "callbackTwice", "callbackEarly", "callbackLate", "callbackAmount"];
const HABITS: readonly Habit[] = ["approve", "approve", "cancel", "wrongPin", "ignore", "off"];
const AMOUNT = 116;
const LONGEST_MS = 12 * 3_600_000;

/** One shop with three sales, a bad line, and cashiers who tell the truth but for one who types another sale's code. */
export class Schedule {
  readonly talk: Talk;
  readonly dice: Dice;
  readonly #rules: Rules;
  readonly #daraja;
  readonly payments = new Map<string, Payment>();
  /** What the cashiers asked for: no push may be beyond it. */
  wanted = 0;
  /** How often a cashier asks again what was not paid. */
  #retries = 2;
  readonly #codes = new Set<string>();

  constructor(seed: number, rules: Rules) {
    this.dice = new Dice(seed);
    this.#rules = rules;
    const { dice } = this;
    this.talk = new Talk(
      { queryNoAnswer: dice.one([0, 0.2, 0.5]), twoMinuteRule: "off", balance: dice.one(["absent", "no-value"]) },
      seed,
    );
    this.talk.state.pullRegistered = dice.chance(0.5);
    this.#daraja = shopOn(this.talk, { pull: this.talk.state.pullRegistered ? "on" : "off" });
    this.talk.receiver = ({ url, kind, body }) => {
      if (kind === "stkCallback" || kind === "forged") this.#hear(url, body);
      return { status: 200, body: "" };
    };
  }

  async play(): Promise<string[]> {
    const { dice, talk } = this;
    for (const number of [1, 2, 3]) {
      const phone = `25471100000${number}`;
      talk.control("POST", "/control/phones", { msisdn: phone, habit: dice.one(HABITS) });
      this.payments.set(
        `S${number}`,
        newPayment({ saleId: `S${number}`, reference: `T0100${number}`, amount: AMOUNT, phone }),
      );
      if (dice.chance(0.2)) await this.#offline(`S${number}`);
      else await this.#ask(`S${number}`);
      if (dice.chance(0.3)) this.#forge();
      talk.pass(Math.floor(dice.roll() * 90_000));
    }
    const untilMs = talk.nowMs + LONGEST_MS;
    while (talk.nowMs < untilMs && (await this.#settleSome()));
    return this.#violations();
  }

  #put(payment: Payment): void {
    this.payments.set(payment.saleId, payment);
  }

  #of(saleId: string): Payment {
    return this.payments.get(saleId) as Payment;
  }

  #begin(saleId: string): string {
    const attemptId = this.dice.hex();
    this.#put(begin(this.#of(saleId), { attemptId, by: "cashier" }, this.talk.nowMs));
    this.wanted++;
    return attemptId;
  }

  async #ask(saleId: string): Promise<void> {
    const { dice, talk } = this;
    const id = this.#begin(saleId);
    const crash = dice.chance(0.3) ? dice.one(CRASHES) : null;
    if (crash === "created") return;
    this.#put(this.#rules.submit(this.#of(saleId), id, talk.nowMs));
    if (crash === "submitting") return;
    this.#order();
    await this.#push(saleId, id, crash !== "called");
  }

  async #push(saleId: string, id: string, isHeard: boolean): Promise<void> {
    const { talk } = this;
    const { phone, amount, reference } = this.#of(saleId);
    const body = pushBody(this.#daraja.settings, { attemptId: id, phone, amount, reference }, talk.nowMs);
    const reply = await this.#daraja.call("push", body, signal);
    if (isHeard) this.#put(this.#rules.replied(this.#of(saleId), id, reply, talk.nowMs));
    talk.state.faults = [];
    if (!this.#rules.resends || reply.kind !== "silence") return;
    talk.pass(70_000);
    const again = {
      ...body,
      ...pushBody(this.#daraja.settings, { attemptId: id, phone, amount, reference }, talk.nowMs),
    };
    this.#put(this.#rules.replied(this.#of(saleId), id, await this.#daraja.call("push", again, signal), talk.nowMs));
  }

  #order(): void {
    const { dice, talk } = this;
    const order = (fault: object) => talk.control("POST", "/control/faults", { on: "push", ...fault });
    const [reply, callback] = [dice.one(REPLIES), dice.one(CALLBACKS)];
    if (callback !== "none" && dice.chance(0.6)) order({ kind: callback });
    else if (reply === "dropBefore") order({ kind: "drop", carriedOut: false });
    else if (reply === "internal") order({ kind: "error", code: "internal", carriedOut: dice.chance(0.5) });
    else if (reply === "locked" || reply === "busy") order({ kind: "error", code: reply, carriedOut: false });
    else if (reply !== "none") order({ kind: reply });
  }

  /** The link is down: the customer pays by hand, and the cashier types the code. */
  async #offline(saleId: string): Promise<void> {
    const { talk, dice } = this;
    const id = this.#begin(saleId);
    talk.pass(200_000);
    const { phone, reference } = this.#of(saleId);
    talk.control("POST", "/control/payments", { msisdn: phone, amount: AMOUNT, reference });
    const { queues } = this.#rules;
    this.#put(submit(this.#of(saleId), id, talk.nowMs - (queues ? 200_000 : 0)));
    if (queues) await this.#push(saleId, id, true);
    const stolen = talk.state.charges.find((one) => one.reference !== reference)?.receipt;
    const own = talk.state.charges.findLast((one) => one.reference === reference)?.receipt ?? "UJ20000000";
    this.#type(saleId, stolen !== undefined && dice.chance(0.3) ? stolen : own);
  }

  #type(saleId: string, code: string): void {
    const isTaken = (one: string) =>
      this.#codes.has(one) ||
      this.#others(saleId).some(({ attempts }) => attempts.some(({ receipt }) => receipt === one));
    this.#put(this.#rules.typedIn(this.#of(saleId), { code, by: "cashier" }, this.talk.nowMs, isTaken));
    this.#codes.add(code);
  }

  #others(saleId: string): Payment[] {
    return [...this.payments.values()].filter((one) => one.saleId !== saleId);
  }

  #hear(url: string, raw: string): void {
    const id = url.split("/").at(-1) ?? "";
    const payment = [...this.payments.values()].find(({ attempts }) => attempts.some((one) => one.id === id));
    if (payment === undefined) return;
    const isTaken = (one: string) =>
      this.#others(payment.saleId).some(({ attempts }) =>
        attempts.some(({ checkoutRequestId }) => checkoutRequestId === one),
      );
    this.#put(this.#rules.called(payment, id, raw, this.talk.nowMs, isTaken));
  }

  #forge(): void {
    const push = this.talk.state.pushes.at(-1);
    if (push === undefined) return;
    this.talk.control("POST", "/control/forged-callbacks", {
      checkoutRequestId: push.checkoutRequestId,
      amount: AMOUNT,
    });
    this.talk.pass(0);
  }

  /** Does what is due first, and what people do. False when nothing is left. */
  async #settleSome(): Promise<boolean> {
    const { talk } = this;
    const can = { pull: talk.state.pullRegistered };
    const due = [...this.payments.values()].map((payment) => ({ payment, ...stepOf(payment, talk.nowMs, can) }));
    for (const { payment, concern } of due)
      if ((concern?.code === "UNKNOWN" || concern?.code === "NO_ANSWER") && this.#decide(payment.saleId)) return true;
    const [next] = due
      .filter(({ step }) => step !== null)
      .toSorted((a, b) => (a.step?.atMs ?? 0) - (b.step?.atMs ?? 0));
    if (next?.step) {
      talk.pass(Math.max(0, next.step.atMs - talk.nowMs));
      await this.#take(next.payment.saleId, next.step);
      return true;
    }
    const failed = this.#retries > 0 ? due.find(({ payment }) => standingOf(payment) === "not_paid") : undefined;
    if (failed !== undefined) {
      this.#retries--;
      talk.pass(180_000);
      await this.#ask(failed.payment.saleId);
      return true;
    }
    if (due.some(({ concern }) => concern === null) && talk.state.outbox.length > 0) {
      talk.pass(700_000);
      return true;
    }
    return false;
  }

  /** A person looks at the customer's phone, when no payment can come of it any more. */
  #decide(saleId: string): boolean {
    const { talk } = this;
    const payment = this.#of(saleId);
    const open = payment.attempts.find((one) => isOpen(one) || one.isDoubted);
    if (open === undefined || payment.typed !== null) return false;
    talk.pass(Math.max(0, (open.submittedAtMs ?? 0) + PROMPT_OVER_MS - talk.nowMs));
    const charge = talk.state.charges.find(({ reference }) => reference === payment.reference);
    if (charge !== undefined) this.#type(saleId, charge.receipt);
    else
      this.#put(declaredNotPaid(this.#of(saleId), open.id, { by: "boss", why: "no message on the phone" }, talk.nowMs));
    return true;
  }

  async #take(saleId: string, step: Step): Promise<void> {
    const { talk } = this;
    const payment = this.#of(saleId);
    const { settings } = this.#daraja;
    if (step.kind === "lapse") this.#put(submit(payment, step.attemptId, talk.nowMs));
    if (step.kind === "give_up_reply") this.#put(lost(payment, step.attemptId));
    if (step.kind === "verify") await this.#verify(payment);
    if (step.kind === "query") {
      const { checkoutRequestId } = step;
      const reply = await this.#daraja.call("query", queryBody(settings, checkoutRequestId, talk.nowMs), signal);
      this.#put(this.#rules.answered(this.#of(saleId), step.attemptId, { checkoutRequestId, reply }, talk.nowMs));
    }
    if (step.kind !== "pull") return;
    const window = { fromMs: step.fromMs, toMs: step.toMs, offset: 0 };
    const reply = await this.#daraja.call("pull", pullBody(settings, window), signal);
    const shown = reply.kind === "answer" ? readPull(reply.text) : [];
    this.#put(pulled(this.#of(saleId), step.attemptId, shown, talk.nowMs, (one) => this.#codes.has(one)));
  }

  async #verify({ saleId, typed }: Payment): Promise<void> {
    if (typed === null) return;
    const { talk } = this;
    const results = talk.received.filter(
      ({ delivery }) =>
        delivery.kind === "statusResult" && delivery.url.endsWith(`/${"0".repeat(31)}${saleId.slice(1)}`),
    );
    const raw = results.at(-1)?.delivery.body;
    const arrived = {
      statusResult: async () => (raw === undefined ? undefined : { raw, atMs: talk.nowMs }),
      confirmation: async () => undefined,
    };
    const destination = codeDestination(this.#daraja, arrived);
    const item = {
      saleId,
      code: typed.code,
      amount: AMOUNT,
      typedAtMs: typed.atMs,
      askId: `${"0".repeat(31)}${saleId.slice(1)}`,
    };
    const outcome = destination.outcomeOf(item, await destination.deliver(item, signal));
    if (outcome.verdict === "accepted") this.#put(settled(this.#of(saleId), typed.code, "verified", "Paid."));
    if (outcome.verdict === "parked") this.#put(settled(this.#of(saleId), typed.code, "mismatch", outcome.message));
    talk.pass(60_000);
  }

  #violations(): string[] {
    const { state } = this.talk;
    const wrong: string[] = [];
    if (countPayments(state).doubleCharges > 0) wrong.push("a customer was charged twice");
    if (state.seen.filter((one) => one.operation === "push").length > this.wanted)
      wrong.push("a push that nobody asked for");
    const codes: string[] = [];
    for (const payment of this.payments.values()) {
      const charged = state.charges.filter(({ reference }) => reference === payment.reference).length * AMOUNT;
      const standing = standingOf(payment);
      const { concern } = stepOf(payment, this.talk.nowMs, { pull: state.pullRegistered });
      const isPaid = standing === "paid" || standing === "verified";
      if (!isPaid && standing !== "not_paid" && concern === null) wrong.push(`${payment.saleId} ends as ${standing}`);
      if (isPaid && charged === 0 && concern === null) wrong.push(`${payment.saleId} is paid and nobody was charged`);
      if (standing === "not_paid" && charged > 0 && payment.typed === null)
        wrong.push(`${payment.saleId} was charged and is not paid`);
      if (this.#rules.paidKes(payment) > charged) wrong.push(`${payment.saleId} counts more than was charged`);
      if (payment.typed?.state === "verified") codes.push(payment.typed.code);
    }
    if (new Set(codes).size < codes.length) wrong.push("one code for two sales");
    return wrong;
  }
}
