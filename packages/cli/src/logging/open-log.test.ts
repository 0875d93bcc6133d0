import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { KEYS, type Values } from "../config/keys.ts";
import { temporaryFolder } from "../import/testing/temporary-file.ts";
import { openLog } from "./open-log.ts";
import { removeOldLogs } from "./remove-old-logs.ts";

const DEFAULTS = Object.fromEntries(
  Object.entries(KEYS).map(([key, setting]) => [key, setting.default]),
) as unknown as Values;
const DAY_MS = 24 * 60 * 60_000;

const textOf = (folder: string) =>
  readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("");

describe("the log of a process", () => {
  it("is a file of the day in the data folder, for its owner only, with what level info says", async () => {
    const folder = await temporaryFolder();
    const { log, close } = await openLog("terminal", folder, DEFAULTS);
    log.debug("detail");
    log.info({ sent: 3 }, "sent");
    await close();
    const [name = ""] = readdirSync(join(folder, "logs"));
    expect(name).toMatch(/^terminal\.\d{4}-\d{2}-\d{2}\.1\.log$/);
    if (process.platform !== "win32") expect(statSync(join(folder, "logs", name)).mode & 0o777).toBe(0o600);
    const lines = textOf(join(folder, "logs")).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ level: 30, sent: 3, msg: "sent" }]);
  });

  it("says more with Sync.EnableDetailedLogging", async () => {
    const folder = await temporaryFolder();
    const { log, close } = await openLog("terminal", folder, { ...DEFAULTS, "Sync.EnableDetailedLogging": true });
    log.debug("detail");
    await close();
    expect(textOf(join(folder, "logs"))).toContain("detail");
  });

  it("begins a new file when one is large enough, and keeps as many as it is told", async () => {
    const folder = await temporaryFolder();
    const values = { ...DEFAULTS, "Logging.MaxFileBytes": 65_536, "Logging.MaxFiles": 2 };
    const { log, close } = await openLog("server", folder, values);
    const logs = join(folder, "logs");
    const files = () => readdirSync(logs).length;
    const filler = "x".repeat(1_000);
    const newest = () => Math.max(...readdirSync(logs).map((name) => Number(name.split(".").at(-2))));
    for (let round = 1; round <= 5; round++) {
      for (let n = 0; n < 70; n++) log.info({ filler }, "line");
      await expect.poll(newest).toBe(round + 1);
    }
    await expect.poll(files).toBe(2);
    await close();
    for (const name of readdirSync(logs)) expect(statSync(join(logs, name)).size).toBeLessThan(4 * 65_536);
  });

  it("goes on in the file of the day after a restart", async () => {
    const folder = await temporaryFolder();
    for (const word of ["first", "second"]) {
      const { log, close } = await openLog("terminal", folder, DEFAULTS);
      log.info(word);
      await close();
    }
    expect(textOf(join(folder, "logs"))).toMatch(/first[\s\S]*second/);
  });

  it("goes to standard error when its folder cannot be made: a till sells without a log file", async () => {
    const folder = await temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    const { log, close } = await openLog("terminal", join(folder, "file"), DEFAULTS);
    expect(log.level).toBe("info");
    await close();
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  it("writes no file when Logging.Directory is -", async () => {
    const folder = await temporaryFolder();
    const { close } = await openLog("terminal", folder, { ...DEFAULTS, "Logging.Directory": "-" });
    await close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("costs lines and not the process when its folder goes away", async () => {
    const folder = await temporaryFolder();
    const values = { ...DEFAULTS, "Logging.MaxFileBytes": 65_536 };
    const { log, close } = await openLog("terminal", folder, values);
    log.info("before");
    // A file that is being made while its folder is removed would keep the folder.
    await expect.poll(() => textOf(join(folder, "logs"))).toContain("before");
    rmSync(join(folder, "logs"), { recursive: true, force: true });
    for (let n = 0; n < 300; n++) log.info({ filler: "x".repeat(1_000) }, "after");
    await close();
  });
});

it("takes away old files of its own name, and nothing else", async () => {
  const folder = await temporaryFolder();
  const now = Date.now();
  const old = new Date(now - 31 * DAY_MS);
  const names = ["terminal.2026-01-16.1.log", "server.2026-01-16.1.log", "terminal.notes.log", "till.db"];
  for (const name of names) {
    writeFileSync(join(folder, name), "x");
    utimesSync(join(folder, name), old, old);
  }
  writeFileSync(join(folder, "terminal.2026-02-20.1.log"), "x");
  mkdirSync(join(folder, "terminal.2026-01-16.2.log"));
  removeOldLogs(folder, "terminal", now - 30 * DAY_MS);
  expect(readdirSync(folder)).not.toContain("terminal.2026-01-16.1.log");
  for (const name of [...names.slice(1), "terminal.2026-02-20.1.log"]) expect(readdirSync(folder)).toContain(name);
  removeOldLogs(join(folder, "gone"), "terminal", now);
});
