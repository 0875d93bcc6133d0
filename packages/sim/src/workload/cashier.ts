import type { OrderDraft, Recorded, ShiftClosing } from "@tillsync/engine";
import type { ErrorCode } from "@tillsync/protocol";
import type { Faults } from "../faults.ts";
import type { Random } from "../random.ts";
import type { Machine } from "../till/machine.ts";
import { attempt, type Outcome, orderAt } from "./attempt.ts";
import { customerDeed } from "./customers.ts";
import { decide } from "./decide.ts";
import type { Deed, Wish } from "./deed.ts";
import { cashMove, closeDrawer, openDrawer } from "./drawer.ts";
import { basketOf, stockDelta, tendersFor } from "./goods.ts";
import { priced } from "./price-tags.ts";

export interface CashierOptions {
  readonly machine: Machine;
  readonly random: Random;
  readonly faults: Faults;
  readonly currency: string;
  /** Open orders that tills of this store share: tables. */
  readonly tables: readonly string[];
  /** Head office gives items, prices and customers, and cashiers use them. */
  readonly hasModules: boolean;
}

type Action = (this: void) => Deed | null;

/** A person at a till, pressing buttons; now and then the wrong one, and again when the screen went dark. */
export class Cashier {
  readonly #options: CashierOptions;
  readonly #actions: readonly (readonly [Action, number])[];
  #made = 0;
  #intents = 0;
  /** A closing whose end nobody knows. */
  #closing: ShiftClosing | null = null;
  /** Tables of this till alone that were opened and not yet paid. */
  readonly #held: string[] = [];
  /** Deeds whose end nobody knows: the POS asks again once the till is back. */
  #doubtful: Deed[] = [];
  /** Sales that were told, and edits with a name: asked for again, they must not be recorded again. */
  #named: Deed[] = [];
  #done: { readonly draft: OrderDraft; readonly wish: Wish }[] = [];

  constructor(options: CashierOptions) {
    this.#options = options;
    this.#actions = [
      [() => this.#sale(), 40],
      [() => this.#return(), 5],
      [() => this.#bundle(), 6],
      [() => this.#hold(), 10],
      [() => this.#pay(), 7],
      [() => this.#end("order.voided"), 2],
      [() => this.#end("order.deleted"), 2],
      [() => this.#transaction(), 6],
      [() => this.#cash(), 4],
      [() => this.#inventory(), 8],
      [() => this.#repeat(), 5],
      [() => this.#reuse(), 3],
      [() => this.#closeShift(), 3],
      [() => this.#decide(), 3],
      ...(options.hasModules ? [[() => this.#customer(), 10] as const] : []),
    ];
  }

  get machine(): Machine {
    return this.#options.machine;
  }

  /** Somebody else at a copy of this till, who serves the same tables. */
  at(machine: Machine, random: Random): Cashier {
    return new Cashier({ ...this.#options, machine, random });
  }

  /** One thing that a cashier does. */
  act(): void {
    const { faults, machine, random } = this.#options;
    if (machine.terminal === null) return;
    if (this.#doubtful.length > 0 && random.chance(0.5)) {
      this.#askAgain();
      return;
    }
    if (machine.terminal.shift() === null && random.chance(0.8)) {
      this.#do(this.#openShift());
      return;
    }
    if (random.chance(faults.poison)) this.#do(this.#poison());
    else if (random.chance(faults.sharedOrder)) this.#do(this.#shared());
    else this.#do(random.weighted(this.#actions)());
  }

  /** Shuts the shop: a closing whose answer was lost comes first. */
  closeUp(): void {
    for (let times = 0; times < 2 && this.machine.terminal?.shift() != null; times++) this.#closeShift();
  }

  /** The customer may have left; otherwise the same document is asked for again, under the same id. */
  #askAgain(): void {
    const [deed, ...rest] = this.#doubtful;
    this.#doubtful = rest;
    if (deed === undefined || this.#options.random.chance(0.15)) return;
    this.#options.machine.options.chronicle.hit("pos.asks-again");
    this.#do(deed);
  }

  #do(deed: Deed | null): void {
    if (deed === null) return;
    const { machine, random } = this.#options;
    const { ledger } = machine;
    ledger.try(deed.wishes);
    const outcome = attempt(machine, deed.act, deed.expected);
    if (outcome.kind === "unknown") this.#doubtful.push(deed);
    else if (outcome.kind === "told") this.#told(deed, outcome.recorded);
    else if (outcome.code === "NOT_SOLD" && deed.again && random.chance(0.7)) this.#do(deed.again());
  }

  #told(deed: Deed, recorded: readonly Recorded[]): void {
    const { chronicle } = this.#options.machine.options;
    const { ledger, name } = this.#options.machine;
    const group = ledger.nextGroup();
    const [first] = deed.wishes;
    if (deed.draft && first) this.#done = [...this.#done.slice(-20), { draft: deed.draft, wish: first }];
    for (const [index, one] of recorded.entries()) {
      const wish = deed.wishes[index];
      // Orders and customers are edited often; only what ends or makes a document is told once.
      const before = one.duplicate && !one.kind.endsWith(".edited") ? ledger.find(one.kind, one.localId) : undefined;
      chronicle.note(
        "told",
        name,
        one.kind,
        one.localId,
        one.seq,
        one.hash,
        one.receiptNumber ?? "",
        one.totalMinor ?? "",
      );
      if (wish === undefined || one.localId !== wish.localId)
        chronicle.violate("I8", `${name} recorded ${one.localId} when asked for ${wish?.localId}`);
      // A database that was put back did not know of it, and may have recorded it anew.
      const isSure = before !== undefined && this.#options.machine.suspect === null;
      if (isSure && (before.hash !== one.hash || before.receiptNumber !== (one.receiptNumber ?? null))) {
        chronicle.violate("I8", `${name} answers ${one.localId} with another recording than before`);
      }
      if (wish && wish.amountMinor !== null && wish.amountMinor !== one.totalMinor) {
        chronicle.violate("I21", `${name} sold ${one.localId} for ${one.totalMinor}, it costs ${wish.amountMinor}`);
      }
      const { kind, localId, incarnation, seq, hash, receiptNumber = null } = one;
      const { amountMinor = null, currency = null, intent = 0 } = wish ?? {};
      ledger.tell({ kind, localId, incarnation, seq, hash, receiptNumber, amountMinor, currency, group, intent });
    }
  }

  // ---- What a cashier can want -------------------------------------------------------------------------------------

  #newId(what: string): string {
    return `${this.#options.machine.name}-${what}${++this.#made}`;
  }

  #sale(documentType: "sale" | "return" = "sale", intent = ++this.#intents): Deed {
    const { currency, machine, random } = this.#options;
    const typed = basketOf(random, currency, { sign: documentType === "sale" ? 1 : -1 });
    const { lines, amountMinor } = this.#options.hasModules ? priced(machine, random, typed) : typed;
    const extras = {
      ...(random.chance(0.2) ? { customerId: `C${random.below(50)}`, loyaltyPoints: random.between(-5, 20) } : {}),
      ...(random.chance(0.1) ? { private: { name: "Amina O.", phone: "+254700000000" } } : {}),
      ...(random.chance(0.1) ? { orderNumber: String(random.below(1000)) } : {}),
    };
    const make = (): Deed => {
      const localId = this.#newId("o");
      const draft: OrderDraft = {
        localId,
        documentType,
        lines,
        tenders: tendersFor(random, amountMinor),
        operator: "Amina",
        ...extras,
      };
      const wish: Wish = { kind: "order.closed", localId, amountMinor, currency, intent };
      return { wishes: [wish], act: (tx) => [tx.closeOrder(draft)], expected: ["SHIFT_NOT_OPEN"], again: make, draft };
    };
    return make();
  }

  #return(): Deed {
    return this.#sale("return");
  }

  /** A sale, a payment out and a stock movement in one transaction: all of it or nothing. */
  #bundle(): Deed {
    const parts = [this.#sale(), this.#transaction(), this.#inventory()];
    return {
      wishes: parts.flatMap((part) => part.wishes),
      act: (tx) => parts.flatMap((part) => part.act(tx)),
      expected: ["SHIFT_NOT_OPEN"],
    };
  }

  #edit(localId: string): Deed {
    const { currency, random } = this.#options;
    const { lines } = basketOf(random, currency, { idPrefix: `${this.#newId("l")}.` });
    const note = random.chance(0.3) ? { notes: [{ text: "no sugar" }] } : {};
    const named = random.chance(0.5) ? { editId: this.#newId("e") } : {};
    const wish: Wish = { kind: "order.edited", localId, amountMinor: null, currency, intent: 0 };
    const deed: Deed = {
      wishes: [wish],
      act: (tx) => [tx.editOrder({ localId, add: lines, ...note, ...named })],
      expected: ["SHIFT_NOT_OPEN", "ORDER_NOT_OPEN"],
    };
    if (named.editId !== undefined) this.#named = [...this.#named.slice(-20), deed];
    return deed;
  }

  #hold(): Deed {
    const { random } = this.#options;
    if (this.#held.length === 0 || random.chance(0.4)) this.#held.push(this.#newId("t"));
    return this.#edit(random.pick(this.#held));
  }

  #pay(localId = this.#take()): Deed | null {
    const { currency, machine, random } = this.#options;
    const order = localId === undefined ? undefined : orderAt(machine, localId);
    if (localId === undefined || order === undefined) return null;
    const tenders = tendersFor(random, order.totalMinor);
    const wish: Wish = {
      kind: "order.closed",
      localId,
      amountMinor: order.totalMinor,
      currency,
      intent: ++this.#intents,
    };
    return { wishes: [wish], act: (tx) => [tx.payOrder({ localId, tenders })], expected: OPEN_ORDER_REFUSALS };
  }

  #end(kind: "order.voided" | "order.deleted"): Deed | null {
    const localId = this.#take();
    if (localId === undefined || orderAt(this.#options.machine, localId) === undefined) return null;
    const end = { localId, reason: "changed their mind" };
    const wish: Wish = { kind, localId, amountMinor: null, currency: null, intent: 0 };
    const act: Deed["act"] = (tx) => [kind === "order.voided" ? tx.voidOrder(end) : tx.deleteOrder(end)];
    return { wishes: [wish], act, expected: OPEN_ORDER_REFUSALS };
  }

  #take(): string | undefined {
    return this.#held.splice(this.#options.random.below(this.#held.length), 1)[0];
  }

  /** A table that the other tills of the store serve too; each knows only of its own part until the centre merges them. */
  #shared(): Deed | null {
    const { random, tables } = this.#options;
    const table = random.pick(tables);
    const way = random.float();
    if (way < 0.7) return this.#edit(table);
    if (way < 0.9) return this.#pay(table);
    const { currency } = this.#options;
    const { lines, amountMinor } = basketOf(random, currency);
    const draft: OrderDraft = { localId: table, lines, tenders: tendersFor(random, amountMinor) };
    const wish: Wish = { kind: "order.closed", localId: table, amountMinor, currency, intent: ++this.#intents };
    return {
      wishes: [wish],
      act: (tx) => [tx.closeOrder(draft)],
      expected: ["SHIFT_NOT_OPEN", "LOCAL_ID_TAKEN", "ORDER_NOT_OPEN"],
    };
  }

  #transaction(type = this.#options.random.pick(["payin", "payout", "expense", "deposit"])): Deed {
    const { currency, random } = this.#options;
    const amountMinor = random.between(-50_000, 50_000);
    const localId = this.#newId("x");
    const stock = random.chance(0.3) ? { item: "bread", stockDelta: stockDelta(random) } : {};
    const wish: Wish = { kind: "transaction.recorded", localId, amountMinor, currency, intent: ++this.#intents };
    const act: Deed["act"] = (tx) => [tx.recordTransaction({ localId, type, amountMinor, tender: "cash", ...stock })];
    return { wishes: [wish], act, expected: ["SHIFT_NOT_OPEN"] };
  }

  #inventory(): Deed {
    const { random } = this.#options;
    const localId = this.#newId("i");
    const delta = stockDelta(random);
    const wish: Wish = { kind: "inventory.updated", localId, amountMinor: null, currency: null, intent: 0 };
    return {
      wishes: [wish],
      act: (tx) => [tx.recordInventory({ localId, item: "bread", delta, type: "count" })],
      expected: [],
    };
  }

  /** The POS was restarted and does not know that it has sold this already. */
  #repeat(): Deed | null {
    const { machine, random } = this.#options;
    if (this.#named.length > 0 && random.chance(0.3)) return random.pick(this.#named);
    if (this.#done.length === 0) return null;
    const { draft, wish } = random.pick(this.#done);
    machine.options.chronicle.hit("pos.repeats-local-id");
    return { wishes: [wish], act: (tx) => [tx.closeOrder(draft)], expected: ["SHIFT_NOT_OPEN"] };
  }

  /** Another purchase under an id that is taken: never a duplicate (Odoo dropped such sales). */
  #reuse(): Deed | null {
    const { currency, machine, random } = this.#options;
    if (this.#done.length === 0) return null;
    const { draft, wish } = random.pick(this.#done);
    if (machine.ledger.find("order.closed", wish.localId) === undefined) return null; // lost with a database that was put back
    const { lines, amountMinor } = basketOf(random, currency);
    const other: OrderDraft = {
      ...draft,
      lines,
      tenders: tendersFor(random, amountMinor),
      reference: this.#newId("other"),
    };
    machine.options.chronicle.hit("pos.reuses-local-id");
    const outcome: Outcome = attempt(machine, (tx) => [tx.closeOrder(other)], ["LOCAL_ID_TAKEN"]);
    if (outcome.kind === "told")
      machine.options.chronicle.violate("I8", `${machine.name} sold two things as ${wish.localId}`);
    return null;
  }

  /** Allowed by every schema, and too much for the centre's database: a NUL in a text that it keeps in a column. */
  #poison(): Deed {
    const { machine, random } = this.#options;
    const { ledger } = machine;
    machine.options.chronicle.hit("pos.poison");
    const way = random.below(3);
    if (way === 0) return this.#poisoned(this.#transaction("pay\0in"));
    if (way === 1) {
      const localId = this.#newId("t");
      ledger.poisoned.add(localId);
      this.#held.push(localId);
      const wish: Wish = { kind: "order.edited", localId, amountMinor: null, currency: null, intent: 0 };
      return {
        wishes: [wish],
        act: (tx) => [tx.editOrder({ localId, notes: [{ text: "no\0sugar" }] })],
        expected: ["SHIFT_NOT_OPEN", "ORDER_NOT_OPEN"],
      };
    }
    const { currency } = this.#options;
    const { lines, amountMinor } = basketOf(random, currency);
    const localId = this.#newId("o");
    const draft: OrderDraft = { localId, lines, tenders: tendersFor(random, amountMinor), reference: "a\0b" };
    const wish: Wish = { kind: "order.closed", localId, amountMinor, currency, intent: ++this.#intents };
    return this.#poisoned({ wishes: [wish], act: (tx) => [tx.closeOrder(draft)], expected: ["SHIFT_NOT_OPEN"] });
  }

  #poisoned(deed: Deed): Deed {
    for (const { localId } of deed.wishes) this.#options.machine.ledger.poisoned.add(localId);
    return deed;
  }

  /** Change lent, milk paid, a pick-up to the safe. */
  #cash(): Deed {
    const { currency, random } = this.#options;
    const localId = this.#newId("c");
    const move = cashMove(random, localId);
    const amountMinor = move.direction === "in" ? move.amountMinor : -move.amountMinor;
    const wish: Wish = { kind: "transaction.recorded", localId, amountMinor, currency, intent: ++this.#intents };
    return { wishes: [wish], act: (tx) => [tx.recordCash(move)], expected: ["SHIFT_NOT_OPEN"] };
  }

  #customer(): Deed | null {
    const { machine, random } = this.#options;
    return customerDeed(machine, random, this.#newId("e"));
  }

  #openShift(): null {
    const { machine, random } = this.#options;
    openDrawer(machine, random, this.#newId("s"));
    return null;
  }

  #decide(): null {
    decide(this.#options.machine, this.#options.random);
    return null;
  }

  /** One whose answer was lost is asked for again before anything else is closed. */
  #closeShift(): null {
    const { machine, random } = this.#options;
    this.#closing = closeDrawer(machine, random, this.#closing);
    return null;
  }
}

/** `TOTALS_MISMATCH`: the order grew while nobody knew whether it was paid. */
const OPEN_ORDER_REFUSALS: readonly ErrorCode[] = [
  "SHIFT_NOT_OPEN",
  "ORDER_NOT_OPEN",
  "LOCAL_ID_TAKEN",
  "TOTALS_MISMATCH",
];
