import { join } from "node:path";
import { type Enrolled, enroll, migrate, openPool, type RunningServer, startServer } from "@tillsync/server";
import { type BackupFolder, openBackupFolder, restoreServer, takeBackup, WalArchive } from "@tillsync/server/backup";
import { type EmbeddedPostgres, startPostgres } from "@tillsync/server/embedded";
import type pg from "pg";
import pino from "pino";

const STORE = { org: "demo", store: "main", currency: "KES" } as const;
const LOG_EVERY_MS = 200;
const TRIES = 10;

/** A central server whose PostgreSQL is backed up all the time, and can be put back to any moment since. For tests. */
export class RestorableCentre {
  readonly backups: BackupFolder;
  /** Why the server began another epoch, as it found out by itself. */
  readonly noticed: string[] = [];
  /** What went wrong with copying the log, but for a machine that is gone. */
  readonly troubles: string[] = [];
  readonly #root: string;
  #postgres: EmbeddedPostgres;
  #server: RunningServer | undefined;
  #archive: WalArchive;
  #admin: pg.Pool;
  #lives = 1;
  #port = 0;

  private constructor(root: string, postgres: EmbeddedPostgres) {
    this.#root = root;
    this.#postgres = postgres;
    this.backups = openBackupFolder(join(root, "backups"));
    this.#archive = this.#newArchive();
    this.#admin = adminPool(postgres);
  }

  static async start(root: string): Promise<RestorableCentre> {
    const postgres = await startPostgres({ dataDir: join(root, "life-1") });
    await migrate(postgres.url);
    const centre = new RestorableCentre(root, postgres);
    await centre.#archive.start();
    await centre.startServer();
    return centre;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async startServer(): Promise<void> {
    const write = (line: string) => {
      if (line.includes("new epoch begins")) this.noticed.push((JSON.parse(line) as { msg: string }).msg);
    };
    const log = pino({ level: "warn" }, { write });
    this.#server = await startServer({ databaseUrl: this.#postgres.url, host: "127.0.0.1", port: this.#port, log });
    this.#port = Number(new URL(this.#server.url).port);
  }

  async stopServer(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }

  async enrol(shortId: string): Promise<Enrolled> {
    const pool = openPool(this.#postgres.url, { max: 1 });
    try {
      return await enroll(pool, { ...STORE, role: "terminal", name: shortId, terminal: { shortId } }, Date.now());
    } finally {
      await pool.end();
    }
  }

  /** Rows as the superuser sees them. */
  async rows<T extends object>(sql: string, ...values: readonly unknown[]): Promise<T[]> {
    for (let tries = 1; ; tries++) {
      try {
        return (await this.#admin.query<T>(sql, [...values])).rows;
      } catch (error) {
        // The tills of the test sell in this process, and may keep it busy for longer than a connection waits.
        if (tries >= TRIES || !String(error).includes("timeout")) throw error;
      }
    }
  }

  /** Where the log is, with a commit behind it: PostgreSQL rolls forward to no position that nothing follows. */
  async position(): Promise<string> {
    const [row] = await this.rows<{ lsn: string }>("SELECT pg_logical_emit_message(true, 'a test', '')::text AS lsn");
    return row?.lsn ?? "";
  }

  async backUp(): Promise<void> {
    const cluster = { adminUrl: this.#postgres.adminUrl, dataDir: this.#postgres.dataDir };
    await takeBackup(cluster, this.backups, { log: () => {}, nowMs: () => Date.now(), actor: "a test" });
  }

  /** The machine is lost; another one gets the backup and the log up to a position, under the same address. */
  async loseAndRestore(lsn: string): Promise<void> {
    await this.#archive.copyNow();
    await this.#postgres.kill();
    await this.#archive.stop();
    await this.#admin.end();
    const dataDir = join(this.#root, `life-${++this.#lives}`);
    await restoreServer(this.backups, { dataDir, until: { lsn }, log: () => {} });
    this.#postgres = await startPostgres({ dataDir, port: this.#postgres.port });
    this.#admin = adminPool(this.#postgres);
    this.#archive = this.#newArchive();
    await this.#archive.start();
  }

  /** While the machine is lost, its log cannot be copied. */
  #unlessGone(error: unknown): void {
    const { code } = error as { code?: string };
    if (!["ECONNREFUSED", "57P01", "57P03", "ECONNRESET"].includes(code ?? "")) this.troubles.push(String(error));
  }

  async stop(): Promise<void> {
    await this.stopServer();
    await this.#archive.stop();
    // A restore that failed has left it ended, and its own error is the one to tell.
    if (!this.#admin.ended) await this.#admin.end();
    await this.#postgres.stop("immediate");
  }

  #newArchive(): WalArchive {
    const cluster = { adminUrl: this.#postgres.adminUrl, dataDir: this.#postgres.dataDir };
    return new WalArchive({
      cluster,
      folder: this.backups,
      everyMs: LOG_EVERY_MS,
      onFailure: (error) => this.#unlessGone(error),
    });
  }
}

function adminPool({ adminUrl }: EmbeddedPostgres): pg.Pool {
  const url = new URL(adminUrl);
  url.pathname = "/tillsync";
  return openPool(url.href, { max: 2 });
}
