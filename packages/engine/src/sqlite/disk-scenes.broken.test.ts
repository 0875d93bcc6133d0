import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it, type TestContext } from "vitest";
import { CLOSING_BYTES } from "../storage-watch.ts";
import { DiskTill, type Told } from "../testing/disk/disk-till.ts";
import { interposer, spawnBehind } from "../testing/disk/interposer.ts";
import { judgeStart } from "../testing/disk/judge-image.ts";
import { tempFolder } from "../testing/temp-folder.ts";

const SCRIPT = fileURLToPath(new URL("../testing/disk/disk-scenes.ts", import.meta.url));
/** A reserve that is for fewer sales of fifty lines is none. */
const SALES_IN_RESERVE = 500;

/** Plays a scene in a process of its own. */
async function scene(name: string, context: TestContext, env: NodeJS.ProcessEnv = {}) {
  const library = interposer();
  if (typeof library !== "string") return context.skip(`not run: ${library.notRun}`);
  const folder = tempFolder();
  const options = { stdio: ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"] };
  const child = spawnBehind(library, SCRIPT, { folder, args: [folder, name], options, env });
  const ended = once(child, "exit");
  const [out] = await Promise.all([text(child.stdout as Readable), text(child.stderr as Readable)]);
  const [code, signal] = await ended;
  return { folder, code, signal, said: out === "" ? undefined : (JSON.parse(out) as Record<string, unknown>) };
}

describe("a real till on a disk in trouble", { timeout: 180_000 }, () => {
  it("that is full: sells from the reserve, refuses before the receipt, closes the shift, starts again (I27)", async (context) => {
    const { said } = await scene("full", context);
    context.annotate(`sales from the reserve: ${String(said?.sold)}`);
    expect(said).toMatchObject({ code: "STORE_FULL", closing: "done", whileFull: "done", violations: [] });
    expect(said?.storage).toMatchObject({ state: "full", reserveBytes: CLOSING_BYTES });
    expect(said?.sold).toBeGreaterThan(SALES_IN_RESERVE);
  });

  it("that is slow: keeps the order, and a double tap is one sale", async (context) => {
    const { said } = await scene("slow", context);
    expect(said).toEqual({ order: [2, 3], duplicate: true, sameReceipt: true });
  });

  it("and out of memory: ends, and everything that was told is there (I2)", async (context) => {
    const { folder, code, signal } = await scene("memory", context, { NODE_OPTIONS: "--max-old-space-size=48" });
    expect({ code, signal }).not.toEqual({ code: 0, signal: null });
    const told = readFileSync(join(folder, "told"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Told);
    expect(told.length).toBeGreaterThan(5);
    expect(judgeStart(new DiskTill(folder), told)).toEqual({ lost: 0, violations: [] });
  });
});
