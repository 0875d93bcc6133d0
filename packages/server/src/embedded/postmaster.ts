import { spawn } from "node:child_process";
import { closeSync, openSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Binaries } from "./binaries.ts";
import { type PidFile, pidFilePath, readPidFile } from "./cluster.ts";
import { type Answer, ask } from "./connection.ts";
import type { DataFolder } from "./data-folder.ts";
import { describeLauncher, type Launcher, launch } from "./launcher.ts";
import { lastLogLines, logSizes } from "./log-lines.ts";
import { portInUse } from "./ports.ts";
import { messageOf, PostgresError } from "./postgres-error.ts";
import { hasNumber, isRunning, processesOfCluster, signalProcess, waitForEnd, worksInCluster } from "./processes.ts";

const POLL_MS = 25;
/** Recovery after a crash reads the log written since the last checkpoint: seconds, on a slow disk minutes. */
const RECOVERY_LIMIT_MS = 600_000;
/** A living postmaster that says nothing at all for this long hangs. */
const SILENCE_LIMIT_MS = 30_000;
const REPORT_EVERY_MS = 5000;
const ORPHANS_LEAVE_MS = 3000;

export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

type Log = (line: string) => void;

/** The postmaster that a killed parent left behind, once it answers; otherwise the way is clear for a new one. */
export async function adoptOrphan(folder: DataFolder, log: Log): Promise<Postmaster | undefined> {
  const found = readPidFile(folder.clusterDir);
  if (found === undefined) return undefined;
  const ours = isRunning(found.pid) ? worksInCluster(found.pid, folder.clusterDir) : "no";
  if (ours !== "no" && found.port !== undefined) {
    log(`a database of an earlier run (process ${found.pid}) is still there: taking it over`);
    const postmaster = { pid: found.pid, port: found.port };
    const answer = await waitForAnswer(folder, postmaster, log);
    if (answer === "ready") return postmaster;
    if (isRunning(found.pid)) await endUnresponsive(found, ours);
  }
  await endOrphanedChildren(folder.clusterDir);
  removeStalePidFile(folder.clusterDir, log);
  return undefined;
}

/**
 * Starts a postmaster and waits until it serves, crash recovery included. It is detached, so that Ctrl-C in a terminal
 * reaches only us, and we stop it in order.
 *
 * @throws PostgresError `PORT_IN_USE`, `PG_START_FAILED`
 */
export async function startPostmaster(
  folder: DataFolder,
  binaries: Binaries,
  launcher: Launcher,
  port: number,
  log: Log,
): Promise<Postmaster> {
  const { program, args, options } = launch(launcher, binaries.postgres, ["-D", folder.clusterDir, ...mustHold(port)]);
  const before = logSizes(folder.clusterDir);
  const output = openSync(folder.startLog, "w", 0o600);
  const child = spawn(program, args, { ...options, detached: true, stdio: ["ignore", output, output] });
  closeSync(output);
  let failure: string | undefined;
  child.once("error", (error) => {
    failure = messageOf(error);
  });
  child.once("exit", (code, signal) => {
    failure ??= signal === null ? `exit code ${code}` : `ended by ${signal}`;
  });
  child.unref();
  // One turn of the loop, in which a program that cannot be started reports it and has no pid.
  await sleep(0);

  if (child.pid !== undefined) {
    const postmaster = { pid: child.pid, port };
    const answer = await waitForAnswer(folder, postmaster, log, () => failure !== undefined);
    if (answer === "ready") return postmaster;
    failure ??= answer === "refused" ? `it does not know the password in ${folder.path}` : "it did not answer in time";
    await endNow(child.pid);
  }
  const lines = lastLogLines(folder, before);
  if (lines.some((line) => line.includes("Address already in use"))) throw portInUse(port);
  throw new PostgresError(
    "PG_START_FAILED",
    `PostgreSQL did not start in ${folder.path} ${describeLauncher(launcher)} (${failure ?? "no reason given"}): ${lines.join(" | ")}`,
  );
}

/** Given at each start, so that no edit of postgresql.conf can open the database to the network or risk a sale. */
function mustHold(port: number): string[] {
  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    fsync: "on",
    full_page_writes: "on",
    synchronous_commit: "on",
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

async function waitForAnswer(
  folder: DataFolder,
  postmaster: Postmaster,
  log: Log,
  hasEnded?: () => boolean,
): Promise<Answer> {
  const ended = hasEnded ?? (() => !isRunning(postmaster.pid));
  const begin = performance.now();
  let lastSign = begin;
  let nextReport = begin + REPORT_EVERY_MS;
  for (;;) {
    const answer = await ask(postmaster.port, folder.credentials(), folder.clusterDir);
    // Asked after the answer: whoever answered may be another program on this port, while ours has given up on it.
    if (ended()) return "silent";
    if (answer === "ready") return answer;
    const now = performance.now();
    if (answer === "starting" || answer === "stopping") lastSign = now;
    if (now - lastSign > SILENCE_LIMIT_MS || now - begin > RECOVERY_LIMIT_MS) return answer;
    if (answer === "refused" && now - begin > REPORT_EVERY_MS) return answer;
    if (now > nextReport) {
      log(`waiting for the database (${answer}, ${Math.round((now - begin) / 1000)} s)`);
      nextReport = now + REPORT_EVERY_MS;
    }
    await sleep(POLL_MS);
  }
}

async function endUnresponsive(found: PidFile, ours: "yes" | "unknown"): Promise<void> {
  if (ours === "unknown") {
    throw new PostgresError(
      "PG_START_FAILED",
      `Process ${found.pid} seems to run this database and does not answer: end it, then start again.`,
    );
  }
  await endNow(found.pid);
}

async function endNow(pid: number): Promise<void> {
  signalProcess(pid, "SIGQUIT");
  if (await waitForEnd(pid, ORPHANS_LEAVE_MS)) return;
  signalProcess(pid, "SIGKILL");
  await waitForEnd(pid, ORPHANS_LEAVE_MS);
}

/**
 * Children of a killed postmaster leave by themselves, but one in the middle of a long computation does so late, and
 * two generations writing the same files would destroy them.
 */
async function endOrphanedChildren(clusterDir: string): Promise<void> {
  const deadline = performance.now() + ORPHANS_LEAVE_MS;
  for (const pid of processesOfCluster(clusterDir)) {
    if (await waitForEnd(pid, deadline - performance.now())) continue;
    signalProcess(pid, "SIGKILL");
    await waitForEnd(pid, ORPHANS_LEAVE_MS);
  }
}

/**
 * PostgreSQL itself clears away the file of a postmaster that is gone, after checking that its shared memory is free;
 * that check is lost with the file. Only when the number in it is taken by a stranger or a zombie does PostgreSQL
 * refuse for ever, so only then it is removed, and only after nobody works in the cluster any more.
 */
function removeStalePidFile(clusterDir: string, log: Log): void {
  const found = readPidFile(clusterDir);
  if (found === undefined || !hasNumber(found.pid)) return;
  if (isRunning(found.pid) && worksInCluster(found.pid, clusterDir) !== "no") return;
  if (processesOfCluster(clusterDir).length > 0) return;
  log(`process ${found.pid} is not the database any more: removing its pid file`);
  rmSync(pidFilePath(clusterDir), { force: true });
}
