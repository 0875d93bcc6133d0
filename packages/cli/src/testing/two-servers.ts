import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Enrolled, type Enrolment, enroll, migrate, openPool } from "@tillsync/server";
import { type EmbeddedPostgres, startPostgres } from "@tillsync/server/embedded";
import type pg from "pg";
import { Child } from "../demo/child.ts";
import { freePorts } from "./free-ports.ts";

const STORE = { org: "demo", store: "main", currency: "KES" } as const;

/** Two server processes on one PostgreSQL that can be killed, and a way to look into it. */
export class TwoServers {
  readonly urls: readonly string[];
  readonly #folder: string;
  readonly #servers: readonly Child[];
  readonly #deaths: string[];
  #postgres: EmbeddedPostgres;
  #admin: pg.Pool;

  private constructor(parts: {
    folder: string;
    servers: readonly Child[];
    deaths: string[];
    postgres: EmbeddedPostgres;
  }) {
    this.#folder = parts.folder;
    this.#servers = parts.servers;
    this.#deaths = parts.deaths;
    this.#postgres = parts.postgres;
    this.#admin = adminPool(parts.postgres);
    this.urls = parts.servers.map(({ url }) => url);
  }

  static async start(): Promise<TwoServers> {
    const folder = mkdtempSync(join(tmpdir(), "tillsync-servers-"));
    const postgres = await startPostgres({ dataDir: join(folder, "postgres") });
    await migrate(postgres.url);
    const first = await freePorts(2);
    const deaths: string[] = [];
    const servers = await Promise.all(
      [first, first + 1].map((port) =>
        Child.start({
          name: `server on ${port}`,
          args: ["server", "--port", String(port), "--data-dir", join(folder, String(port))],
          env: { DATABASE_URL: postgres.url },
          logFile: join(folder, `${port}.log`),
          onDeath: (why) => deaths.push(why),
        }),
      ),
    );
    return new TwoServers({ folder, servers, deaths, postgres });
  }

  /** Why servers died that nobody killed. */
  get deaths(): readonly string[] {
    return this.#deaths;
  }

  get pids(): readonly (number | undefined)[] {
    return this.#servers.map(({ pid }) => pid);
  }

  enrol(shortId: string): Promise<Enrolled> {
    return this.#enroll({ ...STORE, role: "terminal", name: shortId, terminal: { shortId } });
  }

  /** A key of head office. */
  async enrolAdmin(): Promise<string> {
    return (await this.#enroll({ ...STORE, role: "admin", name: "head office" })).key;
  }

  async #enroll(wanted: Enrolment): Promise<Enrolled> {
    const pool = openPool(this.#postgres.url, { max: 1 });
    try {
      return await enroll(pool, wanted, 0);
    } finally {
      await pool.end();
    }
  }

  /** Rows as the superuser sees them. */
  async rows<T extends object>(sql: string, ...values: readonly unknown[]): Promise<T[]> {
    return (await this.#admin.query<T>(sql, [...values])).rows;
  }

  /**
   * SIGKILL to PostgreSQL and all its children, as when the power goes. They are looked up first: a look at the instant
   * itself would take long enough for everything under way to be finished.
   *
   * @param instant resolves when it is to happen
   */
  async killPostgres(instant: () => Promise<void>): Promise<void> {
    const backends = await this.rows<{ pid: number }>("SELECT pid FROM pg_stat_activity");
    await instant();
    for (const pid of [this.#postgres.pid, ...backends.map((backend) => backend.pid)]) killNow(pid);
    await this.#postgres.kill();
    await this.#admin.end();
  }

  /** Starts PostgreSQL again at its place, recovery included. */
  async startPostgres(): Promise<void> {
    this.#postgres = await startPostgres({ dataDir: this.#postgres.dataDir, port: this.#postgres.port });
    this.#admin = adminPool(this.#postgres);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
    await this.#admin.end();
    await this.#postgres.stop("immediate");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function adminPool({ adminUrl, port }: EmbeddedPostgres): pg.Pool {
  const url = new URL(adminUrl);
  url.pathname = "/tillsync";
  url.port = String(port);
  return openPool(url.href, { max: 1 });
}

function killNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ESRCH") throw error; // it had ended by itself
  }
}
