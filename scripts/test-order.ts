import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * The files that take longest, longest first. Where nothing is known from a run before, as on a machine of a CI, Vitest
 * goes by the size of the files; then one of these is begun last, and the other cores have nothing to do.
 */
export const LONGEST = [
  "packages/cli/src/terminals/own-keys.pg.test.ts",
  "packages/cli/src/devices/example-programs.pg.test.ts",
  "packages/server/src/embedded/embedded.pg.test.ts",
  "packages/server/src/embedded/orphans.pg.test.ts",
  "packages/cli/src/verify/verify.pg.test.ts",
  "packages/cli/src/server-backup.pg.test.ts",
  "packages/cli/src/lives/copied-directories.pg.test.ts",
  "packages/cli/src/conflicts/two-tills.pg.test.ts",
  "packages/cli/src/devices/large-updates.pg.test.ts",
  "packages/server/src/backup/backup.pg.test.ts",
  "packages/cli/src/docs/readme.docs.test.ts",
  "packages/sim/src/variants/variants.broken.test.ts",
  "packages/sim/src/variants/second-half.broken.test.ts",
  "packages/cli/src/demo/kill-rounds.kill.test.ts",
  "packages/cli/src/demo/demo.kill.test.ts",
  "packages/cli/src/demo/replay.kill.test.ts",
  "packages/cli/src/cashiers-day.kill.test.ts",
  "packages/cli/src/exactly-once.kill.test.ts",
  "packages/cli/src/hostile/abuse.fuzz.test.ts",
  "packages/cli/src/hostile/live.fuzz.test.ts",
  "packages/server/src/testing/fuzz-readers.fuzz.test.ts",
  "packages/terminal/src/terminal.fuzz.test.ts",
];

/** Vitest's own order, with these before the others. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const index = LONGEST.indexOf(relative(this.ctx.config.root, moduleId).replaceAll("\\", "/"));
      return index < 0 ? LONGEST.length : index;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
