import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Reply, Request } from "./worker-side.ts";

/** With this variable set to a folder, every process of a bench leaves a CPU profile in it. */
const PROFILE = process.env.TILLSYNC_BENCH_PROFILE;

/** What Node compiled is kept for the next process, as the command `tillsync` does: only a first start is without. */
const COMPILED = fileURLToPath(new URL("../.tillsync/compiled/", import.meta.url));

/** A contender's process: it shares nothing with the bench but the machine. */
export class Worker {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #asked = 0;

  /** @param file a program that calls `answer` of worker-side.ts */
  constructor(file: URL, execArgv: readonly string[] = []) {
    const profile = PROFILE === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${PROFILE}`];
    if (PROFILE !== undefined) mkdirSync(PROFILE, { recursive: true });
    this.#child = fork(file, [], {
      execArgv: [...profile, ...execArgv],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      env: { NODE_COMPILE_CACHE: COMPILED, ...process.env },
    });
    this.#child.on("message", (reply: Reply) => {
      const resolve = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      resolve?.(reply);
    });
    this.#child.once("exit", (code, signal) => {
      for (const [id, resolve] of this.#waiting) resolve({ id, error: `the process ended (${signal ?? code})` });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Has the process do one thing and gives its result. @throws Error with the process's own words */
  async ask<T>(command: string, given: object = {}): Promise<T> {
    const id = ++this.#asked;
    const reply = await new Promise<Reply>((resolve) => {
      this.#waiting.set(id, resolve);
      const request: Request = { id, command, given };
      this.#child.send(request, (error) => {
        if (error) resolve({ id, error: error.message });
      });
    });
    if (reply.error !== undefined) throw new Error(`${command}: ${reply.error}`);
    return reply.result as T;
  }

  /** CPU time of the whole process so far, milliseconds. */
  async cpuMs(): Promise<number> {
    return this.ask<number>("cpuMs");
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.disconnect();
    await ended;
  }
}

/** Starts workers and stops them all, however the work with them ends. */
export async function withWorkers<T>(
  work: (start: (file: URL, execArgv?: readonly string[]) => Worker) => Promise<T>,
): Promise<T> {
  const workers: Worker[] = [];
  try {
    return await work((file, execArgv) => {
      const worker = new Worker(file, execArgv);
      workers.push(worker);
      return worker;
    });
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
  }
}
