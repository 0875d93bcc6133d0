import { readdirSync, readFileSync } from "node:fs";

/** A process as the system knew it: its number alone may be given to another one later. */
export interface SeenProcess {
  readonly pid: number;
  readonly startedAt: string;
  readonly command: string;
}

/** Whether this system tells about its processes (Linux does). */
export function knowsProcesses(): boolean {
  return process.platform === "linux";
}

/** Every process that descends from `pid`, as of now. */
export function descendantsOf(pid: number): SeenProcess[] {
  const children = new Map<number, number[]>();
  for (const each of allPids()) {
    const parent = statOf(each)?.parent;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), each]);
  }
  const found: SeenProcess[] = [];
  const walk = (parent: number): void => {
    for (const child of children.get(parent) ?? []) {
      const seen = look(child);
      if (seen) found.push(seen);
      walk(child);
    }
  };
  walk(pid);
  return found;
}

/** Processes whose command line names this folder: a PostgreSQL that has left its parent, too. */
export function processesNaming(folder: string): SeenProcess[] {
  return allPids().flatMap((pid) => {
    const seen = pid === process.pid ? undefined : look(pid);
    return seen?.command.includes(folder) ? [seen] : [];
  });
}

/** Those of them that still run. A zombie does not. */
export function stillRunning(seen: readonly SeenProcess[]): SeenProcess[] {
  return seen.filter(({ pid, startedAt }) => {
    const stat = statOf(pid);
    return stat !== undefined && stat.startedAt === startedAt && stat.state !== "Z";
  });
}

function look(pid: number): SeenProcess | undefined {
  const stat = statOf(pid);
  if (stat === undefined || stat.state === "Z") return undefined;
  return { pid, startedAt: stat.startedAt, command: read(pid, "cmdline").replaceAll("\0", " ").trim() };
}

function allPids(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** `proc(5)`: after the name in brackets come state, parent, and as 22nd field the start time. */
function statOf(pid: number): { state: string; parent: number; startedAt: string } | undefined {
  const text = read(pid, "stat");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, parent] = fields;
  if (state === undefined || parent === undefined) return undefined;
  return { state, parent: Number(parent), startedAt: fields[19] ?? "" };
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return ""; // it ended meanwhile
  }
}
