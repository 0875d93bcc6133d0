import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SyncError } from "@tillsync/protocol";
import type { Command } from "commander";
import { fetchNewest } from "../backup/from-centre.ts";
import { keyOf } from "../backup/keys.ts";
import { type LossReport, lossReport } from "../backup/loss-report.ts";
import { drill, type Restored, restoreTo } from "../backup/restore.ts";
import type { Door } from "../http-door.ts";
import { type Output, outputOf } from "../output.ts";

interface RestoreOptions {
  readonly to?: string;
  readonly drill?: boolean;
  readonly identity?: string;
  readonly passphraseFile?: string;
  readonly terminal?: string;
  readonly centre?: string;
  readonly key?: string;
  readonly report?: boolean;
  readonly json?: boolean;
}

export function restoreCommand(program: Command): void {
  program
    .command("restore")
    .argument("[file]", "a backup; without one the newest that the centre has of --terminal")
    .summary("restore a till from a backup, or see that it could be")
    .description(
      "Opens a backup, checks every page and the journal's chain, and makes a folder a till's folder with it. The till that starts there begins a new life: its receipts carry a mark of their own, nothing is numbered twice. With --drill nothing is written that stays. With --report the centre is asked what it has, and what is neither there nor in the backup is named.",
    )
    .option("--to <folder>", "the folder of the new till; it must have no till.db")
    .option("--drill", "only see that it can be restored")
    .option("--identity <file>", "the key that opens backups, made by tillsync backup --make-key")
    .option("--passphrase-file <file>", "the passphrase that opens them")
    .option("--terminal <uuid>", "whose newest backup the centre is asked for")
    .option("--centre <url>", "where the centre is")
    .option("--key <key>", "an admin's or the till's key at the centre; TILLSYNC_ADMIN_KEY when absent")
    .option("--report", "say what is lost, as far as anybody can know")
    .option("--json", "the answer as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  tillsync restore T01-20261130T184500Z.till.age --identity backup.key --drill\n  tillsync restore --terminal 0190a5da-c967-774b-8cce-b302099a8057 --centre https://head-office.example --identity backup.key --to /var/lib/till --report",
    )
    .action(async (file: string | undefined, options: RestoreOptions) => {
      const output = outputOf(options);
      const folder = mkdtempSync(join(tmpdir(), "tillsync-restore-"));
      try {
        const restored = await restore(file ?? (await fetched(options, folder, output)), options, output);
        const report = options.report === true ? await reported(restored, options) : undefined;
        print(output, restored, report);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
}

async function restore(file: string, options: RestoreOptions, output: Output): Promise<Restored> {
  const opening = { key: keyOf(options), onProgress: (rows: number) => output.progress(`${rows} changes checked`) };
  if (options.drill === true) return drill(file, opening);
  if (options.to !== undefined) return restoreTo(file, options.to, opening);
  throw new SyncError("INVALID_INPUT", "Say where to: --to FOLDER, or --drill to see only that it works.", {
    field: "to",
  });
}

async function fetched(options: RestoreOptions, folder: string, output: Output): Promise<string> {
  if (options.terminal === undefined)
    throw new SyncError("INVALID_INPUT", "Name a backup, or the --terminal whose newest the centre has.", {
      field: "file",
    });
  const tell = (bytes: number, of: number) => output.progress(`${bytes} of ${of} bytes fetched`);
  return (await fetchNewest(doorOf(options), options.terminal, folder, tell)).file;
}

function doorOf({ centre, key = process.env.TILLSYNC_ADMIN_KEY }: RestoreOptions): Door {
  if (centre !== undefined && key !== undefined) return { url: centre, key };
  throw new SyncError("INVALID_INPUT", "The centre is asked with --centre URL and --key KEY.", { field: "centre" });
}

function reported({ contents, manifest, receipts }: Restored, options: RestoreOptions): Promise<LossReport> {
  return lossReport(doorOf(options), contents, { takenAt: manifest.takenAt, receipts });
}

function print(output: Output, { manifest, contents, database }: Restored, report: LossReport | undefined): void {
  output.value({ database, manifest, damaged: contents.damaged, missing: contents.missing, report: report ?? null });
  const changes = contents.lives.reduce((sum, life) => sum + life.changes, 0);
  output.line(
    `${manifest.shortId}, taken ${manifest.takenAt}: ${changes} changes in ${contents.lives.length} lives, all of them checked.`,
  );
  for (const { incarnation, seq } of contents.damaged)
    output.line(`  damaged on the till already: ${incarnation} ${seq}; the centre's copy heals it`);
  output.line(
    database === null
      ? "It can be restored; nothing was written."
      : `Restored as ${database}; the till begins a new life there.`,
  );
  for (const life of report?.lives ?? []) {
    output.line(
      `  life ${life.ordinal}: ${life.inBackup} in the backup, ${life.atCentre} at the centre; ${life.toSend} to send, ${life.onlyAtCentre} only at the centre`,
    );
    const { lost, lastReceipt, lastHeardAt } = life;
    if (lost)
      output.line(`    LOST: changes ${lost.fromSeq} to ${lost.toSeq} (${lost.count}), recorded and nowhere any more`);
    if (lastReceipt) output.line(`    last receipt known: ${lastReceipt.businessDate} number ${lastReceipt.sequence}`);
    if (lastHeardAt) output.line(`    what was sold after ${lastHeardAt} nobody was told of`);
  }
}
