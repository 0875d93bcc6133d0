import { businessDate } from "@tillsync/protocol";
import { type Command, InvalidArgumentError } from "commander";
import { type Output, outputOf } from "../output.ts";
import { DEMO_DATA_DIR, type LocalTill, type TargetOptions, tillTargets } from "../targets.ts";
import { openJournal } from "../verify/journal-side.ts";
import { printRepair, printVerification } from "../verify/print.ts";
import { type Repaired, repair } from "../verify/repair.ts";
import { tillDoor } from "../verify/till-door.ts";
import { type Verification, verify } from "../verify/verify.ts";

interface VerifyCommandOptions extends TargetOptions {
  readonly since?: string;
  readonly repair?: boolean;
  readonly json?: boolean;
}

export function verifyCommand(program: Command): void {
  program
    .command("verify")
    .summary("compare the till's journal with the centre, and repair what differs")
    .description(
      "Both sides hash their own bytes again and give a digest for each thousand changes; where two differ, the changes are compared one by one. Counts and sums both, and looks for gaps in receipt numbers. Lists exactly what differs; exit code 1 unless both sides are equal, or were made so. The till may run or be stopped.",
    )
    .option("--data-dir <folder>", "folder of the demo", DEMO_DATA_DIR)
    .option("--terminal <id>", "only this terminal, such as T01")
    .option("--config <file>", "the terminal of this configuration instead of the demo's")
    .option("--since <date>", "only what counts for this business date and later, such as 2026-01-16", typedDate)
    .option("--repair", "bring back what is lost or altered on one side, from the side whose bytes fit the chain")
    .option("--json", "the result as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  tillsync verify --terminal T01\n  tillsync verify --since 2026-01-16 --repair",
    )
    .action(async (options: VerifyCommandOptions) => {
      const output = outputOf(options);
      const results: (Verification | Repaired)[] = [];
      for (const till of await tillTargets(options)) results.push(await verifyTill(output, till, options));
      output.value(results);
      for (const result of results) {
        printVerification(output, result);
        if ("repair" in result) printRepair(output, result);
      }
      if (results.some(({ equal }) => !equal)) process.exitCode = 1;
    });
}

async function verifyTill(output: Output, target: LocalTill, { since, repair: isRepair }: VerifyCommandOptions) {
  const { shortId, file, centre } = target;
  const onProgress = (done: number, of: number) => output.progress(`${shortId}: ${done} of ${of} changes compared`);
  const options = { file, centre, since, onProgress };
  if (isRepair !== true) return verify(options);
  const till = await tillDoor(target, terminalOf(file));
  try {
    const onRepair = (healed: number, of: number) => output.progress(`${shortId}: ${healed} of ${of} changes repaired`);
    return await repair({ ...options, till, onRepair });
  } finally {
    await till.close();
  }
}

function terminalOf(file: string): string {
  const journal = openJournal(file);
  try {
    return journal.terminal;
  } finally {
    journal.close();
  }
}

/** @throws InvalidArgumentError, which names the option and ends the command with a sentence */
function typedDate(text: string): string {
  if (businessDate.safeParse(text).success) return text;
  throw new InvalidArgumentError("It must be a business date as YYYY-MM-DD, such as 2026-01-16.");
}
