import { expect } from "vitest";
import { Stage, type StageOptions } from "../stage.ts";

/** Plays a script; at its end everything heals, and all promises of the simulation must hold. */
export async function play(options: StageOptions, script: (stage: Stage) => Promise<void>): Promise<void> {
  const stage = new Stage(options);
  try {
    await script(stage);
    expect(await stage.finish()).toEqual([]);
  } finally {
    stage.destroy();
  }
}
