import { chanceOf, cutPower, traceDay } from "@tillsync/engine/testing";
import type { ProofOutcome } from "./proof-parts.ts";

/** Images of one traced day; then another day is traced, for other places of everything. */
const IMAGES_A_DAY = 10_000;
/** Images in which NORMAL has to lose something: without that the run proves nothing. */
const CONTROL_IMAGES = 400;
const TELL_EVERY = 1_000;

/** A till's day with the power cut anywhere, and the same with `synchronous=NORMAL` as the control. */
export async function powerCuts(
  seed: number,
  images: number,
  onProgress: (text: string) => void,
): Promise<ProofOutcome> {
  const control = await traceDay("synchronous NORMAL");
  if ("notRun" in control) return control;
  const lossy = cutPower(control, { count: Math.min(CONTROL_IMAGES, images), draw: chanceOf(seed) });
  const figures = {
    images: 0,
    days: 0,
    calls: 0,
    lost: 0,
    controlImages: lossy.images,
    controlWithLoss: lossy.withLoss,
    controlMostLost: lossy.mostLost,
  };
  const violations = lossy.withLoss > 0 ? [] : ["synchronous=NORMAL lost nothing: no proof"];
  while (figures.images < images) {
    const trace = await traceDay();
    if ("notRun" in trace) return trace;
    const count = Math.min(IMAGES_A_DAY, images - figures.images);
    const before = figures.images;
    const onImage = (done: number) => {
      if (done % TELL_EVERY === 0) onProgress(`${before + done} of ${images} images, ${figures.lost} lost`);
    };
    const report = cutPower(trace, { count, draw: chanceOf(seed + figures.days), onImage });
    violations.push(...report.violations.map((what) => `seed ${seed + figures.days}: ${what}`));
    figures.images += report.images;
    figures.lost += report.lost;
    figures.calls += trace.length;
    figures.days++;
  }
  return { figures, violations };
}
