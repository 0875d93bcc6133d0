import { onTestFinished } from "vitest";
import type { LocalStore, Ports, Room } from "../ports.ts";
import type { TerminalSettings } from "../settings.ts";
import { betterSqlite, type OpenDriver, openStore } from "../sqlite/index.ts";
import { sha256 } from "../system/sha256.ts";
import { startTerminal } from "../terminal.ts";
import type { OrderDraft, Terminal, TerminalEvent } from "../verbs.ts";
import { FakeCentre } from "./fake-centre.ts";
import { FakeClock, settled } from "./fake-clock.ts";
import { FakeIds } from "./fake-ids.ts";
import { MemoryWitness } from "./memory-witness.ts";
import { tempFile } from "./temp-folder.ts";

export const TERMINAL_ID = "0190a5da-c967-774b-8cce-b302099a8057";

export interface TillOptions extends Partial<TerminalSettings> {
  readonly open?: OpenDriver;
  readonly room?: Room;
}

/** A till on real SQLite, with time, chance, witness and head office in the test's hands. */
export class Till {
  readonly file = tempFile();
  readonly clock = new FakeClock();
  readonly ids = new FakeIds(this.clock);
  readonly witness = new MemoryWitness();
  readonly centre = new FakeCentre(this.clock);
  readonly events: TerminalEvent[] = [];
  readonly #options: TillOptions;
  #store: LocalStore | undefined;
  #terminal: Terminal | undefined;

  constructor(options: TillOptions = {}) {
    this.#options = options;
    onTestFinished(() => this.#store?.close());
  }

  get terminal(): Terminal {
    if (this.#terminal === undefined) throw new Error("the till was not started");
    return this.#terminal;
  }

  get store(): LocalStore {
    if (this.#store === undefined) throw new Error("the till was not started");
    return this.#store;
  }

  get ports(): Ports {
    const { clock, ids, witness, centre, store } = this;
    const { room } = this.#options;
    return { clock, ids, witness, transport: centre, probe: centre, store, sha256, ...(room && { room }) };
  }

  start(over: Partial<TerminalSettings> = {}): Terminal {
    const { open = betterSqlite, room: _room, ...settings } = this.#options;
    this.#store = openStore(this.file, open);
    const own = { terminal: TERMINAL_ID, shortId: "T01", store: "STORE001", currency: "KES" };
    this.#terminal = startTerminal({ ...own, ...settings, ...over }, this.ports);
    this.#terminal.subscribe((event) => this.events.push(event));
    return this.#terminal;
  }

  /** The process is killed: nothing is finished, nothing is flushed. What was in flight is lost. */
  crash(): void {
    this.clock.forget();
    this.#store?.close();
  }

  async restart(over: Partial<TerminalSettings> = {}): Promise<Terminal> {
    await this.terminal.close(0);
    return this.start(over);
  }

  /** Raw SQL past the engine: what a flipped bit or a restored backup does. */
  tamper(sql: string, ...params: (string | number)[]): void {
    this.store.transaction((tx) => tx.run(sql, ...params));
  }

  /** Lets the loop do what is due now. */
  async settle(): Promise<void> {
    await settled();
  }
}

/** A started till with a shift of Amina's open, and everything so far at head office. */
export async function openTill(options: TillOptions = {}): Promise<Till> {
  const till = new Till(options);
  till.start();
  till.terminal.openShift({ localId: "shift-1", operator: "Amina", businessDate: "2026-01-16" });
  await till.settle();
  return till;
}

/** Two loaves of bread for cash: KES 120.00. */
export function sale(localId: string, over: Partial<OrderDraft> = {}): OrderDraft {
  return {
    localId,
    lines: [{ item: "bread", quantity: "2", unitPrice: "60.00" }],
    tenders: [{ type: "cash", amountMinor: 12_000 }],
    ...over,
  };
}
