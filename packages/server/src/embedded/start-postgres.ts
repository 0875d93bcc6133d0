import { locateBinaries } from "./binaries.ts";
import { ensureCluster } from "./cluster.ts";
import { adminUrl, ensureDatabase, ownerUrl } from "./connection.ts";
import { type DataFolder, openDataFolder } from "./data-folder.ts";
import { chooseLauncher, handFilesTo, type Launcher } from "./launcher.ts";
import { findFreePort, isPortFree, portInUse } from "./ports.ts";
import { PostgresError } from "./postgres-error.ts";
import { adoptOrphan, type Postmaster, startPostmaster } from "./postmaster.ts";
import { childrenOf, processesOfCluster, signalProcess, waitForEnd } from "./processes.ts";

/** Between finding a free port and PostgreSQL taking it, another program may take it. */
const PORT_TRIES = 5;
/** A fast stop writes a checkpoint first; after this long it is cut short, and the next start recovers instead. */
const STOP_LIMIT_MS = { fast: 60_000, immediate: 10_000 } as const;

export interface PostgresOptions {
  /** Holds everything: the cluster, the passwords (0600), the port, the logs. Made when it does not exist. */
  readonly dataDir: string;
  /** 0 or absent: the one of the last start when it is free, otherwise a free one. */
  readonly port?: number;
  /** Gets each step as a line; PostgreSQL's own log is in `<dataDir>/pg18/log`. */
  readonly log?: (line: string) => void;
  /** How the programs are started; chosen by itself, given only by tests. */
  readonly launcher?: Launcher;
}

export interface EmbeddedPostgres {
  /** Database `tillsync` as its owner, an ordinary user: what DATABASE_URL would be. */
  readonly url: string;
  /** Database `postgres` as superuser: for backups and for tests that make databases of their own. */
  readonly adminUrl: string;
  readonly dataDir: string;
  readonly port: number;
  readonly pid: number;
  /** `fast` ends connections and writes everything out; `immediate` is a crash in good order: the next start recovers. */
  stop(mode: "fast" | "immediate"): Promise<void>;
  /** SIGKILL to the postmaster and all its children, as if the power had gone. For tests. */
  kill(): Promise<void>;
}

/**
 * Runs the PostgreSQL 18 that npm installed, on this machine only, and resolves when it serves. Prepares the database
 * the first time, waits for recovery after a crash, and takes over a postmaster that outlived its parent.
 *
 * @throws PostgresError with one of its codes
 */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const binaries = locateBinaries();
  const folder = await openDataFolder(options.dataDir);
  const log = options.log ?? (() => {});
  let postmaster: Postmaster | undefined;
  try {
    const launcher = options.launcher ?? chooseLauncher(folder.clusterDir);
    const credentials = folder.credentials();
    postmaster = await adoptOnPort(folder, options.port ?? 0, log);
    if (postmaster === undefined) {
      await ensureCluster(folder, binaries, launcher, log);
      postmaster = await onSomePort(folder, options.port ?? 0, (port) => {
        handFilesTo(launcher, folder.path);
        return startPostmaster(folder, binaries, launcher, port, log);
      });
    }
    folder.rememberPort(postmaster.port);
    await ensureDatabase(postmaster.port, credentials);
    handFilesTo(launcher, folder.path);
    log(`the database serves on port ${postmaster.port} (process ${postmaster.pid})`);
    return running(folder, postmaster);
  } catch (error) {
    // The caller gets nothing to stop it with.
    if (postmaster !== undefined) await stopPostmaster(postmaster.pid, "immediate");
    folder.release();
    throw error;
  }
}

/** An orphan, unless it serves on another port than the one asked for: that one is stopped. */
async function adoptOnPort(
  folder: DataFolder,
  wanted: number,
  log: (line: string) => void,
): Promise<Postmaster | undefined> {
  const orphan = await adoptOrphan(folder, log);
  if (orphan === undefined || wanted === 0 || wanted === orphan.port) return orphan;
  log(`the database moves from port ${orphan.port} to ${wanted}`);
  await stopPostmaster(orphan.pid, "fast");
  return undefined;
}

async function onSomePort(
  folder: DataFolder,
  wanted: number,
  start: (port: number) => Promise<Postmaster>,
): Promise<Postmaster> {
  if (wanted !== 0) {
    if (!(await isPortFree(wanted))) throw portInUse(wanted);
    return start(wanted);
  }
  for (let attempt = 1; ; attempt += 1) {
    const port = await findFreePort(attempt === 1 ? folder.rememberedPort() : undefined);
    try {
      return await start(port);
    } catch (error) {
      const taken = error instanceof PostgresError && error.code === "PORT_IN_USE";
      if (!taken || attempt === PORT_TRIES) throw error;
    }
  }
}

function running(folder: DataFolder, { pid, port }: Postmaster): EmbeddedPostgres {
  const credentials = folder.credentials();
  let ending: Promise<void> | undefined;
  const end = (action: () => Promise<void>) => {
    // A second stop waits for the first: by then the folder and even the number may be someone else's.
    ending ??= action().finally(() => folder.release());
    return ending;
  };
  return {
    url: ownerUrl(port, credentials),
    adminUrl: adminUrl(port, credentials),
    dataDir: folder.path,
    port,
    pid,
    stop: (mode) => end(() => stopPostmaster(pid, mode)),
    kill: () => end(() => killCluster(pid, folder.clusterDir)),
  };
}

async function stopPostmaster(pid: number, mode: "fast" | "immediate"): Promise<void> {
  if (mode === "fast") {
    signalProcess(pid, "SIGINT");
    if (await waitForEnd(pid, STOP_LIMIT_MS.fast)) return;
  }
  signalProcess(pid, "SIGQUIT");
  if (await waitForEnd(pid, STOP_LIMIT_MS.immediate)) return;
  signalProcess(pid, "SIGKILL");
  await waitForEnd(pid, STOP_LIMIT_MS.immediate);
}

async function killCluster(pid: number, clusterDir: string): Promise<void> {
  const children = childrenOf(pid);
  // First the postmaster, so that it cannot start more.
  signalProcess(pid, "SIGKILL");
  await waitForEnd(pid, STOP_LIMIT_MS.immediate);
  for (const child of new Set([...children, ...processesOfCluster(clusterDir)])) {
    signalProcess(child, "SIGKILL");
    await waitForEnd(child, STOP_LIMIT_MS.immediate);
  }
}
