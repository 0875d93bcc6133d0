import { MessageChannel } from "node:worker_threads";
import type { Variant } from "./variants/variant.ts";
import { type RunResult, runSeed } from "./world.ts";

export interface SimulateOptions {
  readonly fromSeed: number;
  readonly count: number;
  /** The product as it is, when absent. */
  readonly variant?: Variant | undefined;
  /** Every seed that is a multiple of this is run twice and must give the same event hash; default 100. */
  readonly repeatEvery?: number | undefined;
  /** Called after each seed; a promise that it returns is waited for. */
  readonly onProgress?: ((result: RunResult) => void | Promise<void>) | undefined;
}

export interface SimulationReport {
  readonly fromSeed: number;
  readonly toSeed: number;
  readonly seeds: number;
  readonly repeated: number;
  readonly steps: number;
  readonly events: number;
  readonly simulatedMs: number;
  /** The seeds that broke a promise. */
  readonly failed: readonly RunResult[];
  readonly coverage: Readonly<Record<string, number>>;
}

/** Runs a range of seeds, one after the other. */
export async function simulate(options: SimulateOptions): Promise<SimulationReport> {
  const { fromSeed, count, variant, repeatEvery = 100, onProgress } = options;
  const coverage = new Map<string, number>();
  const failed: RunResult[] = [];
  let repeated = 0;
  let steps = 0;
  let events = 0;
  let simulatedMs = 0;
  for (let seed = fromSeed; seed < fromSeed + count; seed++) {
    let result = await runSeed(seed, { variant });
    if (seed % repeatEvery === 0) {
      repeated++;
      result = await sameAgain(result, variant);
    }
    for (const [fault, times] of Object.entries(result.coverage))
      coverage.set(fault, (coverage.get(fault) ?? 0) + times);
    if (result.violations.length > 0) failed.push(result);
    steps += result.steps;
    events += result.events;
    simulatedMs += result.simulatedMs;
    await onProgress?.(result);
    await breathe();
  }
  const sorted = [...coverage].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    fromSeed,
    toSeed: fromSeed + count - 1,
    seeds: count,
    repeated,
    steps,
    events,
    simulatedMs,
    failed,
    coverage: Object.fromEntries(sorted),
  };
}

/** I35: the same seed twice is the same run. */
async function sameAgain(result: RunResult, variant: Variant | undefined): Promise<RunResult> {
  const { eventHash } = await runSeed(result.seed, { variant });
  if (eventHash === result.eventHash) return result;
  const what = `the same seed gave ${result.eventHash} and then ${eventHash}`;
  return { ...result, violations: [...result.violations, { invariant: "I35", atMs: 0, what }] };
}

/**
 * Lets the process do other things between two seeds, such as answering a test runner or a Ctrl-C: a run itself never
 * leaves the microtask queue. A message to oneself is the one way to do so that has nothing to do with time.
 */
function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.once("message", () => {
      port1.close();
      resolve();
    });
    port2.postMessage(null);
  });
}
