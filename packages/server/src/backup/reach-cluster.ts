import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { SyncError } from "@tillsync/protocol";
import { readPidFile } from "../embedded/cluster.ts";
import { adminUrl, ask } from "../embedded/connection.ts";
import { credentialsIn } from "../embedded/data-folder.ts";
import { startPostgres } from "../embedded/index.ts";
import { CLUSTER } from "./backup-folder.ts";
import type { RunningCluster } from "./take-backup.ts";

/**
 * The PostgreSQL of a server's data folder: the one that runs there, or one that is started for as long as it is needed.
 *
 * @throws SyncError NOT_FOUND when there is no database in the folder
 */
export async function reachCluster(
  dataDir: string,
  log: (line: string) => void,
): Promise<RunningCluster & { readonly release: () => Promise<void> }> {
  const path = resolve(dataDir);
  const cluster = join(path, CLUSTER);
  if (!existsSync(join(cluster, "PG_VERSION"))) throw noDatabase(path);
  const credentials = credentialsIn(path);
  const port = readPidFile(cluster)?.port;
  if (port !== undefined && (await ask(port, credentials, cluster)) === "ready")
    return { adminUrl: adminUrl(port, credentials), dataDir: path, release: async () => {} };
  const postgres = await startPostgres({ dataDir: path, log });
  return { adminUrl: postgres.adminUrl, dataDir: path, release: () => postgres.stop("fast") };
}

function noDatabase(path: string): SyncError {
  const message = `There is no database of Tillsync's own in ${path}. With DATABASE_URL, back up with PostgreSQL's tools and say so with --completed.`;
  return new SyncError("NOT_FOUND", message, { field: "Server.DataDir" });
}
