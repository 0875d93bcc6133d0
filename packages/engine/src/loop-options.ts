import type { Observation, Pace } from "@tillsync/lanes";
import type { Attempt } from "./attempt.ts";
import type { Journal, Life } from "./journal.ts";
import type { Lineage } from "./lives/lineage.ts";
import type { OthersSettings } from "./others.ts";
import type { Flush, Ports, Sql } from "./ports.ts";
import type { Settlements } from "./settlement.ts";

export interface LoopOptions {
  readonly ports: Ports;
  readonly journal: Journal;
  readonly pace: Pace;
  readonly others: OthersSettings;
  /** Changes in one exchange at most. */
  readonly maxBatchChanges: number;
  /** Lives as of the last commit. */
  readonly lives: () => readonly Life[];
  /** Runs a transaction of the loop's own on the till's database; after trouble the terminal is stopped. */
  readonly commit: (fn: (tx: Sql) => void, flush?: Flush) => void;
  readonly onChange: () => void;
  /** Called with every attempt when it has ended; what it throws is dropped. */
  readonly onAttempt?: ((attempt: Attempt) => void) | undefined;
  /** An exchange goes out. */
  readonly onBegin: () => void;
  /** What an exchange showed of the way to the centre. */
  readonly onHeard: (observation: Observation, tookMs: number) => void;
  /** What the centre says of the receipts of a life, before anything else of its answer or refusal is looked at. Never throws. */
  readonly onReceipts: (life: Life, receiptCounter: unknown) => void;
  /** How the centre's history and this till's belong together. */
  readonly lineage: Lineage;
  /** Asked after each answer and at a start: what closed shifts still need, and what is to come back. */
  readonly settlements: Pick<Settlements, "next">;
}
