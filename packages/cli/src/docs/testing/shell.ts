import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** What a program that ran to its end left: both its streams in the order in which they came. */
export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** On top of ours. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The path of a program, or undefined when this machine has none of that name. */
export function findProgram(name: string): string | undefined {
  const places = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name));
  return places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(program, args, settings(options));
  const output = collect(child);
  child.stdin?.end();
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output: output() };
}

/** A program that stays, at a terminal of its own: what is typed goes to it, Ctrl-C included. */
export class Staying {
  readonly #child: ChildProcess;
  readonly #output: () => string;
  readonly #closed: Promise<unknown>;
  #ended = false;
  #wake = () => {};

  /** @param line of `sh` */
  constructor(line: string, options: RunOptions = {}) {
    // `script` of util-linux gives it a terminal; -e hands on its exit code, -f every byte as it comes.
    this.#child = spawn("script", ["-qefc", line, "/dev/null"], settings(options));
    this.#output = collect(this.#child, () => this.#wake());
    this.#closed = once(this.#child, "close").then(() => {
      this.#ended = true;
      this.#wake();
    });
  }

  get output(): string {
    return this.#output();
  }

  /** Resolves when it has printed `text`, from `after` characters on. @throws when it ends before that */
  async printed(text: string, after = 0): Promise<void> {
    while (!this.output.includes(text, after)) {
      if (this.#ended) throw new Error(`it ended before it printed "${text}":\n${this.output}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Ctrl-C, and waits until it is gone. */
  async end(): Promise<void> {
    if (!this.#ended) this.type("\u0003");
    await this.#closed;
  }
}

function settings({ cwd = process.cwd(), env = {} }: RunOptions) {
  return { cwd, env: { ...ambient(), ...env }, stdio: "pipe" as const };
}

/** Our surroundings as a newcomer's shell has them: without what a test runner or a configured server leaves there. */
function ambient(): NodeJS.ProcessEnv {
  const left = /^(TILLSYNC|VITEST|DATABASE|SYNC)_|^VITEST$|^npm_|^NODE_|_(ID|URL|PORT)$|^FORCE_COLOR$/;
  const kept = Object.entries(process.env).filter(([name]) => !left.test(name));
  return { ...Object.fromEntries(kept), NO_COLOR: "1" };
}

function collect(child: ChildProcess, onMore: () => void = () => {}): () => string {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      onMore();
    });
  }
  return () => output;
}
