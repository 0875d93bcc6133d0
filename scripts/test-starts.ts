import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../packages/cli/src/main.ts", import.meta.url));

/**
 * Vitest's global set-up for the parts that start the command as a process, many times: Node keeps what it compiled for
 * the next process, which halves the work of a start. Thrown away at the end, so that no run depends on the one before.
 */
export default function setUp(): (() => Promise<void>) | undefined {
  // Several projects in one vitest run share the first one's; and whoever sets it himself keeps his.
  if (process.env.NODE_COMPILE_CACHE !== undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "tillsync-test-compiled-"));
  process.env.NODE_COMPILE_CACHE = folder;
  // It is written by a process that ends by itself, and most of those in tests are killed. Nobody has to wait for this.
  const first = spawn(process.execPath, [MAIN, "--help"], { stdio: "ignore" });
  const ended = once(first, "close").catch(() => {}); // without it the starts are slower, that is all
  const leaveNothing = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.once("exit", leaveNothing);
  return async () => {
    first.kill();
    await ended;
    process.off("exit", leaveNothing);
    leaveNothing();
  };
}
