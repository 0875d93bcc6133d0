/** What one part came to; `notRun` says why it ran nothing. */
export interface ProofResult {
  readonly name: string;
  readonly says: string;
  readonly seconds?: number;
  readonly figures?: Readonly<Record<string, unknown>>;
  /** Each in words; empty when all was as promised. */
  readonly violations?: readonly string[];
  readonly notRun?: string;
}

export interface ProofReport {
  readonly commit: string;
  /** Files that are not as in that commit: then the run proves nothing about it. */
  readonly changedFiles: number;
  readonly command: string;
  readonly seed: number;
  readonly finishedAt: string;
  readonly machine: string;
  readonly results: readonly ProofResult[];
}

const LISTED = 20;

/** The report as a page for people. */
export function markdownOf(report: ProofReport): string {
  const { commit, changedFiles, command, seed, finishedAt, machine, results } = report;
  const dirty = changedFiles > 0 ? `, and ${changedFiles} changed files` : "";
  const rows = results.map((result) => {
    const seconds = result.seconds === undefined ? "" : `${result.seconds} s`;
    return `| ${result.name} | ${verdictOf(result)} | ${seconds} | ${figuresOf(result)} |`;
  });
  const wrong = results.flatMap(({ name, violations = [] }) => [
    ...violations.slice(0, LISTED).map((text) => `- ${name}: ${text}`),
    ...(violations.length > LISTED ? [`- ${name}: and ${violations.length - LISTED} more, in proof.json`] : []),
  ]);
  return [
    "# Proof run",
    "",
    `Commit ${commit}${dirty} · seed ${seed} · ${finishedAt}`,
    "",
    `\`${command}\` on ${machine}`,
    "",
    "| part | result | time | figures |",
    "| --- | --- | --- | --- |",
    ...rows,
    ...(wrong.length > 0 ? ["", "## What was wrong", "", ...wrong] : []),
    "",
  ].join("\n");
}

function verdictOf({ notRun, violations = [] }: ProofResult): string {
  if (notRun !== undefined) return `not run: ${notRun}`;
  return violations.length === 0 ? "as promised" : `**${violations.length} violations**`;
}

function figuresOf({ figures = {} }: ProofResult): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${typeof value === "number" ? value.toLocaleString("en") : String(value)}`)
    .join(", ");
}
