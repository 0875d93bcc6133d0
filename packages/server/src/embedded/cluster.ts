import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Binaries } from "./binaries.ts";
import { type DataFolder, flushFolder } from "./data-folder.ts";
import { describeLauncher, handFilesTo, type Launcher, launch } from "./launcher.ts";
import { codeOf, messageOf, PostgresError } from "./postgres-error.ts";

const UNFINISHED = "initialising-";

/** What an operator may change afterwards in postgresql.conf. What must hold is given at each start instead. */
const SETTINGS = {
  max_connections: "100",
  timezone: "UTC",
  log_timezone: "UTC",
  // One file per weekday, overwritten a week later: the log cannot fill the disk.
  logging_collector: "on",
  log_filename: "postgres-%a.log",
  log_rotation_age: "1d",
  log_rotation_size: "0",
  log_truncate_on_rotation: "on",
  log_line_prefix: "%m [%p] ",
  // Statements and details of errors carry names, phones and amounts: they do not belong into a log.
  log_min_error_statement: "panic",
  log_error_verbosity: "terse",
};

/**
 * Makes the cluster unless it is there. It is made beside its place and moved there when complete and on the disk, so
 * one that was interrupted is never taken for a whole one: it is thrown away and made again.
 *
 * @throws PostgresError `PG_START_FAILED`
 */
export async function ensureCluster(
  folder: DataFolder,
  binaries: Binaries,
  launcher: Launcher,
  log: (line: string) => void,
): Promise<void> {
  if (existsSync(join(folder.clusterDir, "PG_VERSION"))) return;
  if (removeUnfinished(folder)) log("an earlier preparation of the database was interrupted: starting over");
  // A name of its own: the initdb of a killed parent may still be at work in the other one.
  const unfinished = join(folder.path, `${UNFINISHED}${randomBytes(4).toString("hex")}`);

  log(`preparing the database in ${folder.path}`);
  const passwordFile = join(folder.path, "initdb-password");
  writeFileSync(passwordFile, `${folder.credentials().admin}\n`, { mode: 0o600 });
  try {
    handFilesTo(launcher, folder.path);
    await runInitdb(binaries, launcher, unfinished, passwordFile);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(unfinished, folder.clusterDir);
  flushFolder(folder.path);
}

function removeUnfinished(folder: DataFolder): boolean {
  const found = readdirSync(folder.path).filter((name) => name.startsWith(UNFINISHED));
  for (const name of found) {
    try {
      rmSync(join(folder.path, name), { recursive: true, force: true });
    } catch {
      // Someone still writes there; it is only waste, and the next preparation tries again.
    }
  }
  return found.length > 0;
}

async function runInitdb(binaries: Binaries, launcher: Launcher, target: string, passwordFile: string): Promise<void> {
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  const { program, args, options } = launch(launcher, binaries.initdb, [
    `--pgdata=${target}`,
    "--username=postgres",
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    // Built into PostgreSQL: the same order of texts on every machine, whatever locales it has.
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    ...settings,
  ]);
  try {
    await promisify(execFile)(program, args, options);
  } catch (error) {
    const output = typeof error === "object" && error !== null && "stderr" in error ? String(error.stderr).trim() : "";
    throw new PostgresError(
      "PG_START_FAILED",
      `The database could not be prepared in ${target} ${describeLauncher(launcher)}: ${output || messageOf(error)}`,
      { cause: error },
    );
  }
}

/** The first lines of postmaster.pid: who serves the cluster, and where. */
export interface PidFile {
  readonly pid: number;
  readonly port: number | undefined;
}

export function readPidFile(clusterDir: string): PidFile | undefined {
  let text: string;
  try {
    text = readFileSync(pidFilePath(clusterDir), "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  const lines = text.split("\n");
  const pid = Math.abs(Number(lines[0])); // negative in single-user mode
  const port = Number(lines[3]);
  return Number.isInteger(pid) && pid > 0 ? { pid, port: port > 0 ? port : undefined } : undefined;
}

export function pidFilePath(clusterDir: string): string {
  return join(clusterDir, "postmaster.pid");
}
