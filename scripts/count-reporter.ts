import { writeFileSync } from "node:fs";
import type { Reporter, SerializedError, TestCase, TestModule } from "vitest/node";

/** Counts of one vitest run, as they go to the file named by TILLSYNC_COUNTS. */
export interface Counts {
  readonly passed: number;
  readonly failures: readonly string[];
  readonly skipped: readonly string[];
}

/** Vitest prints neither "N passed, N failed" nor the names of what was skipped; scripts/test.ts needs both. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const file = process.env.TILLSYNC_COUNTS;
    if (file !== undefined) writeFileSync(file, JSON.stringify(count(modules, errors)));
  }
}

function count(modules: readonly TestModule[], errors: readonly SerializedError[]): Counts {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const withState = (state: string) => tests.filter((test) => test.result().state === state);
  // A file that cannot be loaded and a hook that throws have no failed test to show for it.
  const outsideTests = modules.flatMap((module) => [
    ...module.errors().map((error) => `${module.relativeModuleId}: ${error.message}`),
    ...[...module.children.allSuites()].flatMap((suite) =>
      suite.errors().map((error) => `${suite.fullName}: ${error.message}`),
    ),
  ]);
  return {
    passed: withState("passed").length,
    failures: [
      ...withState("failed").map(nameOf),
      ...outsideTests,
      ...errors.map((error) => `outside a test: ${error.message}`),
    ],
    skipped: [...withState("skipped"), ...withState("pending")].map(nameOf),
  };
}

function nameOf(test: TestCase): string {
  const result = test.result();
  const why = result.state === "skipped" && result.note !== undefined ? ` (${result.note})` : "";
  return `${test.module.relativeModuleId} > ${test.fullName}${why}`;
}
