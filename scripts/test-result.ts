/** What one part came to. */
export interface PartResult {
  readonly part: string;
  readonly passed: number;
  readonly failed: number;
  /** Names, with the reason where one was given. */
  readonly skipped: readonly string[];
  readonly failures: readonly string[];
  /** Why the part ran nothing at all; it then counts as one skipped. */
  readonly notRun?: string;
}

export function notRun(part: string, why: string): PartResult {
  return { part, passed: 0, failed: 0, skipped: [], failures: [], notRun: why };
}

export function single(part: string, passed: boolean): PartResult {
  return { part, passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: [], failures: passed ? [] : [part] };
}

/** The closing lines: what failed and what was left out by name, then the sum alone on the last one. */
export function summarize(results: readonly PartResult[]): { lines: string[]; exitCode: 0 | 1 } {
  const lines: string[] = [];
  for (const result of results) {
    for (const name of result.failures) lines.push(`failed: ${result.part}: ${name}`);
  }
  for (const result of results) {
    if (result.notRun !== undefined) lines.push(`not run: ${result.part}: ${result.notRun}`);
    for (const name of result.skipped) lines.push(`skipped: ${result.part}: ${name}`);
  }
  const passed = sum(results, (result) => result.passed);
  const failed = sum(results, (result) => result.failed);
  const skipped = sum(results, (result) => result.skipped.length + (result.notRun === undefined ? 0 : 1));
  if (passed + failed === 0) lines.push("no test ran");
  lines.push(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  // A run that tested nothing has proved nothing.
  return { lines, exitCode: failed > 0 || passed === 0 ? 1 : 0 };
}

function sum(results: readonly PartResult[], count: (result: PartResult) => number): number {
  return results.reduce((total, result) => total + count(result), 0);
}
