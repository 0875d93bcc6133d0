import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { LocalStore, Ports, Room, Witness } from "../../ports.ts";
import type { TerminalSettings } from "../../settings.ts";
import { betterSqlite, type OpenDriver, openStore } from "../../sqlite/index.ts";
import { systemIds } from "../../system/ids.ts";
import { sha256 } from "../../system/sha256.ts";
import { openWitness } from "../../system/witness-file.ts";
import { startTerminal } from "../../terminal.ts";
import type { OrderDraft, Recorded, Terminal } from "../../verbs.ts";
import { FakeCentre } from "../fake-centre.ts";
import { FakeClock, settled } from "../fake-clock.ts";
import { FakeModules } from "../fake-modules.ts";

export const DISK_TERMINAL = "0190a5da-c967-774b-8cce-b302099a8057";

/** What the cashier was told, one line of the file `told`, written the moment the verb has returned. */
export interface Told {
  readonly localId: string;
  readonly seq: number;
  readonly hash: string;
  readonly receiptNumber?: string;
}

/** A mistake that power cuts and failing calls have to show. */
export interface DiskVariant {
  readonly open?: OpenDriver;
  readonly witness?: (witness: Witness, store: LocalStore) => Witness;
  readonly store?: (store: LocalStore) => LocalStore;
}

/** A till in a folder of a real disk: its own store, witness and engine; time and head office are in the test's hands. */
export class DiskTill {
  readonly folder: string;
  readonly clock = new FakeClock();
  readonly centre = new FakeCentre(this.clock);
  readonly modules = new FakeModules();
  /** Given before the start, the till has a reserve in it. */
  room: Room | undefined;
  readonly #variant: DiskVariant;
  #store: LocalStore | undefined;
  #witness: Witness | undefined;
  #terminal: Terminal | undefined;
  #life = { isOver: false };
  #sales = 0;

  constructor(folder: string, variant: DiskVariant = {}) {
    this.folder = folder;
    this.#variant = variant;
  }

  get file(): string {
    return join(this.folder, "till.db");
  }

  get terminal(): Terminal {
    if (this.#terminal === undefined) throw new Error("the till is not running");
    return this.#terminal;
  }

  get store(): LocalStore {
    if (this.#store === undefined) throw new Error("the till is not running");
    return this.#store;
  }

  start(over: Partial<TerminalSettings> = {}): Terminal {
    const plain = openStore(this.file, this.#variant.open ?? betterSqlite);
    const store = this.#variant.store?.(plain) ?? plain;
    try {
      const file = openWitness(`${this.file}.witness`);
      this.#witness = this.#variant.witness?.(file, store) ?? file;
      const { clock } = this;
      const settings = { terminal: DISK_TERMINAL, shortId: "T01", store: "STORE001", currency: "KES", ...over };
      const ports = {
        clock,
        ids: systemIds,
        store,
        witness: this.#witness,
        ...this.#line(),
        sha256,
        ...(this.room && { room: this.room }),
      };
      this.#terminal = startTerminal(settings, ports);
      this.#store = store;
      return this.#terminal;
    } catch (error) {
      this.#witness?.close();
      this.#witness = undefined;
      store.close();
      throw error;
    }
  }

  /** The way to head office; what it answers after the end of this process reaches nobody. */
  #line(): Pick<Ports, "transport" | "probe"> {
    const life = { isOver: false };
    this.#life.isOver = true;
    this.#life = life;
    const { centre, modules } = this;
    const heard = <T>(answer: Promise<T>) =>
      new Promise<T>((resolve, reject) => {
        answer.then(
          (value) => life.isOver || resolve(value),
          (error: unknown) => life.isOver || reject(error as Error),
        );
      });
    return {
      transport: {
        exchange: (request, signal, id) => heard(centre.exchange(request, signal, id)),
        fetch: (request, signal) => heard(modules.fetch(request, signal)),
      },
      probe: { ask: () => heard(centre.ask()) },
    };
  }

  /** Does something that a cashier is told of, and tells it. */
  tell(recorded: Pick<Recorded, "localId" | "seq" | "hash" | "receiptNumber">): void {
    const { localId, seq, hash, receiptNumber } = recorded;
    this.#note({ localId, seq, hash, receiptNumber });
  }

  /** The cashier was told that it is not sold: from now on nobody may find it. */
  tellUnsold(unsold: string): void {
    this.#note({ unsold });
  }

  #note(line: object): void {
    appendFileSync(join(this.folder, "told"), `${JSON.stringify(line)}\n`);
  }

  sell(lines = 3, localId = `order-${++this.#sales}`): Recorded {
    const recorded = this.terminal.closeOrder(draftOf(localId, lines));
    this.tell(recorded);
    return recorded;
  }

  /** Lets the loop and the pulls do what is due. */
  async settle(turns = 12): Promise<void> {
    for (let turn = 0; turn < turns; turn++) {
      await settled();
      await this.clock.advance(1);
    }
  }

  async stop(): Promise<void> {
    await this.terminal.close(0);
    this.#terminal = undefined;
    this.#witness = undefined;
    this.#store = undefined;
  }

  /** The process is gone: nothing is finished. SQLite's own handles close, as they would not; the files are what counts. */
  drop(): void {
    this.clock.forget();
    this.#life.isOver = true;
    this.#terminal = undefined;
    this.#witness?.close();
    this.#store?.close();
    this.#witness = undefined;
    this.#store = undefined;
  }
}

export function draftOf(localId: string, lines: number): OrderDraft {
  const each = Array.from({ length: lines }, (_, line) => ({
    item: `item-${line}`,
    quantity: "2",
    unitPrice: "60.00",
  }));
  const tenders = [{ type: "cash", amountMinor: 12_000 * lines }];
  return { localId, operator: "Amina", lines: each, tenders };
}
