import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { SyncError } from "@tillsync/protocol";
import type { BackupView } from "@tillsync/terminal";
import type { Command } from "commander";
import { lockOf, makeKeyFile } from "../backup/keys.ts";
import { takeStopped } from "../backup/take-backup.ts";
import { loadConfiguration } from "../config/configuration.ts";
import { askJson } from "../http-door.ts";
import { outputOf } from "../output.ts";
import { DEMO_DATA_DIR, type LocalTill, type TargetOptions, tillTargets } from "../targets.ts";

interface BackupOptions extends TargetOptions {
  readonly to?: string;
  readonly recipient?: string;
  readonly passphraseFile?: string;
  readonly makeKey?: string;
  readonly json?: boolean;
}

export function backupCommand(program: Command): void {
  program
    .command("backup")
    .summary("take a backup of a till, while it sells or stopped")
    .description(
      "Copies the till's database, checks every page and the journal's chain of the copy, packs and encrypts it for the organization (age). A till that runs does it itself, sells on, and sends it where Backup.Folder or the centre says; a stopped one is read from here. `tillsync restore --drill` sees that a backup can be restored.",
    )
    .option("--make-key <file>", "make the key pair for backups: the file opens them, the recipient goes to the tills")
    .option("--to <folder>", "put the backup into this folder as well")
    .option("--recipient <age1...>", "whom to encrypt for, for a till that does not run; Backup.Recipient when absent")
    .option("--passphrase-file <file>", "the same with the passphrase in this file")
    .option("--data-dir <folder>", "folder of the demo", DEMO_DATA_DIR)
    .option("--terminal <id>", "only this terminal, such as T01")
    .option("--config <file>", "the terminal of this configuration instead of the demo's")
    .option("--json", "the answer as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  tillsync backup --make-key backup.key\n  tillsync backup --config till.json --to /media/usb",
    )
    .action(async (options: BackupOptions) => {
      const output = outputOf(options);
      if (options.makeKey !== undefined) {
        const made = await makeKeyFile(options.makeKey);
        output.value(made);
        output.line(`Backups open with ${made.file}: put it where no till is, twice. Without it they are lost.`);
        output.line(`For the configuration of the tills, Backup.Recipient:\n\n  ${made.recipient}\n`);
        return;
      }
      const all = [];
      for (const till of await tillTargets(options)) {
        const taken = await backUp(till, options, (text) => output.progress(`${till.shortId}: ${text}`));
        const file = taken.file === null ? null : placed(taken.file, taken.name, options.to);
        all.push({ till: till.shortId, ...taken, file });
        output.line(`${till.shortId}: ${file} (${taken.bytes} bytes, taken ${taken.takenAt})`);
      }
      output.value(all);
    });
}

/** A till that runs takes it itself: it is the only one that may write its database, and reads it as it is. */
async function backUp(till: LocalTill, options: BackupOptions, tell: (text: string) => void): Promise<BackupView> {
  const stopped = () => ofStopped(till, options, tell);
  try {
    return await askJson<BackupView>(till.local, "POST", "/api/backups", {});
  } catch (error) {
    if (error instanceof SyncError && error.code === "UNREACHABLE") return stopped();
    throw error;
  }
}

async function ofStopped(
  { file, shortId }: LocalTill,
  options: BackupOptions,
  tell: (text: string) => void,
): Promise<BackupView> {
  const { values } = await loadConfiguration({
    directory: process.cwd(),
    configFile: options.config,
    env: process.env,
  });
  const lock = lockOf(options, { recipient: values["Backup.Recipient"], passphrase: values["Backup.Passphrase"] });
  if (lock === undefined) {
    const message =
      "There is nobody to encrypt the backup for: give --recipient or --passphrase-file, or set Backup.Recipient.";
    throw new SyncError("CONFIG_INVALID", message, { field: "Backup.Recipient" });
  }
  const folder = join(dirname(file), "backups");
  const taken = await takeStopped(file, shortId, {
    folder,
    lock,
    nowMs: Date.now(),
    onProgress: (rows) => tell(`${rows} changes checked`),
  });
  const { name, bytes, sha256, manifest } = taken;
  return { name, file: taken.file, bytes, sha256, takenAt: manifest.takenAt, wholeAt: null };
}

function placed(file: string, name: string, to: string | undefined): string {
  if (to === undefined) return file;
  mkdirSync(to, { recursive: true });
  const there = join(to, name);
  copyFileSync(file, there);
  return there;
}
