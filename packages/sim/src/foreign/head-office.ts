import type { Submission } from "@tillsync/server/ingest";
import type { DocumentAt } from "../centre/tables.ts";
import { documentAt, type ForeignDocument } from "./documents.ts";
import { Outbox, type OutboxOptions } from "./outbox.ts";
import type { StoreOfDevices } from "./store-of-devices.ts";

export interface HeadOfficeOptions extends Omit<OutboxOptions, "onOutcome"> {
  readonly store: StoreOfDevices;
}

const WHO = { actor: "Wanjiru", reason: "corrected at head office" };

/** A person at head office, who looks at what the centre has of a store, changes it, and presses again until it is answered. */
export class HeadOffice {
  readonly outbox: Outbox;
  readonly #options: HeadOfficeOptions;

  constructor(options: HeadOfficeOptions) {
    this.#options = options;
    this.outbox = new Outbox({ ...options, onOutcome: () => {} });
    options.store.join(this.outbox);
  }

  act(): void {
    const { random, store } = this.#options;
    const seen = [...store.documents()].filter(({ entity }) => entity === "order" || entity === "transaction");
    const open = seen.filter(({ state }) => state === "open");
    const foreign = seen.filter(({ contentHash }) => contentHash !== null);
    const way = random.float();
    if (way < 0.45) this.#edit(foreign);
    else if (way < 0.65) this.#withdraw(foreign, "office.deletes-document");
    else if (way < 0.95) this.#withdraw(open, "office.deletes-open-order");
    else this.#withdraw(seen, "office.deletes-anything");
    if (random.chance(0.7)) this.outbox.sendPending();
  }

  #edit(seen: readonly DocumentAt[]): void {
    const { chronicle, random, store } = this.#options;
    const document = seen[random.below(seen.length)];
    if (document === undefined) return;
    chronicle.hit("office.edits");
    const kind = `${document.entity}.submitted` as ForeignDocument["kind"];
    const where = { kind, localId: document.localId, version: document.version + 1 };
    const made = documentAt(where, { random, device: "head-office", currency: store.currency, poison: false });
    const edited: ForeignDocument = { ...made, payload: { ...made.payload, ...WHO } };
    this.outbox.put(edited);
    store.show(edited);
  }

  #withdraw(seen: readonly DocumentAt[], what: string): void {
    const { chronicle, random } = this.#options;
    const document = seen[random.below(seen.length)];
    if (document === undefined) return;
    chronicle.hit(what, document.localId);
    const { entity, localId, version, businessDate, occurredAt, contentHash } = document;
    const withdrawal: Submission = {
      kind: entity === "order" ? "order.withdrawn" : "transaction.withdrawn",
      localId,
      version: version + 1,
      businessDate,
      occurredAt,
      payload: { ...WHO, ...(contentHash === null ? {} : { contentHash }) },
    };
    this.outbox.put(withdrawal);
  }
}
