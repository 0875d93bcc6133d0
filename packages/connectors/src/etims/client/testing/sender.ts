import type { Destination, Reply } from "@tillsync/lanes";
import fc from "fast-check";
import { countInvoices } from "../../simulator/counts.ts";
import type { EtimsItem } from "../item.ts";
import { afterLookUp, afterOutcome, bind, type Numbered, type Numbers, numbersAfter } from "../numbering.ts";
import type { EtimsMode } from "../paths.ts";
import { signatureIn } from "../signature.ts";
import { NEVER, Shop } from "./shop.ts";

/** What befalls one call: a fault of the service, the sender dying before it has stored the reply, or no link. */
export const MISHAPS = {
  none: undefined,
  lostAfter: { kind: "drop" },
  lostBefore: { kind: "drop", carriedOut: false },
  page: { kind: "html" },
  nothing: { kind: "empty" },
  half: { kind: "truncated" },
  busy: { kind: "status", carriedOut: false },
  gateway504: { kind: "gateway504" },
  "999 after": { kind: "resultCode" },
  "991 before": { kind: "resultCode", code: "991", carriedOut: false },
  taken: { kind: "numberTaken" },
  killed: undefined,
  noLink: undefined,
} as const;

export type Mishap = keyof typeof MISHAPS;

export const mishaps = fc.array(fc.constantFrom(...(Object.keys(MISHAPS) as Mishap[])), { maxLength: 14 });

/** The rules that a sender goes by; broken variants replace one. */
export interface Rules {
  readonly afterOutcome: typeof afterOutcome;
  readonly afterLookUp: typeof afterLookUp;
  readonly around: (destination: Destination<EtimsItem>) => Destination<EtimsItem>;
}

export const RULES: Rules = { afterOutcome, afterLookUp, around: (destination) => destination };

/** Steps for one invoice: more than any schedule of mishaps needs. */
const MOST_STEPS = 60;

/** The one sender of a unit in its simplest form, and what must hold of what it believes. */
export class Sender {
  readonly shop: Shop;
  readonly #rules: Rules;
  readonly #destination: Destination<EtimsItem>;
  readonly #mishaps: Mishap[];
  #numbers: Numbers = numbersAfter(0);
  /** Where it believed something that is not so. */
  readonly faults: string[] = [];

  constructor(mode: EtimsMode, drawn: readonly Mishap[], rules: Rules = RULES) {
    this.shop = Shop.ready(mode);
    this.#rules = rules;
    this.#mishaps = [...drawn];
    this.#destination = rules.around(this.shop.destination);
  }

  /** Sends so many sales, one after the other, and says what is wrong with the end of it. */
  async run(count: number): Promise<string[]> {
    for (let index = 1; index <= count; index++) await this.#settle(`T01-20260116-${String(index).padStart(5, "0")}`);
    const { duplicates } = countInvoices(this.shop.state);
    if (duplicates > 0) this.faults.push(`${duplicates} sales were declared twice`);
    return this.faults;
  }

  async #settle(receiptNumber: string): Promise<void> {
    const request = this.shop.request({}, receiptNumber);
    let step: Numbered["step"] = { do: "send" };
    for (let left = MOST_STEPS; left > 0; left--) {
      this.#numbers = bind(this.#numbers, receiptNumber);
      const item: EtimsItem = { invcNo: this.#numbers.bound?.invcNo ?? 0, request };
      const numbered: Numbered = await (step.do === "look-up" ? this.#lookUp(item) : this.#send(item));
      ({ numbers: this.#numbers, step } = numbered);
      if (step.do === "next") return;
      if (step.do === "wait-for-person") {
        this.faults.push(`a person is asked about ${receiptNumber}: ${step.code}`);
        this.#numbers = numbersAfter(this.shop.state.invoices.length);
        return;
      }
    }
    this.faults.push(`${receiptNumber} never ends`);
  }

  async #send(item: EtimsItem): Promise<Numbered> {
    const { reply, isKilled } = await this.#struck("sale", () => this.#destination.deliver(item, NEVER));
    // An intent without a reply.
    if (isKilled) return { numbers: this.#numbers, step: { do: "look-up" } };
    const outcome = this.#destination.outcomeOf(item, reply);
    if (outcome.verdict === "parked" && this.#held(item) !== undefined) this.faults.push("KRA has what was parked");
    if (outcome.verdict === "accepted") this.#checkSigned(item, reply);
    return this.#rules.afterOutcome(this.#numbers, outcome);
  }

  async #lookUp(item: EtimsItem): Promise<Numbered> {
    const { reply, isKilled } = await this.#struck("invoice", () => this.#destination.lookUp(item, NEVER));
    if (isKilled) return { numbers: this.#numbers, step: { do: "look-up" } };
    const found = this.#destination.foundOf(item, reply);
    if (found.verdict === "absent" && this.shop.state.invoices.some(({ invcNo }) => invcNo === item.invcNo))
      this.faults.push(`KRA has invoice ${item.invcNo}, which was taken for absent`);
    if (found.verdict === "there") this.#checkSigned(item, reply);
    return this.#rules.afterLookUp(this.#numbers, found);
  }

  async #struck(on: string, call: () => Promise<Reply>): Promise<{ reply: Reply; isKilled: boolean }> {
    const mishap = this.#mishaps.shift() ?? "none";
    const fault = MISHAPS[mishap];
    // Only a sale can find its number taken by another.
    if (fault !== undefined && (fault.kind !== "numberTaken" || on === "sale"))
      this.shop.fault(fault.kind, { ...fault, on });
    this.shop.isLinked = mishap !== "noLink";
    const reply = await call();
    this.shop.state.faults = [];
    return { reply, isKilled: mishap === "killed" };
  }

  #held({ request }: EtimsItem) {
    return this.shop.state.invoices.find(({ trdInvcNo }) => trdInvcNo === request.trdInvcNo);
  }

  #checkSigned(item: EtimsItem, reply: Reply): void {
    const signed = reply.kind === "answer" ? signatureIn(reply.text)?.rcptSign : undefined;
    if (signed === undefined || signed !== this.#held(item)?.rcptSign)
      this.faults.push(`${item.request.trdInvcNo} was not declared, or another's signature was taken for its own`);
  }
}
