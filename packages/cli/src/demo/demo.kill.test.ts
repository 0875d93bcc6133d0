import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { askJson } from "../http-door.ts";
import { readHousehold } from "../targets.ts";
import { freePorts } from "../testing/free-ports.ts";
import {
  descendantsOf,
  knowsProcesses,
  processesNaming,
  type SeenProcess,
  stillRunning,
} from "../testing/process-tree.ts";
import { type Ended, TillsyncProcess, tillsync } from "../testing/tillsync-process.ts";

const READY = "Ctrl-C stops everything";

/** One data folder for the whole story: the first start makes it, the others find it. */
let dataDir: string;
let ports: { port: number; terminalPort: number };

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), "tillsync-demo-"));
});
beforeEach(async (context) => {
  if (!knowsProcesses()) context.skip("not run: this system does not tell which processes there are");
  const first = await freePorts(3);
  ports = { port: first, terminalPort: first + 1 };
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

function demoArgs(folder = dataDir, { port, terminalPort } = ports): string[] {
  return ["demo", "--data-dir", folder, "--port", String(port), "--terminal-port", String(terminalPort)];
}

async function startDemo(...more: readonly string[]): Promise<TillsyncProcess> {
  const demo = new TillsyncProcess([...demoArgs(), ...more], { group: true });
  onTestFinished(() => demo.kill("SIGKILL"));
  await demo.said(more.length === 0 ? READY : more.includes("--replay") ? "documents, at" : "");
  return demo;
}

/** Everything a demo has started: its descendants, and PostgreSQL, which leads a group of its own. */
function partsOf(demo: TillsyncProcess): SeenProcess[] {
  return [...descendantsOf(demo.pid), ...processesNaming(dataDir)];
}

async function gone(parts: readonly SeenProcess[]): Promise<void> {
  await expect.poll(() => stillRunning(parts).map(({ command }) => command)).toEqual([]);
}

async function sell(localId: string): Promise<string> {
  const till = { url: `http://127.0.0.1:${ports.terminalPort}` };
  const { shift } = await askJson<{ shift: unknown }>(till, "GET", "/api/shifts/current");
  if (shift === null)
    await askJson(till, "POST", "/api/shifts/open", { operator: "Amina", businessDate: "2026-01-16" });
  const line = { item: "bread", quantity: "1", unitPrice: "60.00" };
  const sale = { localId, lines: [line], tenders: [{ type: "cash", amountMinor: 6000 }] };
  return (await askJson<{ receiptNumber: string }>(till, "POST", "/api/orders", sale)).receiptNumber;
}

/** Interrupts the demo and gives how it ended; all its parts have to be gone with it. */
async function interrupted(demo: TillsyncProcess, interrupt: () => void): Promise<Ended> {
  const parts = partsOf(demo);
  interrupt();
  const ended = await demo.ended();
  await gone(parts);
  return ended;
}

const oneSentence = (text: string) => text.trim().split("\n").at(-1) ?? "";

describe("tillsync demo", () => {
  it("serves from an empty folder, and stops on SIGINT with nothing left of it", async () => {
    const demo = await startDemo();
    const kinds = partsOf(demo).map(({ command }) => /main\.ts (\w+)|(postgres)/.exec(command)?.slice(1).join(""));
    expect(kinds).toEqual(expect.arrayContaining(["server", "terminal", "terminal", "postgres"]));
    expect((await fetch(`http://127.0.0.1:${ports.port}/`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${ports.terminalPort}/light`)).status).toBe(200);
    expect(await sell("first")).toBe("T01-20260116-00001");
    const { code } = await interrupted(demo, () => demo.kill("SIGINT"));
    expect(code).toBe(0);
  });

  it("goes on with the same data, and stops on Ctrl-C, which every process of a terminal gets", async () => {
    const demo = await startDemo();
    expect(await sell("second")).toBe("T01-20260116-00002");
    expect(await tillsync("sync", "--data-dir", dataDir)).toMatchObject({ code: 0 });
    expect((await tillsync("verify", "--data-dir", dataDir)).stdout).toMatch(/orders +2 +2/);
    const { code, stderr } = await interrupted(demo, () => demo.interruptGroup());
    expect(code).toBe(0);
    expect(stderr).not.toContain("died");
  });

  it("leaves no till and no server behind when it is killed, and starts again", async () => {
    const demo = await startDemo();
    expect(await sell("third")).toBe("T01-20260116-00003");
    const parts = descendantsOf(demo.pid).filter(({ command }) => command.includes("main.ts"));
    expect(parts).toHaveLength(3);
    demo.kill("SIGKILL");
    await demo.ended();
    await gone(parts);
    const again = await startDemo();
    expect(await sell("fourth")).toBe("T01-20260116-00004");
    await interrupted(again, () => again.kill("SIGTERM"));
  });

  it("starts PostgreSQL again when that is killed, and leaves nothing behind when stopped in the middle of it", async () => {
    const demo = await startDemo();
    const pidFile = join(dataDir, "postgres", "pg18", "postmaster.pid");
    const postmaster = () => Number(readFileSync(pidFile, "utf8").split("\n")[0]);
    const first = postmaster();
    process.kill(first, "SIGKILL");
    await demo.said("PostgreSQL died");
    // Until then the connections of the dead one may answer for its health.
    await expect.poll(postmaster).not.toBe(first);
    await expect.poll(async () => (await fetch(`http://127.0.0.1:${ports.port}/health`)).status).toBe(200);
    const second = postmaster();
    process.kill(second, "SIGKILL");
    // Its next life has begun and does not serve yet.
    await expect.poll(() => isPostmaster(second), { interval: 5 }).toBe(true);
    const { code } = await interrupted(demo, () => demo.kill("SIGINT"));
    expect(code).toBe(0);
    await expect.poll(() => stillRunning(processesNaming(dataDir))).toEqual([]);
  });

  it("stops while it starts, and in the middle of a replay", async () => {
    const starting = new TillsyncProcess(demoArgs());
    await starting.said("starting PostgreSQL");
    expect((await interrupted(starting, () => starting.kill("SIGINT"))).code).toBe(0);
    expect(stillRunning(processesNaming(dataDir))).toEqual([]);

    const replaying = await startDemo("--replay", manySales(), "--offline-every", "100", "--exit");
    const { stderr } = await interrupted(replaying, () => replaying.kill("SIGINT"));
    expect(stderr).not.toContain("unexpected");
    expect(stillRunning(processesNaming(dataDir))).toEqual([]);
  });
});

describe("a demo that cannot start says why in one sentence and ends with 1", () => {
  it("when a port is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void other.close());
    await expect.poll(() => other.listening).toBe(true);
    const { port } = other.address() as AddressInfo;
    for (const [taken, flag] of [
      [{ port, terminalPort: ports.terminalPort }, "--port"],
      [{ port: ports.port, terminalPort: port }, "--terminal-port"],
    ] as const) {
      const { code, stderr, stdout } = await tillsync(...demoArgs(dataDir, taken));
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(oneSentence(stderr)).toBe(
        `tillsync: Port ${port} is in use by another program: stop that one, or choose another port with ${flag}. (PORT_IN_USE)`,
      );
    }
    expect(stillRunning(processesNaming(dataDir))).toEqual([]);
  });

  it("when the data folder cannot be written", async () => {
    const file = join(dataDir, "a-file");
    writeFileSync(file, "");
    for (const folder of [file, join(file, "below")]) {
      const { code, stderr } = await tillsync(...demoArgs(folder));
      expect(code).toBe(1);
      expect(oneSentence(stderr)).toMatch(
        /^tillsync: The folder .* cannot be written .*--data-dir\. \(DATA_DIR_NOT_WRITABLE\)$/,
      );
    }
  });

  it("when another demo runs on the same folder; that one is not disturbed", async () => {
    const demo = await startDemo();
    const first = await freePorts(3);
    const { code, stderr } = await tillsync(...demoArgs(dataDir, { port: first, terminalPort: first + 1 }));
    expect(code).toBe(1);
    expect(oneSentence(stderr)).toMatch(
      /^tillsync: Another process is running on the data folder .* \(DATA_DIR_IN_USE\)$/,
    );
    await sell(`beside-${first}`);
    expect(demo.stderr).not.toContain("died");
    await interrupted(demo, () => demo.kill("SIGINT"));
    expect(readHousehold(dataDir)?.terminals).toHaveLength(2);
  });

  it.each([
    [["--port", "70000"], "--port"],
    [["--terminals", "none"], "--terminals"],
    [["--replay", "/no/such/file.csv"], "/no/such/file.csv"],
  ])("when it is called with %j", async (args, named) => {
    const folder = join(dataDir, "unused");
    const { code, stderr } = await tillsync(...demoArgs(folder), ...args);
    expect(code).toBe(1);
    expect(stderr).toContain(named);
    expect(stderr).not.toMatch(/unexpected|\n +at /);
    expect(stillRunning(processesNaming(folder))).toEqual([]);
  });
});

/** Whether a postmaster other than `earlier` works in the data folder. */
function isPostmaster(earlier: number): boolean {
  return processesNaming(dataDir).some(({ pid, command }) => pid !== earlier && /postgres.* -D /.test(command));
}

/** A file of more sales than can be replayed before somebody loses patience. */
function manySales(): string {
  const rows = Array.from({ length: 20_000 }, (_, index) => `2016-10-30,09:58:11,${index + 1},Bread`);
  const file = join(dataDir, "sales.csv");
  writeFileSync(file, ["Date,Time,Transaction,Item", ...rows].join("\n"));
  return file;
}
