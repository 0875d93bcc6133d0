import type { SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Told } from "./disk-till.ts";
import { interposer, type NotRun, spawnBehind } from "./interposer.ts";
import { judgeImage } from "./judge-image.ts";
import { cutImages } from "./power-cut.ts";
import { DAY_PARTS } from "./shift-play.ts";
import { readTrace, type TracedCall } from "./write-trace.ts";

const CHILD = fileURLToPath(new URL("./traced-day.ts", import.meta.url));

/** Memory that looks like a disk: what was flushed and what was not is in the trace. */
export const FAST = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** A day of a till in a process of its own, every write of it. */
export async function traceDay(variant = "product", sales = 90, items = 400): Promise<readonly TracedCall[] | NotRun> {
  const library = interposer();
  if (typeof library !== "string") return library;
  const folder = mkdtempSync(join(FAST, "tillsync-traced-"));
  const log = `${folder}.log`;
  try {
    for (const part of DAY_PARTS) {
      const args = [folder, variant, part, String(sales), String(items)];
      const options: SpawnOptions = { stdio: ["ignore", "inherit", "inherit"] };
      const [code, signal] = await once(spawnBehind(library, CHILD, { folder, log, args, options }), "exit");
      if (signal !== "SIGKILL") throw new Error(`the traced till ended with ${code ?? signal}`);
    }
    return readTrace(log, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(log, { force: true });
  }
}

export interface CutReport {
  readonly images: number;
  /** Images in which something is lost that was told. */
  readonly withLoss: number;
  /** What was told and lost, over all images. */
  readonly lost: number;
  readonly mostLost: number;
  /** Of all kinds, each with where in the trace; the first few. */
  readonly violations: readonly string[];
  readonly violated: number;
}

/** Cuts the power `count` times within a trace, at places drawn by `draw`, and judges what is there afterwards. */
export function cutPower(
  trace: readonly TracedCall[],
  { count, draw, onImage }: { count: number; draw: () => number; onImage?: (done: number) => void },
): CutReport {
  const telling = trace.flatMap((call, at) =>
    call.op === "write" && call.file === "told" ? [{ at, told: toldOf(call.bytes) }] : [],
  );
  const places = Array.from({ length: count }, () => Math.floor(draw() * (trace.length + 1)));
  const folder = mkdtempSync(join(FAST, "tillsync-cut-"));
  const report = { images: 0, withLoss: 0, lost: 0, mostLost: 0, violated: 0, violations: [] as string[] };
  try {
    for (const { at, files } of cutImages(trace, places, draw)) {
      const told = telling.filter((each) => each.at < at).map((each) => each.told);
      const { lost, violations } = judgeImage(folder, files, told);
      report.images++;
      report.lost += lost;
      report.mostLost = Math.max(report.mostLost, lost);
      if (lost > 0) report.withLoss++;
      if (violations.length > 0) report.violated++;
      if (report.violations.length < 20)
        report.violations.push(...violations.map((what) => `cut before call ${at}: ${what}`));
      onImage?.(report.images);
    }
    return report;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function toldOf(line: Buffer): Told {
  return JSON.parse(line.toString()) as Told;
}
