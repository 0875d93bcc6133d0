import type { CentreDatabase } from "../centre/database.ts";
import type { Chronicle } from "../chronicle.ts";
import type { Faults } from "../faults.ts";
import type { Link, LinkState, Network } from "../net/network.ts";
import type { ForeignLedger } from "../oracle/foreign-ledger.ts";
import type { Random } from "../random.ts";
import type { Timeline } from "../timeline.ts";
import { Device } from "./device.ts";
import { HeadOffice } from "./head-office.ts";
import { StoreOfDevices } from "./store-of-devices.ts";

const MINUTE = 60_000;

export interface ForeignersOptions {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly chronicle: Chronicle;
  readonly faults: Faults;
  readonly network: Network;
  readonly database: CentreDatabase;
  readonly ledger: ForeignLedger;
}

export interface StoreSettings {
  readonly orgId: number;
  readonly storeId: number;
  readonly currency: string;
  readonly tables: readonly string[];
}

/** Whoever has no journal: one to three devices of somebody else's a store, and a person at head office. */
export class Foreigners {
  readonly #options: ForeignersOptions;
  readonly #devices: Device[] = [];
  readonly #offices: HeadOffice[] = [];
  readonly #links: Link[] = [];

  constructor(options: ForeignersOptions) {
    this.#options = options;
  }

  addStore(settings: StoreSettings): void {
    const { storeId } = settings;
    const { faults, random } = this.#options;
    if (faults.foreignDevices === 0) return;
    const store = new StoreOfDevices(settings, this.#options);
    const devices = random.between(1, 3);
    for (let index = 1; index <= devices; index++) {
      const name = `S${storeId}-D${index}`;
      this.#devices.push(new Device({ name, store, ...this.#newLine(name, settings) }));
    }
    if (faults.headOffice === 0) return;
    this.#offices.push(new HeadOffice({ store, ...this.#newLine(`S${storeId}-HQ`, settings) }));
  }

  #newLine(name: string, { orgId, storeId }: StoreSettings) {
    const { chronicle, database, ledger, network, random, timeline } = this.#options;
    const terminal = random.stream(`terminal ${name}`).uuid();
    database.enrol(storeId, terminal);
    ledger.terminals.add(terminal);
    const link: Link = { state: "up" };
    this.#links.push(link);
    const caller = { scope: { orgId, storeId }, terminal };
    return { caller, link, network, timeline, chronicle, ledger, random: random.stream(name) };
  }

  /** One step of the safety phase. */
  step(): void {
    const { faults, random } = this.#options;
    if (!random.chance(faults.foreignDevices)) return;
    if (this.#offices.length > 0 && random.chance(faults.headOffice)) random.pick(this.#offices).act();
    else random.pick(this.#devices).act();
    if (random.chance(faults.partition)) this.#cut("refusing");
    if (random.chance(faults.blackHole)) this.#cut("silent");
    if (random.chance(faults.oneWay)) this.#cut("deaf");
  }

  #cut(state: LinkState): void {
    const { random, timeline } = this.#options;
    const link = random.pick(this.#links);
    link.state = state;
    timeline.after(random.between(50, 5 * MINUTE), () => {
      link.state = "up";
    });
  }

  heal(): void {
    for (const link of this.#links) link.state = "up";
  }

  /** How many documents wait for an answer. */
  waiting(): number {
    return [...this.#devices, ...this.#offices].reduce((sum, { outbox }) => sum + outbox.pending.length, 0);
  }
}
