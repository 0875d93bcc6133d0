import { execFile } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** Where a Chromium of the system is, where there is one. */
const OF_THE_SYSTEM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The version in package.json, and the user: another one unpacks elsewhere. */
const UNPACKED = join(tmpdir(), `tillsync-chromium-153.0.0-${userInfo().uid}`);

/**
 * Vitest's global set-up for the part `browser`: finds a Chromium that starts, once for all files. CHROME_PATH names one;
 * else it is the system's, else the one inside the npm package (Linux on x64). Tests find its path as
 * TILLSYNC_TEST_CHROMIUM, or in TILLSYNC_TEST_NO_CHROMIUM why there is none, and are then reported as not run.
 */
export default async function setUp(): Promise<void> {
  if (process.env.TILLSYNC_TEST_CHROMIUM !== undefined) return;
  const path = process.env.CHROME_PATH ?? OF_THE_SYSTEM.find((candidate) => existsSync(candidate));
  try {
    process.env.TILLSYNC_TEST_CHROMIUM = path === undefined ? await startingUnpacked() : await starting(path);
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
    process.env.TILLSYNC_TEST_NO_CHROMIUM = `no Chromium starts here (${why}); CHROME_PATH names one`;
  }
}

async function starting(path: string): Promise<string> {
  await promisify(execFile)(path, ["--version"], { env: { ...process.env, LC_ALL: "en_US.UTF-8" } });
  return path;
}

/** One that somebody interrupted while it was unpacked is unpacked again. */
async function startingUnpacked(): Promise<string> {
  return starting(await unpacked()).catch(async () => {
    rmSync(UNPACKED, { recursive: true, force: true });
    return starting(await unpacked());
  });
}

/** It unpacks into the temporary folder and takes whatever lies there for its own: so it gets a folder of its own. */
async function unpacked(): Promise<string> {
  if (process.platform !== "linux" || process.arch !== "x64") throw new Error("none is installed");
  mkdirSync(UNPACKED, { recursive: true });
  const before = process.env.TMPDIR;
  process.env.TMPDIR = UNPACKED;
  try {
    const { default: chromium } = await import("@sparticuz/chromium");
    return await chromium.executablePath();
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
}
