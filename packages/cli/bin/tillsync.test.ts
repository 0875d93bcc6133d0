import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";

const BIN = fileURLToPath(new URL("tillsync.mjs", import.meta.url));
/** Makes a Node of today believe that it is the one of an old machine; a child does not inherit it. */
const OLD =
  "data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.20.2'}})";

/** Stands in for the command: says what it was given, and ends or waits as told. */
const MAIN = `
const words: string[] = process.argv.slice(2);
for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => { console.log(name); process.exit(9); });
console.log(JSON.stringify({ words, node: process.versions.node, mark: process.env.TILLSYNC_REEXECUTED ?? null }));
if (words[0] === "die") { process.removeAllListeners("SIGTERM"); process.kill(process.pid, "SIGTERM"); }
if (words[0] === "wait" || words[0] === "die") setInterval(() => {}, 1000);
else process.exitCode = Number(words[0]);
`;

describe("tillsync", () => {
  it("runs the command on a recent Node without a word of warning", async () => {
    const ended = await run(installation(), ["5", "a b"]).end();
    expect(ended).toMatchObject({ code: 5, stderr: "" });
    expect(JSON.parse(ended.stdout)).toEqual({ words: ["5", "a b"], node: process.versions.node, mark: null });
  });

  it("hands over to the Node that npm installed, with arguments and exit code", async () => {
    const ended = await run(installation(), ["5", "a b"], ["--import", OLD]).end();
    expect(ended).toMatchObject({ code: 5, stderr: "" });
    expect(JSON.parse(ended.stdout)).toEqual({ words: ["5", "a b"], node: process.versions.node, mark: null });
  });

  it.each(["SIGINT", "SIGTERM"] as const)("forwards %s and waits for the orderly end", async (signal) => {
    const running = run(installation(), ["wait"], ["--import", OLD]);
    await running.saidSomething();
    running.child.kill(signal);
    const ended = await running.end();
    expect(ended.code).toBe(9);
    expect(ended.stdout.match(new RegExp(signal, "g"))).toHaveLength(1);
  });

  it("ends by the same signal as the command", async () => {
    expect(await run(installation(), ["die"], ["--import", OLD]).end()).toMatchObject({
      code: null,
      signal: "SIGTERM",
    });
  });

  it("refuses in one sentence when there is no recent Node", async () => {
    const ended = await run(installation({ withNode: false }), ["5"], ["--import", OLD]).end();
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toMatch(
      /^Tillsync needs Node 24\.21 or newer \(this one is 20\.20\.2\) and none is installed.*\n$/,
    );
  });
});

function installation(options: { withNode?: boolean } = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "tillsync-bin-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const cli = join(folder, "packages", "cli");
  cpSync(BIN, join(cli, "bin", "tillsync.mjs"));
  mkdirSync(join(cli, "src"));
  writeFileSync(join(cli, "package.json"), '{ "type": "module" }');
  writeFileSync(join(cli, "src", "main.ts"), MAIN);
  if (options.withNode !== false) {
    mkdirSync(join(folder, "node_modules", ".bin"), { recursive: true });
    symlinkSync(process.execPath, join(folder, "node_modules", ".bin", "node"));
  }
  return join(cli, "bin", "tillsync.mjs");
}

interface Running {
  readonly child: ChildProcess;
  saidSomething(): Promise<void>;
  end(): Promise<{ code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }>;
}

function run(bin: string, args: readonly string[], flags: readonly string[] = []): Running {
  const child = spawn(process.execPath, [...flags, bin, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  return {
    child,
    saidSomething: () => new Promise((resolve) => child.stdout.once("data", () => resolve())),
    end: async () => ({ ...(await ended), stdout, stderr }),
  };
}
