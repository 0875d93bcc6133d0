import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { describe, expect, it, onTestFinished, type TestContext } from "vitest";
import { tempFolder } from "../testing/temp-folder.ts";
import { type EmbeddedPostgres, locateBinaries, type PostgresOptions, startPostgres } from "./index.ts";
import { chooseLauncher } from "./launcher.ts";
import { findFreePort } from "./ports.ts";
import { isRunning, waitForEnd } from "./processes.ts";

const CHILD = fileURLToPath(new URL("../testing/postgres-child.ts", import.meta.url));
const NOBODY = 65534;
const IS_ROOT = process.geteuid?.() === 0;

describe("after the parent was killed", () => {
  it("takes over the postmaster that is still there", async () => {
    const dataDir = tempFolder();
    const orphan = await startAndKillParent(dataDir);
    expect(isRunning(orphan.pid)).toBe(true);
    const lines: string[] = [];
    const postgres = await start({ dataDir, log: (line) => lines.push(line) });
    expect(postgres).toMatchObject({ pid: orphan.pid, port: orphan.port });
    expect(lines[0]).toContain("taking it over");
    await postgres.stop("fast");
    expect(isRunning(orphan.pid)).toBe(false);
    expect((await start({ dataDir })).pid).not.toBe(orphan.pid);
  });

  it("makes the database again when the parent was killed while preparing it", async () => {
    const dataDir = tempFolder();
    const child = spawn(process.execPath, [CHILD, dataDir], { stdio: "ignore" });
    onTestFinished(() => void child.kill("SIGKILL"));
    await expect
      .poll(() => readdirSync(dataDir).some((name) => name.startsWith("initialising-")), { interval: 5 })
      .toBe(true);
    child.kill("SIGKILL");
    const client = await connected((await start({ dataDir })).url);
    await client.end();
  });

  it("moves it when another port is asked for", async () => {
    const dataDir = tempFolder();
    const orphan = await startAndKillParent(dataDir);
    const port = await findFreePort(undefined);
    const postgres = await start({ dataDir, port });
    expect(postgres.port).toBe(port);
    expect(isRunning(orphan.pid)).toBe(false);
  });

  it("replaces one that hangs in the middle of its shutdown", async () => {
    const dataDir = tempFolder();
    const orphan = await startAndKillParent(dataDir);
    const client = await connected(orphan.adminUrl);
    // A smart shutdown waits for this connection, and refuses all others: it serves nobody any more.
    process.kill(orphan.pid, "SIGTERM");
    setTimeout(() => client.end(), 300);
    const postgres = await start({ dataDir });
    expect(postgres.pid).not.toBe(orphan.pid);
  });

  it("waits for the children of a killed postmaster before it starts another", async () => {
    const dataDir = tempFolder();
    const orphan = await startAndKillParent(dataDir);
    const client = await connected(orphan.adminUrl);
    const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    // Busy with no wait in it: it does not notice that its postmaster is gone.
    client.query("SELECT count(*) FROM generate_series(1, 100000000000::bigint) n").catch(() => {});
    process.kill(orphan.pid, "SIGKILL");
    await waitForEnd(orphan.pid, 5000);
    expect(isRunning(rows[0]?.pid ?? 0)).toBe(true);
    await start({ dataDir });
    expect(isRunning(rows[0]?.pid ?? 0)).toBe(false);
  });

  it("starts although the number in the pid file belongs to a stranger now", async () => {
    const dataDir = tempFolder();
    const first = await start({ dataDir });
    const pidFile = join(dataDir, "pg18", "postmaster.pid");
    const text = readFileSync(pidFile, "utf8");
    await first.kill();
    const stranger = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    onTestFinished(() => void stranger.kill("SIGKILL"));
    writeFileSync(pidFile, text.replace(/^\d+/, String(stranger.pid)));
    const second = await start({ dataDir });
    expect(second.pid).not.toBe(stranger.pid);
    expect(stranger.exitCode).toBeNull();
  });
});

describe("users", () => {
  it("says DATA_DIR_NOT_WRITABLE in a folder of someone else", async (context) => {
    const dataDir = tempFolder();
    chmodSync(dataDir, 0o555);
    expect(await startAsOrdinaryUser(context, dataDir)).toMatchObject({ code: "DATA_DIR_NOT_WRITABLE" });
  });

  it("runs as an ordinary user", async (context) => {
    const parent = tempFolder();
    chmodSync(parent, 0o777);
    expect(await startAsOrdinaryUser(context, join(parent, "data"))).toMatchObject({ pid: expect.any(Number) });
  });

  it("runs as another user when root may not make namespaces, and goes on as that user", async (context) => {
    if (!IS_ROOT) context.skip("not run: only root changes its user");
    const parent = tempFolder();
    chmodSync(parent, 0o755);
    const dataDir = join(parent, "data");
    const launcher = chooseLauncher(join(dataDir, "pg18"), ["false"]);
    if (launcher.kind !== "user") throw new Error(`the launcher is ${launcher.kind}`);
    const reached = spawnSync(locateBinaries().postgres, ["--version"], { uid: launcher.uid, gid: launcher.gid });
    if (reached.status !== 0) context.skip("not run: another user cannot enter the folder of this repository");
    const first = await start({ dataDir, launcher });
    await first.stop("fast");
    expect(chooseLauncher(join(dataDir, "pg18"))).toEqual(launcher);
    const second = await start({ dataDir });
    const client = await connected(second.url);
    await client.end();
  });

  it("explains that the other user cannot enter the folder", async (context) => {
    if (!IS_ROOT) context.skip("not run: only root changes its user");
    const dataDir = join(tempFolder(), "data");
    const launcher = chooseLauncher(join(dataDir, "pg18"), ["no-such-program"]);
    await expect(start({ dataDir, launcher })).rejects.toMatchObject({
      code: "PG_START_FAILED",
      message: /as user \d+/,
    });
  });
});

interface Report {
  readonly pid: number;
  readonly port: number;
  readonly adminUrl: string;
}

async function startAndKillParent(dataDir: string): Promise<Report> {
  const { child, report } = await runChild(dataDir);
  onTestFinished(() => endGroupOf(report.pid));
  child.kill("SIGKILL");
  await waitForEnd(child.pid ?? 0, 5000);
  return report;
}

async function startAsOrdinaryUser(context: TestContext, dataDir: string): Promise<Report> {
  const running = runChild(dataDir, IS_ROOT ? { uid: NOBODY, gid: NOBODY } : {}).catch(() => undefined);
  const found = await running;
  if (found === undefined) context.skip("not run: an ordinary user cannot enter the folder of this repository");
  if (found.report.pid !== undefined) onTestFinished(() => endGroupOf(found.report.pid));
  found.child.kill("SIGKILL");
  return found.report;
}

async function runChild(
  dataDir: string,
  identity: { uid?: number; gid?: number } = {},
): Promise<{ child: ChildProcess; report: Report }> {
  const child = spawn(process.execPath, [CHILD, dataDir], { stdio: ["ignore", "pipe", "inherit"], ...identity });
  onTestFinished(() => void child.kill("SIGKILL"));
  const failed = new Promise<never>((_resolve, reject) => child.once("error", reject));
  const line = await Promise.race([firstLine(child), failed]);
  return { child, report: JSON.parse(line) as Report };
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("the child has no output");
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error("the child said nothing");
}

async function endGroupOf(postmaster: number): Promise<void> {
  if (isRunning(postmaster)) process.kill(postmaster, "SIGQUIT");
  await waitForEnd(postmaster, 5000);
}

async function start(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const postgres = await startPostgres(options);
  onTestFinished(() => postgres.stop("immediate"));
  return postgres;
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  return client;
}
