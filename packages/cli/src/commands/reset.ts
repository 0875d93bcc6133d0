import { SyncError } from "@tillsync/protocol";
import type { Command } from "commander";
import { lockOf } from "../backup/keys.ts";
import { type Reset, resetTill } from "../backup/reset.ts";
import { loadConfiguration } from "../config/configuration.ts";
import { outputOf } from "../output.ts";
import { DEMO_DATA_DIR, type TargetOptions, tillTargets } from "../targets.ts";

interface ResetCommandOptions extends TargetOptions {
  readonly confirm?: string;
  readonly export?: string;
  readonly recipient?: string;
  readonly passphraseFile?: string;
  readonly json?: boolean;
}

export function resetCommand(program: Command): void {
  program
    .command("reset")
    .summary("take a stopped till's data away: factory reset, sign-out, before an uninstall")
    .description(
      "Takes database, witness, identity and backups of a till away. It is refused while the till holds anything that head office lacks, an open shift, a shift that was not compared, or an open order: it says how much. With --export everything is put into an encrypted backup first, and checked.",
    )
    .requiredOption("--confirm <id>", "the till's short id, such as T01, so that it is never the wrong one")
    .option("--export <file>", "put everything into this backup first; tillsync restore opens it")
    .option("--recipient <age1...>", "whom to encrypt it for; Backup.Recipient when absent")
    .option("--passphrase-file <file>", "the same with the passphrase in this file")
    .option("--data-dir <folder>", "folder of the demo", DEMO_DATA_DIR)
    .option("--config <file>", "the terminal of this configuration instead of the demo's")
    .option("--json", "the answer as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  tillsync reset --confirm T01\n  tillsync reset --confirm T01 --export /media/usb/t01.till.age",
    )
    .action(async (options: ResetCommandOptions) => {
      const output = outputOf(options);
      const [till] = await tillTargets({ ...options, terminal: options.confirm });
      if (till === undefined) throw new SyncError("NOT_FOUND", `There is no till ${options.confirm} here.`);
      const { values } = await loadConfiguration({
        directory: process.cwd(),
        configFile: options.config,
        env: process.env,
      });
      const lock = lockOf(options, { recipient: values["Backup.Recipient"], passphrase: values["Backup.Passphrase"] });
      const { file, shortId } = till;
      const done: Reset = await resetTill({ file, shortId, exportTo: options.export, lock, nowMs: Date.now() });
      output.value(done);
      if (done.exported !== null) output.line(`Everything is in ${done.exported}; tillsync restore opens it.`);
      output.line(`${shortId} is no more here. Its configuration and its key at the centre are as they were.`);
    });
}
