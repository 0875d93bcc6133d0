import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type DoorKeys, doorKeys, type MigratedDatabase, migratedDatabase } from "@tillsync/server/testing";
import pg from "pg";
import { Child } from "../../demo/child.ts";

const PROBE_EVERY_MS = 5;
const LOCAL_KEY = "local-key-0123456789";

/** A centre and a till as processes of their own, on a real PostgreSQL, to be treated badly. */
export class LiveDoors {
  readonly server: Child;
  readonly till: Child;
  readonly keys: DoorKeys;
  readonly localKey = LOCAL_KEY;
  /** Why one of them died. */
  readonly deaths: string[];
  readonly #folder: string;
  readonly #database: MigratedDatabase;

  private constructor(parts: {
    server: Child;
    till: Child;
    keys: DoorKeys;
    deaths: string[];
    folder: string;
    database: MigratedDatabase;
  }) {
    this.server = parts.server;
    this.till = parts.till;
    this.keys = parts.keys;
    this.deaths = parts.deaths;
    this.#folder = parts.folder;
    this.#database = parts.database;
  }

  static async start(): Promise<LiveDoors> {
    const folder = mkdtempSync(join(tmpdir(), "tillsync-hostile-"));
    const database = await migratedDatabase();
    const keys = await doorKeys(database.pool);
    const deaths: string[] = [];
    const config = join(folder, "tillsync.config.json");
    const rates = { RequestsPerSecondPerDevice: 100_000, RequestsPerSecondPerStore: 100_000 };
    writeFileSync(config, JSON.stringify({ Server: rates, Terminal: { LocalKey: LOCAL_KEY } }));
    const child = (name: string, args: readonly string[], env: Record<string, string>) =>
      Child.start({
        name,
        args: [...args, "--config", config, "--port", "0"],
        env,
        logFile: join(folder, `${name}.log`),
        onDeath: (why) => deaths.push(`${name}: ${why}`),
      });
    const server = await child("server", ["server"], { DATABASE_URL: database.url });
    const dataDir = join(folder, "till");
    const id = keys.terminal.terminal ?? "";
    const till = await child("till", ["terminal", "--data-dir", dataDir, "--id", id, "--central", server.url], {
      TILLSYNC_KEY: keys.terminal.key,
    });
    return new LiveDoors({ server, till, keys, deaths, folder, database });
  }

  /** Lines of both logs that speak of a mistake of ours. */
  mistakes(): string[] {
    return ["server", "till"].flatMap((name) =>
      readFileSync(join(this.#folder, `${name}.log`), "utf8")
        .split("\n")
        .filter(
          (line) => line.includes('"level":50') || line.includes('"level":60') || /unhandled|uncaught/i.test(line),
        ),
    );
  }

  /** Sends everything the till has, and counts what the centre made of it: `applied`, or `parked BODY_INVALID`. */
  async effectsOfTill(): Promise<Readonly<Record<string, number>>> {
    const headers = { authorization: `Bearer ${LOCAL_KEY}` };
    const answer = await fetch(`${this.till.url}/api/sync/now`, { method: "POST", headers });
    const { left } = (await answer.json()) as { left: number };
    const status = await fetch(`${this.till.url}/api/status`, { headers });
    const { incarnation } = (await status.json()) as { incarnation: string };
    const admin = new pg.Client({ connectionString: this.#database.adminUrl });
    await admin.connect();
    const { rows } = await admin.query<{ what: string; count: string }>(
      `SELECT concat_ws(' ', effect, code) AS what, count(*) FROM tillsync.change_head WHERE terminal = $1 AND incarnation = $2 GROUP BY 1`,
      [this.keys.terminal.terminal, incarnation],
    );
    await admin.end();
    return { left, ...Object.fromEntries(rows.map(({ what, count }) => [what, Number(count)])) };
  }

  async stop(): Promise<void> {
    await Promise.all([this.server.stop(), this.till.stop()]);
    await this.#database.drop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export interface Memory {
  readonly residentBytes: number;
  /** Since the last `resetPeak`. */
  readonly peakBytes: number;
}

/** What a process has in memory; undefined where there is no /proc. */
export function memoryOf(pid: number | undefined): Memory | undefined {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return undefined;
  const status = readFileSync(file, "utf8");
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0) * 1024;
  return { residentBytes: bytes("VmRSS"), peakBytes: bytes("VmHWM") };
}

/** Begins a new count of the highest memory. */
export function resetPeak(pid: number | undefined): void {
  if (existsSync(`/proc/${pid}/clear_refs`)) writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** Asks for the health of a process again and again, until it is told to stop. */
export function probe(url: string): {
  stop(): Promise<{ readonly healthy: number; readonly others: readonly string[] }>;
} {
  let stopping = false;
  let healthy = 0;
  const others: string[] = [];
  const asking = (async () => {
    while (!stopping) {
      try {
        const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(30_000) });
        await answer.arrayBuffer();
        if (answer.status === 200) healthy += 1;
        else others.push(`status ${answer.status}`);
      } catch (error) {
        others.push(String(error));
      }
      // A prober that never rests would be a load of its own.
      await setTimeout(PROBE_EVERY_MS);
    }
  })();
  return {
    stop: async () => {
      stopping = true;
      await asking;
      return { healthy, others };
    },
  };
}
