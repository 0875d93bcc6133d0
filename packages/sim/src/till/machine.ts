import {
  type Clock,
  type LocalStore,
  type Ports,
  type Probe,
  sha256,
  startTerminal,
  type Terminal,
  type TerminalSettings,
  type Transport,
  type Witness,
} from "@tillsync/engine";
import { type Driver, openDurable, SqliteStore } from "@tillsync/engine/sqlite";
import type { Chronicle } from "../chronicle.ts";
import type { Link, Network } from "../net/network.ts";
import type { Caller } from "../net/server.ts";
import type { Random } from "../random.ts";
import type { Timeline } from "../timeline.ts";
import { Chip, type Life } from "./clock.ts";
import { Died, Disk, type Trap } from "./disk.ts";
import { seededIds } from "./ids.ts";
import { Ledger } from "./ledger.ts";
import type { PlantedEffect } from "./plant.ts";
import { type RetiredBytes, remembering } from "./retired.ts";
import { WitnessFile } from "./witness.ts";

/** What a broken variant may put between the product and the machine. */
export interface TillWraps {
  readonly driver?: ((driver: Driver) => Driver) | undefined;
  readonly store?: ((store: LocalStore, machine: Machine) => LocalStore) | undefined;
  readonly witness?: ((witness: Witness) => Witness) | undefined;
  readonly transport?: ((transport: Transport, machine: Machine) => Transport) | undefined;
  readonly probe?: ((probe: Probe, machine: Machine) => Probe) | undefined;
  readonly clock?: ((clock: Clock, machine: Machine) => Clock) | undefined;
}

export interface MachineOptions {
  readonly name: string;
  readonly settings: TerminalSettings;
  readonly caller: Caller;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly chronicle: Chronicle;
  readonly network: Network;
  readonly link: Link;
  readonly clockRate: number;
  readonly wraps: TillWraps;
}

/** The POS's own table, in the till's database: one row per document that it sold. */
const POS_TABLE =
  "CREATE TABLE IF NOT EXISTS pos_sale (local_id TEXT PRIMARY KEY, receipt TEXT, amount_minor INTEGER NOT NULL) STRICT";

/** A till as a thing: disk, witness file, clock, and at most one process that runs the product's engine on them. */
export class Machine {
  readonly options: MachineOptions;
  readonly ledger = new Ledger();
  readonly chip: Chip;
  disk: Disk;
  witness = new WitnessFile();
  /** Set when its database was copied, or put back to an older copy: what it sold then may stand in a later life. */
  suspect: "copied" | "rolled back" | null = null;
  /** Positions whose stored bytes were changed on this disk. */
  readonly rotten = new Set<string>();
  /** Those of them that went bad after their shift was settled: `verify` finds them. */
  readonly rottenLate = new Set<string>();
  /** What its engine gave up of old changes. */
  readonly retired: RetiredBytes = new Map();
  /** Positions whose private part was lost, altered or doubled, here or at the centre. */
  readonly rottenPrivate = new Set<string>();
  /** Positions whose rows went bad at the centre: the copy on this disk is what heals them. */
  readonly rottenAtCentre = new Set<string>();
  /** Nothing on its disk tells that numbers were given which its database does not know: it may give them again until it asks. */
  mayRepeat = false;
  /** The disk gave wrong bytes once: what was written from them says so for ever. */
  wasMisread = false;
  /**
   * Its database is copied or put back in this run: bytes that its disk damages besides may have no whole copy anywhere, and
   * then nothing can bring them back.
   */
  isSpared = false;
  /** What the centre must make of changes that were planted in the journal, by hash. */
  readonly planted = new Map<string, PlantedEffect>();
  #process: { readonly life: Life; readonly terminal: Terminal } | null = null;
  #booting: Life | null = null;
  #boots = 0;
  /** A clean stop is under way. */
  isStopping = false;
  /** Somebody will start it again. */
  isAwaited = false;

  constructor(options: MachineOptions) {
    this.options = options;
    this.chip = new Chip(options.timeline, options.clockRate);
    this.disk = this.#newDisk();
  }

  get name(): string {
    return this.options.name;
  }

  /** The running engine; null while the machine is down. */
  get terminal(): Terminal | null {
    return this.#process?.terminal ?? null;
  }

  /** Starts the process. It may die on the way, then the machine stays down. */
  boot(): void {
    if (this.#process) return;
    const { chronicle, network, link, caller, random, settings, wraps } = this.options;
    const life: Life = { alive: true };
    const chance = random.stream(`boot ${++this.#boots}`);
    this.#booting = life;
    try {
      const plain = new SqliteStore(() => openDurable(this.name, this.disk.open));
      const store = wraps.store?.(plain, this) ?? plain;
      const plainLine = network.transport(link, caller);
      const transport = wraps.transport?.(plainLine, this) ?? plainLine;
      const asked = network.probe(link, caller);
      const probe = wraps.probe?.(asked, this) ?? asked;
      const ticking = this.chip.boot(life, chance.below(1_000_000));
      const clock = wraps.clock?.(ticking, this) ?? ticking;
      const ids = seededIds(chance.stream("ids"), () => this.chip.wallMs());
      const file = this.witness.open(life);
      const witness = wraps.witness?.(file) ?? file;
      const line = { transport: onlyWhile(life, transport), probe: onlyAsked(life, probe) };
      const ports: Ports = { clock, ids, store, witness, ...line, sha256 };
      const terminal = startTerminal(settings, ports);
      terminal.transaction((tx) => tx.sql.run(POS_TABLE));
      this.#process = { life, terminal };
      chronicle.note("till-start", this.name, terminal.status().incarnation, terminal.status().headSeq);
    } catch (error) {
      // A process that could not start ends; it is started again later.
      if (life.alive) this.crash(false);
      chronicle.hit("till.failed-start", error instanceof Died ? "died" : String(error));
      if (!(error instanceof Died) && !this.#excused(error))
        chronicle.violate("start", `${this.name} did not start: ${String(error)}`);
    } finally {
      this.#booting = null;
    }
  }

  /** kill -9, or the plug is pulled. */
  crash(powerCut: boolean): void {
    const { chronicle, random } = this.options;
    const life = this.#process?.life ?? this.#booting;
    if (life) life.alive = false;
    this.#process = null;
    this.isStopping = false;
    if (powerCut) {
      const lost = this.disk.powerCut(random);
      this.witness.powerCut(random);
      chronicle.note("power-cut", this.name, lost);
    } else {
      this.disk.processEnded();
      chronicle.note("till-crash", this.name);
    }
  }

  /** A clean stop; the process ends once its exchange has ended or `graceMs` are over. */
  async stop(graceMs: number): Promise<void> {
    const process = this.#process;
    if (process === null) return;
    this.options.chronicle.note("till-stop", this.name);
    this.isStopping = true;
    try {
      await process.terminal.close(graceMs);
    } catch (error) {
      this.options.chronicle.violate("stop", `${this.name} did not stop cleanly: ${String(error)}`);
    }
    if (this.#process === process) this.crash(false);
  }

  /** The same till at a later moment: its database becomes that image, or an empty disk, and its witness that file. */
  takeOver(image: Buffer | undefined, witness: WitnessFile): void {
    this.disk.destroy();
    this.disk = this.#newDisk(image);
    this.witness = witness;
  }

  #newDisk(image?: Buffer): Disk {
    const driver = (plain: Driver) => {
      const kept = remembering(plain, this.retired, () => this.options.chronicle.hit("till.retired"));
      return this.options.wraps.driver?.(kept) ?? kept;
    };
    return new Disk((trap) => this.#trapped(trap), driver, image);
  }

  #trapped(trap: Trap): void {
    const { chronicle } = this.options;
    if (trap.kind === "commit-error") {
      chronicle.hit(trap.kept ? "disk.commit-error-kept" : "disk.commit-error-lost", this.name);
      return;
    }
    chronicle.hit(`${trap.powerCut ? "power-cut" : "till-crash"} at ${trap.at}`, this.name);
    this.crash(trap.powerCut);
  }

  /** Starting needs the disk; what the disk refuses at a start is not the product's fault. */
  #excused(error: unknown): boolean {
    const code = (error as { code?: unknown }).code;
    return (
      code === "SQLITE_FULL" ||
      code === "STORE_FULL" ||
      code === "COMMIT_UNKNOWN" ||
      code === "SQLITE_IOERR_FSYNC" ||
      code === "NOT_SOLD"
    );
  }
}

/** Answers that come after the end of a process reach nobody. */
function onlyWhile(life: Life, transport: Transport): Transport {
  const ask = transport.fetch?.bind(transport);
  const alive = <T>(work: () => Promise<T>) =>
    new Promise<T>((resolve, reject) => {
      if (!life.alive) return;
      work().then(
        (answer) => life.alive && resolve(answer),
        (error: unknown) => life.alive && reject(error as Error),
      );
    });
  return {
    exchange: (request, signal, id) => alive(() => transport.exchange(request, signal, id)),
    ...(ask && { fetch: (request, signal, id) => alive(() => ask(request, signal, id)) }),
  };
}

function onlyAsked(life: Life, probe: Probe): Probe {
  return {
    ask: (target, signal) =>
      new Promise((resolve) => {
        if (!life.alive) return;
        void probe.ask(target, signal).then((answer) => {
          if (life.alive) resolve(answer);
        });
      }),
  };
}
