import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256 } from "../../system/sha256.ts";

const SOURCE = fileURLToPath(new URL("./interposer.c", import.meta.url));

/** What keeps this machine from running tests with the interposed disk; such a test is told as not run. */
export interface NotRun {
  readonly notRun: string;
}

/** The interposed disk (`interposer.c`), compiled once a machine and version. */
export function interposer(): string | NotRun {
  if (process.platform !== "linux") return { notRun: `LD_PRELOAD is Linux's, this is ${process.platform}` };
  const library = join(tmpdir(), `tillsync-disk-${sha256(readFileSync(SOURCE, "utf8")).slice(0, 16)}.so`);
  if (existsSync(library)) return library;
  const unfinished = `${library}.${process.pid}`;
  const args = ["-O2", "-shared", "-fPIC", "-o", unfinished, SOURCE, "-ldl", "-lpthread"];
  const { error, status, stderr } = spawnSync("cc", args, { encoding: "utf8" });
  if (error) return { notRun: `no C compiler (cc): ${error.message}` };
  if (status !== 0) throw new Error(`interposer.c does not compile:\n${stderr}`);
  renameSync(unfinished, library);
  return library;
}

/** Runs a script of Node behind the interposed disk. */
export function spawnBehind(library: string, script: string, run: BehindDisk): ChildProcess {
  const { folder, log, args = [], options = {}, env = {} } = run;
  const own = { LD_PRELOAD: library, TILLSYNC_DISK: folder, ...(log && { TILLSYNC_DISK_LOG: log }) };
  return spawn(process.execPath, [script, ...args], { ...options, env: { ...process.env, ...env, ...own } });
}

export interface BehindDisk {
  /** Whose files are watched. */
  readonly folder: string;
  /** Where the trace goes. */
  readonly log?: string;
  readonly args?: readonly string[];
  readonly options?: SpawnOptions;
  readonly env?: NodeJS.ProcessEnv;
}

export type DiskCall = "open" | "read" | "write" | "truncate" | "sync" | "unlink";

/** Errors of the operating system, by its numbers on Linux. */
export const ERRNO = { EIO: 5, EACCES: 13, EMFILE: 24, ENOSPC: 28, EROFS: 30 } as const;

/** From inside a process behind the interposed disk: orders to it. See `interposer.c`. */
export class DiskOrders {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The `nth` such call from now on fails, and so do those behind it, `times` in all; 0 without end. */
  fail(call: DiskCall, nth: number, errno: number, times = 1): void {
    this.#order(`fail ${call} ${nth} ${errno} ${times}`);
  }

  /** It does half, and says so; a write behind it finds no space. */
  short(call: "read" | "write", nth: number): void {
    this.#order(`short ${call} ${nth} 0 1`);
  }

  delay(call: DiskCall, ms: number, times = 0): void {
    this.#order(`delay ${call} 1 ${ms} ${times}`);
  }

  /** The files may grow by so many bytes in all. */
  quota(bytes: number): void {
    this.#order(`quota ${bytes}`);
  }

  heal(): void {
    this.#order("heal");
  }

  /** How often each call was made since the last `heal`. */
  counts(): ReadonlyMap<string, number> {
    this.#order("told");
    const lines = readFileSync(join(this.#folder, ".told"), "utf8").trim().split("\n");
    return new Map(lines.map((line) => line.split(" ")).map(([call = "", count]) => [call, Number(count)]));
  }

  #order(text: string): void {
    writeFileSync(join(this.#folder, ".command"), text);
  }
}
