import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const EXAMPLE_FOLDER = fileURLToPath(new URL("../../../../../examples/sync-client", import.meta.url));

/** What a program of `examples/sync-client` needs to be run, and why it cannot be. */
export interface ExampleProgram {
  readonly name: string;
  readonly command: readonly string[];
  readonly missing: string | undefined;
}

const hasPython = spawnSync("python3", ["--version"]).status === 0;

export const NODE: ExampleProgram = {
  name: "sync-client.ts",
  command: [process.execPath, "sync-client.ts"],
  missing: undefined,
};
export const PYTHON: ExampleProgram = {
  name: "sync_client.py",
  command: ["python3", "sync_client.py"],
  missing: hasPython ? undefined : "not run: there is no python3 here",
};
export const PROGRAMS = [NODE, PYTHON] as const;

export interface DeviceSettings {
  readonly folder: string;
  readonly baseUrl: string;
  readonly apiKey?: string;
  readonly deviceId?: string;
  readonly more?: Readonly<Record<string, string>>;
}

/** The environment of a device that keeps its things in `folder`. */
export function environmentOf({ folder, baseUrl, apiKey, deviceId, more = {} }: DeviceSettings): NodeJS.ProcessEnv {
  const kept = { DATA_FOLDER: join(folder, "till-data"), DATA_FILE: join(folder, "till.db") };
  const { PATH } = process.env;
  return {
    PATH,
    PYTHONDONTWRITEBYTECODE: "1",
    API_BASE_URL: baseUrl,
    ...kept,
    ...(apiKey === undefined ? {} : { API_KEY: apiKey }),
    ...(deviceId === undefined ? {} : { DEVICE_ID: deviceId }),
    ...more,
  };
}

/** One of the two clients as processes of its own: a device that remembers between them. */
export class ExampleDevice {
  readonly #command: readonly string[];
  readonly #env: NodeJS.ProcessEnv;

  constructor({ command }: ExampleProgram, settings: DeviceSettings) {
    this.#command = command;
    this.#env = environmentOf(settings);
  }

  start(...args: readonly string[]): ChildProcessWithoutNullStreams {
    const [program = "", ...before] = this.#command;
    return spawn(program, [...before, ...args], { cwd: EXAMPLE_FOLDER, env: this.#env });
  }

  /** Runs a command to its end. @returns what it printed, line by line. @throws Error with its last words */
  async run<T = Record<string, unknown>>(...args: readonly string[]): Promise<T[]> {
    const child = this.start(...args);
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => {
      errors += chunk.toString();
    });
    const lines: T[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => lines.push(JSON.parse(line)));
    const [code] = await once(child, "close");
    if (code !== 0) throw new Error(`exit code ${code}: ${errors}`);
    return lines;
  }

  async stats(): Promise<Record<string, number | null>> {
    const [stats = {}] = await this.run<Record<string, number | null>>("stats");
    return stats;
  }

  /** Totals by order, those of other devices included. */
  async totals(): Promise<Record<string, number>> {
    const rows = await this.run<{ localId: string; order: { total: number } }>("orders");
    return Object.fromEntries(rows.map(({ localId, order }) => [localId, order.total]));
  }
}
