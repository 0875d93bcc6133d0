import { type EmbeddedPostgres, startPostgres } from "@tillsync/server/embedded";
import pg from "pg";

/** How soon after PostgreSQL's death its next life begins. */
const RESTART_AFTER_MS = 200;

export interface KeptDatabase {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * The embedded PostgreSQL, started again whenever it dies: one idle connection watches it. Port and password stay, so
 * whoever uses it only has to connect again.
 */
export async function keepPostgres(dataDir: string, onDeath: (why: string) => void): Promise<KeptDatabase> {
  let running = await startPostgres({ dataDir });
  let stopping = false;
  const { url } = running;

  let restarting: Promise<void> = Promise.resolve();
  const restartAfter = (delayMs: number) => {
    setTimeout(() => {
      restarting = restart();
    }, delayMs);
  };

  async function restart(): Promise<void> {
    if (stopping) return;
    try {
      // What is left of the dead one: children that linger, and our own lock on the folder.
      await running.kill();
      running = await startPostgres({ dataDir, port: running.port });
      await watch(running);
    } catch (error) {
      onDeath(`it did not start: ${error instanceof Error ? error.message : String(error)}`);
      restartAfter(RESTART_AFTER_MS * 10);
    }
  }

  async function watch(database: EmbeddedPostgres): Promise<void> {
    const client = new pg.Client({ connectionString: database.url, application_name: "tillsync demo" });
    client.on("error", () => {}); // "end" follows, and that is what counts
    await client.connect();
    client.once("end", () => {
      if (stopping) return;
      onDeath("its connection ended");
      restartAfter(RESTART_AFTER_MS);
    });
    watcher = client;
  }

  let watcher: pg.Client | undefined;
  await watch(running);
  return {
    url,
    stop: async () => {
      stopping = true;
      // One that is being started would outlive us.
      await restarting;
      await watcher?.end();
      await running.stop("fast");
    },
  };
}
