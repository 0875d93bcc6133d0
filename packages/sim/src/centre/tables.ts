import type { Settlement } from "@tillsync/protocol";
import type { DocumentRow, Mark, StoredChange } from "@tillsync/server/ingest";
import type { ClosePlace, SettlementRow } from "@tillsync/server/settlement";

/** `incarnation`: where a life of a terminal stands. */
export interface LifeRow extends Omit<Mark, "hasPending" | "hasDamaged"> {
  readonly terminal: string;
  readonly incarnation: string;
  readonly headSeq: number;
}

/** `change_head`, `change_body` and `change_private` in one. */
export interface HeadRow extends StoredChange {
  readonly terminal: string;
  readonly incarnation: string;
  readonly receivedAtMs: number;
}

export interface ForkRow {
  readonly terminal: string;
  readonly incarnation: string;
  readonly seq: number;
  readonly hash: string;
  readonly body: string;
  readonly private: string | null;
}

export interface DocumentAt extends Omit<DocumentRow, "events"> {
  readonly terminal: string;
  readonly incarnation: string;
}

export interface EventRow {
  readonly localId: string;
  readonly eventId: string;
  readonly event: string;
  readonly terminal: string;
  readonly incarnation: string;
  readonly seq: number;
}

export interface FeedCounter {
  readonly epoch: string;
  readonly former: readonly { readonly epoch: string; readonly n: number }[];
  readonly n: number;
  readonly chain: string;
}

export interface FeedRow {
  readonly n: number;
  readonly chain: string;
  readonly terminal: string;
  readonly incarnation: string;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly effect: StoredChange["effect"];
  readonly code: string | null;
  readonly message: string | null;
  readonly settlement?: Settlement;
  readonly again?: boolean;
}

/** `shift_settlement`. */
export interface SettlementAt extends SettlementRow, ClosePlace {}

/** One call of `apply` for one entity, kept for the oracle: PostgreSQL has no such table. */
export interface AppliedRow {
  readonly entity: string;
  readonly localId: string;
  readonly state: string;
  readonly terminal: string;
  readonly incarnation: string;
  readonly seq: number;
}

/** What is committed of one store. */
export interface StoreTables {
  readonly lives: Map<string, LifeRow>;
  readonly heads: Map<string, HeadRow>;
  readonly forks: Map<string, ForkRow>;
  readonly documents: Map<string, DocumentAt>;
  readonly events: Map<string, EventRow>;
  readonly feed: Map<string, FeedRow>;
  readonly counter: Map<string, FeedCounter>;
  readonly settlements: Map<string, SettlementAt>;
  readonly applied: AppliedRow[];
}

export function emptyTables(feedEpoch: string): StoreTables {
  return {
    lives: new Map(),
    heads: new Map(),
    forks: new Map(),
    documents: new Map(),
    events: new Map(),
    feed: new Map(),
    counter: new Map([[COUNTER, { epoch: feedEpoch, former: [], n: 0, chain: "0".repeat(64) }]]),
    settlements: new Map(),
    applied: [],
  };
}

/** Rows are never changed in place, so a copy of the maps is a backup. */
export function copyTables(tables: StoreTables): StoreTables {
  return {
    lives: new Map(tables.lives),
    heads: new Map(tables.heads),
    forks: new Map(tables.forks),
    documents: new Map(tables.documents),
    events: new Map(tables.events),
    feed: new Map(tables.feed),
    counter: new Map(tables.counter),
    settlements: new Map(tables.settlements),
    applied: [...tables.applied],
  };
}

export const COUNTER = "counter";

export function lifeKey(terminal: string, incarnation: string): string {
  return `${terminal}/${incarnation}`;
}

export function headKey(terminal: string, incarnation: string, seq: number): string {
  return `${terminal}/${incarnation}/${seq}`;
}

export function documentKey(entity: string, localId: string): string {
  return `${entity}/${localId}`;
}
