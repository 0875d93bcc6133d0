import { join } from "node:path";
import pg from "pg";
import type { BackupFolder } from "./backup-folder.ts";
import { CLUSTER } from "./backup-folder.ts";
import type { RunningCluster } from "./take-backup.ts";
import { WalCopier } from "./wal-copier.ts";
import { beginOf, segmentOf } from "./wal-files.ts";

const SLOT = "tillsync_log";
const CONNECT_TIMEOUT_MS = 5000;

/** A slot that was just made begins in the middle of a segment. */
const ADVANCE = `SELECT pg_replication_slot_advance(slot_name, $2::pg_lsn) FROM pg_replication_slots
  WHERE slot_name = $1 AND restart_lsn < $2::pg_lsn`;

/** PostgreSQL keeps what was not copied yet, up to this much: a backup folder that is away must not fill the disk. */
const KEEP_AT_MOST = "8GB";

export interface WalArchiveOptions {
  readonly cluster: RunningCluster;
  readonly folder: BackupFolder;
  /** Milliseconds between two looks: what a lost machine costs of the log. */
  readonly everyMs: number;
  readonly onFailure: (error: unknown) => void;
}

/**
 * Copies the log of a running PostgreSQL all the time. A replication slot has PostgreSQL keep what is not copied yet, across
 * restarts of either; no command of a shell is involved, and nothing has to be set and restarted.
 */
export class WalArchive {
  readonly #options: WalArchiveOptions;
  readonly #copier: WalCopier;
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: WalArchiveOptions) {
    this.#options = options;
    this.#copier = new WalCopier(join(options.cluster.dataDir, CLUSTER), options.folder.wal);
  }

  /** Begins: the first copy is tried when it resolves, and tried again while it fails. */
  async start(): Promise<void> {
    await this.copyNow().catch(this.#options.onFailure);
    this.#next();
  }

  /** Copies what PostgreSQL has flushed up to now. */
  copyNow(): Promise<void> {
    this.#working = this.#working.catch(() => {}).then(() => this.#copy());
    return this.#working;
  }

  /** Copies what is left and ends. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.copyNow().catch(this.#options.onFailure);
    await this.#client?.end().catch(() => {});
  }

  #next(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.copyNow()
        .catch(this.#options.onFailure)
        .finally(() => this.#next());
    }, this.#options.everyMs);
    this.#timer.unref();
  }

  async #copy(): Promise<void> {
    const client = await this.#connect();
    try {
      const writing = segmentOf(await this.#copier.copyNews(client));
      // What is before the segment in writing is copied; PostgreSQL may take those files away.
      if (writing !== undefined) await client.query(ADVANCE, [SLOT, beginOf(writing)]);
    } catch (error) {
      this.#client = undefined;
      await client.end().catch(() => {});
      throw error;
    }
  }

  async #connect(): Promise<pg.Client> {
    if (this.#client !== undefined) return this.#client;
    const connectionString = this.#options.cluster.adminUrl;
    const client = new pg.Client({
      connectionString,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      application_name: "tillsync log",
    });
    client.on("error", () => {
      this.#client = undefined; // the next copy connects anew
    });
    await client.connect();
    try {
      await client.query(`ALTER SYSTEM SET max_slot_wal_keep_size = '${KEEP_AT_MOST}'`);
      await client.query("SELECT pg_reload_conf()");
      await client.query(
        "SELECT pg_create_physical_replication_slot($1, true) WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = $1)",
        [SLOT],
      );
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
    this.#client = client;
    return client;
  }
}
