import { SyncError } from "@tillsync/protocol";
import type pg from "pg";
import { checkLineage, type Lineage, type Seen } from "./lineage.ts";
import { readWitness, writeWitness } from "./witness-file.ts";

export interface LineageWatchOptions {
  /** Connections of its own: it looks while others wait for theirs. */
  readonly pool: pg.Pool;
  /** Where to remember the database between two starts; without it only PostgreSQL's own marks tell. */
  readonly witnessFile?: string | undefined;
  /** A new epoch began, and why. */
  readonly onRenew: (why: string) => void;
  /** The file could not be written. It only lags, as it may. */
  readonly onForgetful: (error: unknown) => void;
}

const GLANCE = `SELECT s.system_identifier::text AS system, ('x' || left(pg_walfile_name(l.lsn), 8))::bit(32)::bigint AS timeline,
    (l.lsn - '0/0'::pg_lsn)::text AS lsn
  FROM pg_control_system() s, (SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_flush_lsn() END AS lsn) l`;

/**
 * Knows whether the database is still the one that this server knew. It looks at the start, with every new connection (a
 * database that was replaced has ended the old ones) and once a minute, and it looks before the connection is used.
 */
export class LineageWatch {
  readonly #options: LineageWatchOptions;
  #seen: Seen | undefined;
  #looking: Promise<void> | undefined;

  constructor(options: LineageWatchOptions) {
    this.#options = options;
    this.#seen = options.witnessFile === undefined ? undefined : readWitness(options.witnessFile);
  }

  /** Of the server, as of the last look. */
  get epoch(): string {
    if (this.#seen === undefined) throw new Error("nobody has looked at the database yet");
    return this.#seen.epoch;
  }

  /** Looks closely; a look that is under way is waited for. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** For the pool: a connection is used when it leads to the database as it was. */
  readonly onConnect = async (client: pg.ClientBase): Promise<void> => {
    const { rows } = await client.query<{ system: string; timeline: number | null; lsn: string | null }>(GLANCE);
    const [row] = rows;
    if (row === undefined || row.timeline === null || row.lsn === null) throw standby();
    const seen = this.#seen;
    const isSame = seen?.system === row.system && seen.timeline === row.timeline && seen.lsn <= BigInt(row.lsn);
    if (!isSame) await this.look();
  };

  async #look(): Promise<void> {
    const { pool, witnessFile, onRenew } = this.#options;
    const found: Lineage = await checkLineage(pool, this.#seen);
    const { renewed, ...seen } = found;
    this.#seen = seen;
    if (renewed !== null) onRenew(renewed);
    if (witnessFile === undefined) return;
    try {
      writeWitness(witnessFile, seen);
    } catch (error) {
      this.#options.onForgetful(error);
    }
  }
}

function standby(): SyncError {
  const message = "PostgreSQL is a standby that only reads; it serves when it is promoted.";
  return new SyncError("UNAVAILABLE", message, { part: "database" });
}
