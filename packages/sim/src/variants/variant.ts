import type { Clock, LocalStore, Probe, Transport, Witness } from "@tillsync/engine";
import type { Driver } from "@tillsync/engine/sqlite";
import type { IngestStore } from "@tillsync/server/ingest";
import type { SettlementStore } from "@tillsync/server/settlement";
import type { MergeFlaws } from "../centre/customers.ts";
import type { CentreDatabase } from "../centre/database.ts";
import type { FaultName } from "../faults.ts";
import type { Exchange } from "../net/server.ts";
import type { Submit } from "../net/submit-door.ts";
import type { Machine } from "../till/machine.ts";

/**
 * The product with one thing broken, from outside: a port or a function of it is wrapped or replaced. Product code has no
 * switch for any of this. Each variant must be caught by the oracle; else the oracle proves nothing.
 */
export interface Variant {
  readonly name: string;
  /** What somebody might have written instead. */
  readonly breaks: string;
  /** The invariants of which at least one has to notice. */
  readonly caughtBy: readonly string[];
  /** Faults without which it makes no difference: they are on in every seed. */
  readonly needs?: readonly FaultName[];
  /** A seed that was seen to catch it, tried first; when it no longer does, the others are. */
  readonly likelySeed?: number;
  readonly driver?: (driver: Driver) => Driver;
  readonly store?: (store: LocalStore, machine: Machine) => LocalStore;
  readonly witness?: (witness: Witness) => Witness;
  readonly transport?: (transport: Transport, machine: Machine) => Transport;
  readonly probe?: (probe: Probe, machine: Machine) => Probe;
  readonly clock?: (clock: Clock, machine: Machine) => Clock;
  readonly ingest?: (store: IngestStore, database: CentreDatabase) => IngestStore;
  readonly settlements?: (store: SettlementStore, database: CentreDatabase) => SettlementStore;
  readonly merging?: MergeFlaws;
  readonly exchange?: (exchange: Exchange) => Exchange;
  /** False: a restored centre goes on under the epochs that it had. */
  readonly renewsEpochs?: false;
  readonly submit?: (submit: Submit, database: CentreDatabase) => Submit;
}

/** The product as it is. */
export const PRODUCT: Variant = { name: "product", breaks: "nothing", caughtBy: [] };
