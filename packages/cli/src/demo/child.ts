import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { SyncError } from "@tillsync/protocol";
import { WITH_PARENT } from "../commands/until-stopped.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
/** A process that keeps dying is started again at this pace, not in a tight loop. */
const RESTART_AFTER_MS = 200;
/** A process asked to stop gets this long; its own grace is 5 s. */
const STOP_WITHIN_MS = 9_000;

export interface ChildOptions {
  readonly name: string;
  readonly args: readonly string[];
  /** Secrets go here, never into arguments, which every user of the machine can list. */
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly onDeath: (why: string) => void;
}

/**
 * A process of ours that is started again whenever it dies, until `stop`. It holds the child's standard input, so that
 * the child ends by itself should this process be killed.
 */
export class Child {
  readonly #options: ChildOptions;
  readonly #log: WriteStream;
  #process: ChildProcess | undefined;
  #stopping = false;
  #isServing = false;
  #url = "";

  private constructor(options: ChildOptions) {
    this.#options = options;
    this.#log = createWriteStream(options.logFile, { flags: "a", mode: 0o600 });
  }

  /** Starts the process and waits until it serves. @throws SyncError with its last words when the first start fails */
  static async start(options: ChildOptions): Promise<Child> {
    const child = new Child(options);
    await child.#spawn();
    return child;
  }

  get url(): string {
    return this.#url;
  }

  /** False while it starts, and between two lives. */
  get isServing(): boolean {
    return this.#isServing;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  async #spawn(): Promise<void> {
    const { args, env, name } = this.#options;
    const child = spawn(process.execPath, [MAIN, ...args, "--json"], {
      stdio: ["pipe", "pipe", "pipe"],
      // In a group of its own: Ctrl-C in a terminal reaches only us, and we stop the tills before their server.
      detached: process.platform !== "win32",
      env: { ...process.env, ...env, [WITH_PARENT]: "1" },
    });
    this.#process = child;
    child.stderr?.pipe(this.#log, { end: false });
    let lastWords = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      lastWords = `${lastWords}${chunk.toString("utf8")}`.slice(-4000);
    });
    const ended = once(child, "exit").then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as string | null,
    }));
    const ready = await Promise.race([readyOf(child), ended.then(() => undefined)]);
    if (ready === undefined) throw failureOf(name, lastWords);
    this.#url = ready;
    this.#isServing = true;
    void ended.then(({ code, signal }) => this.#died(signal ?? `exit code ${code}`));
  }

  #died(why: string): void {
    this.#isServing = false;
    if (this.#stopping) return;
    this.#options.onDeath(why);
    setTimeout(() => void this.#restart(), RESTART_AFTER_MS);
  }

  async #restart(): Promise<void> {
    if (this.#stopping) return;
    try {
      await this.#spawn();
    } catch (error) {
      this.#died(error instanceof Error ? error.message : String(error));
    }
  }

  /**
   * SIGKILL: no goodbye, as when somebody pulls the plug of the process. It is started again.
   *
   * @returns false when there was no process to kill: it had died, and the next one is not there yet
   */
  kill(): boolean {
    return this.#process?.kill("SIGKILL") ?? false;
  }

  /** Asks it to stop and waits; after its grace it is killed. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#process;
    if (child && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
      await ended;
      clearTimeout(timer);
    }
    this.#log.end();
  }
}

async function readyOf(child: ChildProcess): Promise<string | undefined> {
  if (!child.stdout) return undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const { ready } = JSON.parse(line) as { ready?: string };
    if (ready !== undefined) {
      child.stdout.resume();
      return ready;
    }
  }
  return undefined;
}

/** The child's own typed error, when its last words hold one. */
function failureOf(name: string, lastWords: string): SyncError {
  const line = lastWords
    .trim()
    .split("\n")
    .findLast((text) => text.startsWith('{"error":'));
  if (line !== undefined) {
    const { error } = JSON.parse(line) as { error: { code: string; message: string } };
    return new SyncError(error.code as "UNAVAILABLE", error.message, {});
  }
  return new SyncError(
    "UNAVAILABLE",
    `${name} did not start: ${lastWords.trim().split("\n").at(-1) || "it said nothing"}`,
  );
}
