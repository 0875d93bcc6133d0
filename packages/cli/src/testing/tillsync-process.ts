import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command `tillsync` as a process of its own, all that it says kept. */
export class TillsyncProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<Ended>;
  #stdout = "";
  #stderr = "";

  /**
   * @param group run it as the leader of a process group, as a shell does, so that `interruptGroup` works
   * @param env added to this process's own
   */
  constructor(
    args: readonly string[],
    { group = false, env = {} }: { readonly group?: boolean; readonly env?: Readonly<Record<string, string>> } = {},
  ) {
    const stdio = ["ignore", "pipe", "pipe"] as const;
    const child = spawn(process.execPath, [MAIN, ...args], {
      stdio: [...stdio],
      detached: group,
      env: { ...process.env, ...env },
    });
    this.#child = child;
    child.stdout.on("data", (chunk: Buffer) => {
      this.#stdout += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    this.#ended = once(child, "close").then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout: this.#stdout,
      stderr: this.#stderr,
    }));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Resolves once it has said this, on either stream. @throws Error with its last words when it ends before */
  async said(text: string): Promise<void> {
    const ended = this.#ended.then((last) => {
      throw new Error(`it ended (${last.signal ?? last.code}) and never said "${text}": ${last.stdout}${last.stderr}`);
    });
    while (!this.#stdout.includes(text) && !this.#stderr.includes(text)) {
      await Promise.race([this.#nextWords(), ended]);
    }
    ended.catch(() => {}); // it has said it; how it ends is asked by `ended`
  }

  #nextWords(): Promise<unknown> {
    const { stdout, stderr } = this.#child;
    const abort = new AbortController();
    const waits = [stdout, stderr].flatMap((stream) =>
      stream ? [once(stream, "data", { signal: abort.signal })] : [],
    );
    for (const wait of waits) wait.catch(() => {}); // the one that was not needed
    return Promise.race(waits).finally(() => abort.abort());
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** What Ctrl-C in a terminal does: SIGINT to every process of the group. */
  interruptGroup(): void {
    process.kill(-this.pid, "SIGINT");
  }

  ended(): Promise<Ended> {
    return this.#ended;
  }
}

/** Runs the command to its end. */
export function tillsync(...args: readonly string[]): Promise<Ended> {
  return new TillsyncProcess(args).ended();
}
