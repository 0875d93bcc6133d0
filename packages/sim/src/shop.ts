import type { Profile } from "@tillsync/lanes";
import { exchangeTogether, exchange as productExchange, submit as productSubmit } from "@tillsync/server/ingest";
import { CentreDatabase } from "./centre/database.ts";
import type { Chronicle } from "./chronicle.ts";
import type { Faults } from "./faults.ts";
import { Foreigners } from "./foreign/foreigners.ts";
import { HeadOfficeData } from "./head-office-data.ts";
import { type Link, Network } from "./net/network.ts";
import { type Caller, Server } from "./net/server.ts";
import { Acknowledged } from "./oracle/acknowledged.ts";
import { FeedMeanings } from "./oracle/feed-meanings.ts";
import { ForeignLedger } from "./oracle/foreign-ledger.ts";
import { Pace } from "./oracle/pace.ts";
import { Told } from "./oracle/told.ts";
import type { Random } from "./random.ts";
import { BEGIN_WALL_MS } from "./till/clock.ts";
import { Machine, type TillWraps } from "./till/machine.ts";
import type { Timeline } from "./timeline.ts";
import type { Variant } from "./variants/variant.ts";
import { Cashier } from "./workload/cashier.ts";
import { CURRENCIES } from "./workload/goods.ts";

const PROFILES = ["continuous", "continuous", "continuous", "live", "shift"] as const;
const ORG_ID = 1;

export interface ShopOptions {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly chronicle: Chronicle;
  readonly faults: Faults;
  readonly variant: Variant;
  /** One store with these tills, instead of what chance gives. */
  readonly plan?: ShopPlan | undefined;
}

export interface ShopPlan {
  readonly tills: number;
  readonly profile: Profile;
  readonly timeZone?: string | undefined;
  /** Nothing is left to chance that a script would have to mind: clocks run right, no server is busy, sales are in KES. */
  readonly isScripted?: boolean | undefined;
}

/** Everything that there is in one run: one or two stores with one to four tills, perhaps others' devices, two servers, one database. */
export class Shop {
  readonly database: CentreDatabase;
  readonly servers: readonly Server[];
  readonly cashiers: Cashier[] = [];
  readonly links = new Map<Machine, Link>();
  readonly storeIds: readonly number[];
  readonly acknowledged: Acknowledged;
  readonly #told: Told;
  readonly feedMeanings: FeedMeanings;
  readonly foreigners: Foreigners;
  readonly foreignLedger: ForeignLedger;
  /** Undefined in seeds without reference data. */
  readonly data: HeadOfficeData | undefined;
  readonly #options: ShopOptions;
  readonly #network: Network;
  readonly #wraps: TillWraps;
  readonly #answered = new Set<Machine>();

  constructor(options: ShopOptions) {
    const { timeline, random, chronicle, faults, variant, plan } = options;
    this.#options = options;
    this.database = new CentreDatabase({ timeline, random: random.stream("database"), chronicle, faults });
    this.acknowledged = new Acknowledged(this.database, chronicle);
    this.#told = new Told(chronicle);
    this.feedMeanings = new FeedMeanings(this.database, chronicle);
    this.database.onCommit = (storeId) => this.feedMeanings.check(storeId);
    this.foreignLedger = new ForeignLedger(this.database, chronicle);
    this.storeIds = plan === undefined && random.chance(0.3) ? [1, 2] : [1];
    for (const storeId of this.storeIds) this.database.addStore(storeId);
    this.data = faults.referenceData === 0 ? undefined : this.#newData();
    this.servers = ["A", "B"].map((name) => this.#newServer(name));
    this.#network = new Network({
      timeline,
      random: random.stream("network"),
      chronicle,
      faults,
      servers: this.servers,
      hasModules: this.data !== undefined,
    });
    const pace = new Pace(chronicle);
    this.#wraps = {
      driver: variant.driver,
      store: variant.store,
      witness: variant.witness,
      probe: variant.probe,
      clock: variant.clock,
      transport: (transport, machine) => {
        const broken = variant.transport?.(transport, machine) ?? transport;
        return {
          ...broken,
          exchange: (request, signal, id) => {
            pace.asked(machine.name, request, timeline.nowMs);
            return broken.exchange(request, signal, id).finally(() => this.#answered.add(machine));
          },
        };
      },
    };
    const tills = plan?.tills ?? random.between(this.storeIds.length, 4);
    for (let index = 0; index < tills; index++) this.#addTill(index);
    this.foreigners = new Foreigners({
      ...{ timeline, chronicle, faults, network: this.#network, database: this.database, ledger: this.foreignLedger },
      random: random.stream("foreigners"),
    });
    for (const storeId of this.storeIds)
      this.foreigners.addStore({
        orgId: ORG_ID,
        storeId,
        currency: this.#currencyOf(storeId),
        tables: tablesOf(storeId),
      });
  }

  #newData(): HeadOfficeData {
    const { chronicle, random, timeline, variant } = this.#options;
    return new HeadOfficeData({
      ...{ chronicle, database: this.database, storeIds: this.storeIds, flaws: variant.merging },
      currencies: [...new Set(this.storeIds.map((storeId) => this.#currencyOf(storeId)))],
      random: random.stream("head office's data"),
      wallMs: () => BEGIN_WALL_MS + Math.round(timeline.nowMs),
    });
  }

  /** The whole centre as it is. @returns puts it back */
  backup(): (isNoticed: boolean) => void {
    const { variant } = this.#options;
    const [changes, data] = [this.database.backup(), this.data?.backup()];
    return (isNoticed) => {
      this.database.restore(changes, isNoticed && variant.renewsEpochs !== false);
      this.feedMeanings.restored(this.storeIds, isNoticed);
      if (data !== undefined) this.data?.restore(data);
      this.acknowledged.restored();
      this.foreignLedger.restored();
    };
  }

  /** Running tills that got an answer since this was last called: their marks may have moved. */
  takeAnswered(): readonly Machine[] {
    const answered = [...this.#answered].filter(({ terminal }) => terminal !== null);
    this.#answered.clear();
    return answered;
  }

  get machines(): readonly Machine[] {
    return this.cashiers.map(({ machine }) => machine);
  }

  machinesOf(storeId: number): readonly Machine[] {
    return this.machines.filter(({ options }) => options.caller.scope.storeId === storeId);
  }

  /** A second machine with the same identity, key, database and witness: a till's disk was copied. */
  copyTill(original: Cashier, withWitness: boolean): Machine {
    const { machine } = original;
    const { random } = this.#options;
    const copies = this.machines.filter((each) => each.name.startsWith(machine.name)).length;
    const name = `${machine.name}${String.fromCharCode("a".charCodeAt(0) + copies)}`;
    const link: Link = { state: "up" };
    const copy = new Machine({ ...machine.options, name, link, random: random.stream(name) });
    const witness = machine.witness.copy();
    if (!withWitness) witness.remove();
    copy.takeOver(machine.disk.image(), witness);
    for (const place of machine.rotten) copy.rotten.add(place);
    for (const place of machine.rottenPrivate) copy.rottenPrivate.add(place);
    for (const [hash, bytes] of machine.retired) copy.retired.set(hash, bytes);
    for (const [hash, effect] of machine.planted) copy.planted.set(hash, effect);
    for (const localId of machine.ledger.poisoned) copy.ledger.poisoned.add(localId);
    for (const each of [machine, copy]) {
      each.suspect ??= "copied";
      each.mayRepeat = true;
    }
    this.links.set(copy, link);
    this.cashiers.push(original.at(copy, random.stream(`cashier ${name}`)));
    return copy;
  }

  #addTill(index: number): void {
    const { timeline, random, chronicle, faults, plan } = this.#options;
    const storeId = this.storeIds[index % this.storeIds.length] ?? 1;
    const shortId = `T${String(Math.floor(index / this.storeIds.length) + 1).padStart(2, "0")}`;
    const name = `S${storeId}-${shortId}`;
    const currency = this.#currencyOf(storeId);
    const terminal = random.stream(`terminal ${name}`).uuid();
    this.database.enrol(storeId, terminal);
    const caller: Caller = { scope: { orgId: ORG_ID, storeId }, terminal };
    const link: Link = { state: "up" };
    const profile = plan?.profile ?? random.pick(PROFILES);
    const zone = plan?.timeZone === undefined ? {} : { timeZone: plan.timeZone };
    // A month is as short as the till's patience here, in every other shop.
    const chance = random.stream(`retention ${name}`);
    const lookEveryMs = chance.between(10_000, 300_000);
    const retention = plan === undefined && chance.chance(0.7) ? { journalDays: 0, lookEveryMs } : {};
    const machine = new Machine({
      name,
      settings: { terminal, shortId, store: `S${storeId}`, currency, profile, retention, ...zone },
      caller,
      timeline,
      random: random.stream(name),
      chronicle,
      network: this.#network,
      link,
      clockRate: plan?.isScripted ? 1 : 1 + (random.float() - 0.5) * 0.02,
      wraps: this.#wraps,
    });
    this.links.set(machine, link);
    const tables = tablesOf(storeId);
    this.cashiers.push(
      new Cashier({
        ...{ machine, faults, currency, tables, hasModules: this.data !== undefined },
        random: random.stream(`cashier ${name}`),
      }),
    );
  }

  #currencyOf(storeId: number): string {
    if (this.#options.plan?.isScripted) return "KES";
    const first = this.#options.random.stream("currency").below(CURRENCIES.length);
    return CURRENCIES[(storeId + first) % CURRENCIES.length] ?? "KES";
  }

  #newServer(name: string): Server {
    const { timeline, random, chronicle, faults, variant, plan } = this.#options;
    return new Server({
      name,
      database: this.database,
      data: this.data,
      timeline,
      random: random.stream(`server ${name}`),
      chronicle,
      faults,
      wallMs: () => BEGIN_WALL_MS + Math.round(timeline.nowMs),
      exchange: variant.exchange?.(productExchange) ?? productExchange,
      // A broken exchange is one at a time; a broken store has no shared transaction, unless the variant breaks that.
      together: variant.exchange === undefined && !plan?.isScripted ? exchangeTogether : undefined,
      submit: variant.submit?.(productSubmit, this.database) ?? productSubmit,
      wrapSettlements: (store) => variant.settlements?.(store, this.database) ?? store,
      wrapIngest: (store) => variant.ingest?.(store, this.database) ?? store,
      onAcknowledged: ({ scope, terminal }, request, answer) => {
        const { durableThrough, chainHash } = answer;
        const { incarnation } = request;
        this.#told.acknowledged(request, answer);
        this.acknowledged.check({ storeId: scope.storeId, terminal, incarnation, durableThrough, chainHash });
      },
      onSubmitted: ({ scope, terminal }, submissions) =>
        this.foreignLedger.arrived({ storeId: scope.storeId, terminal }, submissions),
    });
  }
}

/** Open orders that all tills of a store serve. */
function tablesOf(storeId: number): string[] {
  return [1, 2, 3, 4].map((table) => `table-${storeId}-${table}`);
}
