import type { Submission } from "@tillsync/server/ingest";
import type { HeardOutcome } from "../net/submit-door.ts";
import { documentAt, documentOf, type ForeignDocument, type Place } from "./documents.ts";
import { Outbox, type OutboxOptions } from "./outbox.ts";
import type { StoreOfDevices } from "./store-of-devices.ts";

export interface DeviceOptions extends Omit<OutboxOptions, "onOutcome"> {
  readonly name: string;
  readonly store: StoreOfDevices;
}

type Action = (this: void) => void;

/** A device as requirement 004 has it: documents with a version, sent whole until it is answered, the server's version wins. */
export class Device {
  readonly outbox: Outbox;
  readonly #options: DeviceOptions;
  readonly #actions: readonly (readonly [Action, number])[];
  /** Its own copy of each document that it knows, the latest version only. */
  readonly #documents = new Map<string, ForeignDocument>();
  /** The last ones that it sent, whatever became of them. */
  #sent: ForeignDocument[] = [];
  #made = 0;

  constructor(options: DeviceOptions) {
    this.#options = options;
    this.outbox = new Outbox({ ...options, onOutcome: (submission, outcome) => this.#heard(submission, outcome) });
    options.store.join(this.outbox);
    this.#actions = [
      [() => this.#make(), 6],
      [() => this.#edit(), 6],
      [() => this.#twoVersionsAtOnce(), 1.5],
      [() => this.outbox.sendPending(), 6],
      [() => this.#tenTimes(), 1],
      [() => this.#throughTwoServers(), 2],
      [() => this.#again(), 1],
    ];
  }

  act(): void {
    const { chronicle, random, store } = this.#options;
    if (random.chance(store.faults.foreignPoison)) this.#poison();
    else if (random.chance(store.faults.sharedDocument)) this.#shared();
    else random.weighted(this.#actions)();
    if (random.chance(0.15)) {
      chronicle.hit("foreign.all-at-once");
      store.sendAll();
    } else if (random.chance(0.5)) this.outbox.sendPending();
  }

  // ---- What happens on a device ------------------------------------------------------------------------------------

  #make(): void {
    this.#keep(this.#documentAt(this.#newPlace()));
  }

  #edit(): void {
    const known = [...this.#documents.values()];
    if (known.length > 0) this.#editOf(this.#options.random.pick(known.slice(-12)));
  }

  #editOf(document: ForeignDocument, byVersions = 1): void {
    const { kind, localId, version } = document;
    this.#keep(this.#documentAt({ kind, localId, version: version + byVersions }));
  }

  /** Made and edited while there was no line, by a device that queues every version: both travel, in either order. */
  #twoVersionsAtOnce(): void {
    const { chronicle, random } = this.#options;
    const first = this.#documentAt(this.#newPlace(), random.chance(0.2));
    const second = this.#documentAt({ ...place(first), version: first.version + random.below(2) });
    chronicle.hit("foreign.two-versions-at-once");
    this.#keep(second);
    this.#remember(first);
    this.outbox.put(first);
    this.outbox.send(random.chance(0.5) ? [first, second] : [second, first]);
  }

  #tenTimes(): void {
    const { chronicle, random } = this.#options;
    const document = this.outbox.pending.at(-1) ?? this.#sent.at(-1);
    if (document === undefined) return;
    chronicle.hit("foreign.ten-times");
    if (random.chance(0.5)) this.outbox.send(Array.from({ length: 10 }, () => document));
    else for (let time = 0; time < 10; time++) this.outbox.send([document]);
  }

  /** At the same moment: each request goes to any server that is up. */
  #throughTwoServers(): void {
    const { chronicle } = this.#options;
    if (this.outbox.pending.length === 0) return;
    chronicle.hit("foreign.two-servers");
    const batch = [...this.outbox.pending];
    for (let time = 0; time < 3; time++) this.outbox.send(batch);
  }

  /** It has forgotten that it was answered, long ago or just now. */
  #again(): void {
    const { chronicle, random } = this.#options;
    if (this.#sent.length === 0) return;
    chronicle.hit("foreign.again");
    this.outbox.put(random.pick(this.#sent));
  }

  #poison(): void {
    const { chronicle, random } = this.#options;
    const known = [...this.#documents.values()];
    chronicle.hit("foreign.poison");
    const target = known.length > 0 && random.chance(0.3) ? random.pick(known) : undefined;
    const where = target === undefined ? this.#newPlace() : { ...place(target), version: target.version + 1 };
    this.#keep(this.#documentAt(where, true));
  }

  /** Something that others have in hand too: another device's document, or an order of a till. */
  #shared(): void {
    const { chronicle, random, store } = this.#options;
    const others = store.recent;
    if (others.length === 0 || random.chance(0.15)) {
      chronicle.hit("foreign.takes-a-tills-id");
      this.#keep(this.#documentAt({ kind: "order.submitted", localId: store.tillOrderId(random), version: 1 }));
      return;
    }
    const other = random.chance(0.4) ? others.at(-1) : random.pick(others);
    if (other === undefined) return;
    const way = random.float();
    if (way < 0.25) {
      chronicle.hit("foreign.sends-anothers");
      this.#keep({ ...other, payload: { ...other.payload, device: this.#options.name } });
    } else if (way < 0.5) {
      chronicle.hit("foreign.same-version");
      this.#editOf(other, 0);
    } else this.#editOf(other, random.between(1, 2));
    if (random.chance(0.5)) store.sendAll(); // two versions, or one twice, are on their way at the same time
  }

  // ---- Its own books -----------------------------------------------------------------------------------------------

  #newPlace(): Place {
    const { name, random } = this.#options;
    const kind = random.weighted<ForeignDocument["kind"]>([
      ["order.submitted", 6],
      ["transaction.submitted", 3],
      ["inventory.submitted", 1],
    ]);
    return { kind, localId: `${name}-f${++this.#made}`, version: 1 };
  }

  #documentAt(where: Place, poison = false): ForeignDocument {
    const { name, random, store } = this.#options;
    const document = documentAt(where, { random, device: name, currency: store.currency, poison });
    if (poison) store.ledger.poisoned.add(where.localId);
    return document;
  }

  /** The new version of a document takes the place of the old one, also in what is still to be sent. */
  #keep(document: ForeignDocument): void {
    const key = documentOf(document);
    this.#documents.set(key, document);
    this.outbox.drop((waiting) => documentOf(waiting) === key);
    this.outbox.put(document);
    this.#remember(document);
    this.#options.store.show(document);
  }

  #remember(document: ForeignDocument): void {
    this.#sent = [...this.#sent.slice(-20), document];
  }

  /** 004, "server wins": the local copy becomes the server's, unless it was edited since it was sent. */
  #heard(submission: Submission, { effect, server }: HeardOutcome): void {
    const key = documentOf(submission);
    const own = this.#documents.get(key);
    if (effect !== "conflict" || own === undefined || own.version > submission.version) return;
    this.outbox.drop((waiting) => documentOf(waiting) === key);
    if (server?.submission == null) this.#documents.delete(key);
    else this.#documents.set(key, server.submission as ForeignDocument);
    if (server?.submission != null && this.#options.random.chance(0.4))
      this.#editOf(server.submission as ForeignDocument);
  }
}

function place({ kind, localId, version }: ForeignDocument): Place {
  return { kind, localId, version };
}
