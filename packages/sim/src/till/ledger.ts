import type { Kind } from "@tillsync/protocol";

/** One line of what a cashier was told: it is recorded, the receipt may print. */
export interface Told {
  readonly kind: Kind;
  readonly localId: string;
  readonly incarnation: string;
  readonly seq: number;
  readonly hash: string;
  readonly receiptNumber: string | null;
  /** What the workload, not the product, makes of the lines: minor units. Null where the document has no amount. */
  readonly amountMinor: number | null;
  readonly currency: string | null;
  /** Everything told by one transaction of the till: all of it is there, or nothing. */
  readonly group: number;
  /** The purchase behind it; a customer pays once, however often the till has to be asked. */
  readonly intent: number;
}

/** What the people at one till know, written down apart from the till. It survives everything that happens to the till. */
export class Ledger {
  told: Told[] = [];
  #byDocument = new Map<string, Told>();
  /** Every localId under which a purchase was tried. */
  readonly intents = new Map<number, Set<string>>();
  /** Documents that one transaction was to record together, whether or not anybody was told. */
  readonly bundles: (readonly string[])[] = [];
  /** Told, and lost with a database that was put back to an older copy: nobody can promise those but the centre. */
  lost: Told[] = [];
  /** localIds whose change cannot be applied at the centre, on purpose. */
  readonly poisoned = new Set<string>();
  #groups = 0;

  nextGroup(): number {
    return ++this.#groups;
  }

  try(wishes: readonly { readonly localId: string; readonly intent: number }[]): void {
    if (wishes.length > 1) this.bundles.push(wishes.map(({ localId }) => localId));
    for (const { intent, localId } of wishes) {
      if (intent === 0) continue;
      const ids = this.intents.get(intent);
      if (ids) ids.add(localId);
      else this.intents.set(intent, new Set([localId]));
    }
  }

  /** The database was put back to an older copy, in which `kept` says what is still there. */
  forgive(kept: (told: Told) => boolean): void {
    this.lost.push(...this.told.filter((told) => !kept(told)));
    this.told = this.told.filter(kept);
    this.#byDocument = new Map(this.told.map((told) => [`${told.kind} ${told.localId}`, told]));
  }

  tell(told: Told): void {
    this.told.push(told);
    this.#byDocument.set(`${told.kind} ${told.localId}`, told);
  }

  /** The last time that somebody was told of this document. */
  find(kind: Kind, localId: string): Told | undefined {
    return this.#byDocument.get(`${kind} ${localId}`);
  }
}
