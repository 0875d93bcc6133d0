import type { RowChange } from "@tillsync/protocol";
import type pg from "pg";
import type { Scope } from "../ingest/ports.ts";

/** A row of a module of the organization as it stands. */
export interface StandingRow {
  /** Its canonical text; null when it was deleted. */
  readonly text: string | null;
  /** When it was last written, milliseconds since 1970; null when that is not known. */
  readonly changedAtMs: number | null;
}

/** The module that tills read shared records from; imports write it too. */
export interface RecordRows {
  /** The organization's rows with these ids. Nobody else writes them until the transaction ends. */
  read(client: pg.PoolClient, scope: Scope, ids: readonly string[]): Promise<ReadonlyMap<string, StandingRow>>;
  /** Writes rows and tombstones as one edit of the organization's module. The last thing before the commit. */
  write(client: pg.PoolClient, scope: Scope, changes: readonly RowChange[], nowMs: number): Promise<void>;
}
