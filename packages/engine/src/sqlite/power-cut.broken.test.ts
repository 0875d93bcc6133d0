import { countOf } from "@tillsync/protocol/testing";
import { describe, expect, it, type TestContext } from "vitest";
import { chanceOf } from "../testing/disk/chance.ts";
import { DISK_VARIANTS } from "../testing/disk/disk-variants.ts";
import type { NotRun } from "../testing/disk/interposer.ts";
import { cutPower, traceDay } from "../testing/disk/power-cut-run.ts";

const SEED = Number(process.env.TILLSYNC_SEED ?? 20_261_130);
/** `npm run proof -- power-cuts` looks at 100,000. */
const IMAGES = countOf(process.env.TILLSYNC_FULL_COUNTS, { quick: 400, full: 2_000 });
/** Enough to find a mistake that the checks can find. */
const VARIANT_IMAGES = 40;

function orSkip<T>(result: T | NotRun, context: TestContext): T {
  if (typeof result === "object" && result !== null && "notRun" in result) context.skip(`not run: ${result.notRun}`);
  return result as T;
}

describe(`a power cut anywhere in a till's day (seed ${SEED})`, () => {
  it(
    `loses nothing that was told, in ${IMAGES} images of what its disk may look like (I2)`,
    async (context) => {
      const trace = orSkip(await traceDay(), context);
      const report = cutPower(trace, { count: IMAGES, draw: chanceOf(SEED) });
      context.annotate(`${report.images} images of ${trace.length} calls`);
      expect(report).toEqual({ images: IMAGES, withLoss: 0, lost: 0, mostLost: 0, violated: 0, violations: [] });
    },
    10 * 60_000,
  );

  it.each(Object.keys(DISK_VARIANTS).filter((name) => name !== "product"))(
    "loses sales with %s, so the images can show it",
    async (name, ...rest) => {
      const context = rest.at(-1) as unknown as TestContext | undefined;
      const trace = await traceDay(name);
      if ("notRun" in trace) return void context?.skip(`not run: ${trace.notRun}`);
      const report = cutPower(trace, { count: VARIANT_IMAGES, draw: chanceOf(SEED) });
      expect(report.withLoss).toBeGreaterThan(VARIANT_IMAGES / 4);
    },
    5 * 60_000,
  );
});
