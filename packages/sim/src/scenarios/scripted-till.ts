import type {
  OrderDraft,
  Recorded,
  Shift,
  ShiftSettlement,
  Terminal,
  TerminalStatus,
  TerminalTransaction,
} from "@tillsync/engine";
import type { Link, LinkState } from "../net/network.ts";
import { type Entry, viewOf } from "../oracle/till-view.ts";
import { flipped } from "../till/disk.ts";
import type { Machine } from "../till/machine.ts";
import { attempt } from "../workload/attempt.ts";
import type { Attempt } from "./attempts.ts";

/** What every sale of a script costs: two loaves of bread. */
export const SALE_MINOR = 12_000;
const LINES: OrderDraft["lines"] = [{ item: "bread", quantity: "2", unitPrice: "60.00" }];
const TENDERS: OrderDraft["tenders"] = [{ type: "cash", amountMinor: SALE_MINOR }];

/** A till in the hands of a script: its buttons, its process, its plug and its cable. */
export class ScriptedTill {
  readonly machine: Machine;
  /** Every exchange that it began, oldest first. */
  readonly attempts: readonly Attempt[];
  readonly #link: Link;
  readonly #shifts: string[] = [];
  #made = 0;
  #intents = 0;

  constructor(machine: Machine, link: Link, attempts: readonly Attempt[]) {
    this.machine = machine;
    this.#link = link;
    this.attempts = attempts;
  }

  // ---- Buttons -----------------------------------------------------------------------------------------------------

  openShift(operator: string): Shift {
    const shift = this.terminal.openShift({ operator });
    this.#shifts.push(shift.localId);
    return shift;
  }

  closeShift(): Shift {
    return this.terminal.closeShift({});
  }

  /** So many sales, one after the other. @returns what the till told of each */
  sell(count = 1, over: Partial<OrderDraft> = {}): Recorded[] {
    return Array.from({ length: count }, () => {
      const draft: OrderDraft = { localId: this.#newId("o"), lines: LINES, tenders: TENDERS, ...over };
      return this.#record(draft.localId, draft.tenders, (tx) => tx.closeOrder(draft));
    });
  }

  /** A sale that every schema allows and the centre's database cannot take: its text has a NUL in it. */
  sellPoison(): Recorded {
    const localId = this.#newId("o");
    this.machine.ledger.poisoned.add(localId);
    return this.sell(1, { localId, reference: "a\0b" })[0] as Recorded;
  }

  /** Leaves an order open: a table that pays later. @returns its id */
  hold(): string {
    const localId = this.#newId("t");
    this.terminal.editOrder({ localId, add: LINES });
    return localId;
  }

  pay(localId: string): Recorded {
    return this.#record(localId, TENDERS, (tx) => tx.payOrder({ localId, tenders: TENDERS }));
  }

  // ---- Process and plug --------------------------------------------------------------------------------------------

  start(): void {
    this.machine.boot();
  }

  /** kill -9. */
  kill(): void {
    this.machine.crash(false);
  }

  pullPlug(): void {
    this.machine.crash(true);
  }

  /** Somebody closes the application. */
  stop(graceMs = 5000): Promise<void> {
    return this.machine.stop(graceMs);
  }

  /** A byte of a stored body changes on its disk. */
  rot(seq: number): void {
    const entry = this.journal.find((each) => each.seq === seq);
    if (entry === undefined) throw new Error(`${this.machine.name} has no change ${seq}`);
    this.machine.disk.prepare("UPDATE journal SET body = ? WHERE body = ?").run(flipped(entry.body), entry.body);
  }

  // ---- Cable -------------------------------------------------------------------------------------------------------

  /** From now on connections are refused at once; `silent`: they hang; `deaf`: only what the till sends arrives. */
  cutLink(how: Exclude<LinkState, "up"> = "refusing"): void {
    this.#link.state = how;
  }

  healLink(): void {
    this.#link.state = "up";
  }

  // ---- What can be seen --------------------------------------------------------------------------------------------

  get terminal(): Terminal {
    if (this.machine.terminal === null) throw new Error(`${this.machine.name} does not run`);
    return this.machine.terminal;
  }

  get status(): TerminalStatus {
    return this.terminal.status();
  }

  get pending(): number {
    return this.status.pending;
  }

  /** Where each of its shifts is on its way to being the same at the centre, oldest first. */
  get settlements(): ShiftSettlement[] {
    return this.#shifts.map((localId) => this.terminal.settlementOf(localId));
  }

  attemptsSince(atMs: number): readonly Attempt[] {
    return this.attempts.filter((each) => each.atMs >= atMs);
  }

  /** What is on its disk, read past the product. */
  get journal(): readonly Entry[] {
    return viewOf(this.machine).entries;
  }

  #newId(what: string): string {
    return `${this.machine.name}-${what}${++this.#made}`;
  }

  /** Records a sale as a POS does, with a row of its own, and writes down apart from the till what it was told. */
  #record(localId: string, tenders: OrderDraft["tenders"], act: (tx: TerminalTransaction) => Recorded): Recorded {
    const { ledger, options } = this.machine;
    const intent = ++this.#intents;
    const amountMinor = tenders.reduce((sum, tender) => sum + tender.amountMinor, 0);
    ledger.try([{ localId, intent }]);
    const outcome = attempt(this.machine, (tx) => [act(tx)], []);
    const recorded = outcome.kind === "told" ? outcome.recorded[0] : undefined;
    if (recorded === undefined)
      throw new Error(`${this.machine.name} did not sell ${localId}: ${JSON.stringify(outcome)}`);
    const { kind, incarnation, seq, hash, receiptNumber = null } = recorded;
    const { currency = null } = options.settings;
    const group = ledger.nextGroup();
    ledger.tell({ kind, localId, incarnation, seq, hash, receiptNumber, amountMinor, currency, group, intent });
    return recorded;
  }
}
