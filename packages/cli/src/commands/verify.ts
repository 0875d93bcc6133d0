import type { Command } from "commander";
import { outputOf } from "../output.ts";
import { DEMO_DATA_DIR, type TargetOptions, tillTargets } from "../targets.ts";
import { printVerification } from "../verify/print.ts";
import { verify } from "../verify/verify.ts";

export function verifyCommand(program: Command): void {
  program
    .command("verify")
    .summary("compare the till's journal with the centre, change by change")
    .description(
      "Recomputes every hash from the bytes on both sides, counts and sums both, and looks for gaps in receipt numbers. Lists exactly what differs; exit code 1 unless both sides are equal.",
    )
    .option("--data-dir <folder>", "folder of the demo", DEMO_DATA_DIR)
    .option("--terminal <id>", "only this terminal, such as T01")
    .option("--config <file>", "the terminal of this configuration instead of the demo's")
    .option("--json", "the result as JSON")
    .addHelpText("after", "\nExample:\n  tillsync verify --terminal T01")
    .action(async (options: TargetOptions & { json?: boolean }) => {
      const output = outputOf(options);
      const results = [];
      for (const { shortId, file, centre } of await tillTargets(options)) {
        const onProgress = (done: number, of: number) =>
          output.progress(`${shortId}: ${done} of ${of} changes compared`);
        results.push(await verify({ file, centre, onProgress }));
      }
      output.value(results);
      for (const result of results) printVerification(output, result);
      if (results.some(({ equal }) => !equal)) process.exitCode = 1;
    });
}
