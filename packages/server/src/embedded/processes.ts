import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "./postgres-error.ts";

const POLL_MS = 20;

/**
 * True while the process runs. A zombie (ended, and nobody collected it: common for orphans in a container, whose
 * process 1 is no init) counts as ended, though the system still has its number.
 */
export function isRunning(pid: number): boolean {
  return hasNumber(pid) && (process.platform !== "linux" || stateOf(pid) !== "Z");
}

/** True while the number is taken, be it by a zombie. That is all PostgreSQL itself looks at. */
export function hasNumber(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM"; // it runs, and belongs to someone else
  }
}

/** True when the process ended in time. */
export async function waitForEnd(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (isRunning(pid)) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/** Sends a signal; a process that has ended already is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (codeOf(error) !== "ESRCH") throw error;
  }
}

/**
 * Whether the process works in the cluster of `clusterDir`: a postmaster and its children all do, which cannot be
 * a coincidence the way a number in a pid file can. `unknown` where the system does not tell.
 */
export function worksInCluster(pid: number, clusterDir: string): "yes" | "no" | "unknown" {
  if (process.platform !== "linux") return "unknown";
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(clusterDir) ? "yes" : "no";
  } catch (error) {
    // Root in a container may not look into another user's process, but may read its name.
    return codeOf(error) === "EACCES" && nameOf(pid) === "postgres" ? "unknown" : "no";
  }
}

/** The processes that certainly work in this cluster, whoever started them; empty where the system does not tell. */
export function processesOfCluster(clusterDir: string): number[] {
  if (process.platform !== "linux") return [];
  const pids = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.filter((pid) => worksInCluster(pid, clusterDir) === "yes" && isRunning(pid));
}

export function childrenOf(parent: number): number[] {
  if (process.platform === "win32") return [];
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).split("\n");
  return lines.flatMap((line) => {
    const [pid, ppid] = line.trim().split(/\s+/).map(Number);
    return pid !== undefined && ppid === parent ? [pid] : [];
  });
}

function stateOf(pid: number): string {
  const stat = readProcess(pid, "stat");
  // The name before the state is in brackets and may hold anything, brackets and spaces too.
  return stat.charAt(stat.lastIndexOf(")") + 2);
}

function nameOf(pid: number): string {
  return readProcess(pid, "comm").trim();
}

function readProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return ""; // it ended meanwhile
  }
}
