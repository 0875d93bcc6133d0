import type { CentreDatabase } from "../centre/database.ts";
import type { DocumentAt } from "../centre/tables.ts";
import type { Faults } from "../faults.ts";
import type { ForeignLedger } from "../oracle/foreign-ledger.ts";
import type { Random } from "../random.ts";
import type { ForeignDocument } from "./documents.ts";
import type { Outbox } from "./outbox.ts";

/** Documents that devices of one store show each other. */
const SHOWN = 12;

/** What the devices of one store have in common: the documents of which they know from each other, and whose orders they meet. */
export class StoreOfDevices {
  readonly storeId: number;
  readonly currency: string;
  readonly faults: Faults;
  readonly ledger: ForeignLedger;
  readonly #database: CentreDatabase;
  readonly #tables: readonly string[];
  readonly #outboxes: Outbox[] = [];
  #recent: ForeignDocument[] = [];

  /** @param tables open orders that tills of this store share */
  constructor(
    { storeId, currency, tables }: { storeId: number; currency: string; tables: readonly string[] },
    { faults, database, ledger }: { faults: Faults; database: CentreDatabase; ledger: ForeignLedger },
  ) {
    this.storeId = storeId;
    this.currency = currency;
    this.#tables = tables;
    this.faults = faults;
    this.#database = database;
    this.ledger = ledger;
  }

  /** The last versions that any of them made, whether or not they have arrived. */
  get recent(): readonly ForeignDocument[] {
    return this.#recent;
  }

  join(outbox: Outbox): void {
    this.#outboxes.push(outbox);
  }

  /** The line of the store came back, and everybody noticed at the same moment. */
  sendAll(): void {
    for (const outbox of this.#outboxes) outbox.sendPending();
  }

  show(document: ForeignDocument): void {
    this.#recent = [...this.#recent.slice(1 - SHOWN), document];
  }

  /** What the centre shows of this store now. */
  documents(): Iterable<DocumentAt> {
    return this.#database.store(this.storeId).documents.values();
  }

  /** The localId of an order that a till of this store has, or soon will have. */
  tillOrderId(random: Random): string {
    if (random.chance(0.4)) return random.pick(this.#tables);
    return `S${this.storeId}-T0${random.between(1, 2)}-${random.pick(["o", "t"])}${random.between(1, 40)}`;
  }
}
