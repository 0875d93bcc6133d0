import { parseAs, SyncError } from "@tillsync/protocol";
import { asOperator, completedByOperator, migrate, openPool, renewEpochs, storesOf } from "@tillsync/server";
import {
  findBackupFolder,
  openBackupFolder,
  type Restored,
  reachCluster,
  restoreServer,
  type TakenBackup,
  takeBackup,
  type Until,
} from "@tillsync/server/backup";
import type { Command } from "commander";
import { z } from "zod";
import { databaseUrl } from "../config/derived.ts";
import type { Values } from "../config/keys.ts";
import { type Output, outputOf } from "../output.ts";
import { configurable, configurationOf } from "./options.ts";

const FLAGS = {
  "database-url": "Server.DatabaseUrl",
  "data-dir": "Server.DataDir",
} as const;

interface BackupOptions extends Record<string, unknown> {
  readonly server?: boolean;
  readonly to?: string;
  readonly completed?: boolean;
  readonly takenAt?: string;
  readonly lsn?: string;
  readonly json?: boolean;
}

interface RestoreOptions extends Record<string, unknown> {
  readonly server?: boolean;
  readonly from?: string;
  readonly until?: string;
  readonly renew?: boolean;
  readonly json?: boolean;
}

const LSN = /^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/;
const instant = z.iso.datetime({ offset: true });

export function backupServerCommand(program: Command): void {
  const command = program
    .command("backup")
    .summary("back up the central server's database, and verify the backup")
    .description(
      "Backs up the central server's own PostgreSQL while it works, starts a PostgreSQL on a copy of the backup, and reads everything in it. From then on tills may forget what is in it, 30 days after they sent it. With a PostgreSQL of yours (DATABASE_URL), back up with its own tools and say so with --completed.",
    )
    .requiredOption("--server", "of the central server")
    .option("--to <folder>", "folder of backups (default: Server.BackupDir)")
    .option("--completed", "nothing is copied: says that a backup made with other tools is complete and was verified")
    .option("--taken-at <time>", "with --completed: when that backup was begun, such as 2026-01-16T02:00:00Z")
    .option("--lsn <position>", "with --completed: where PostgreSQL's log was when it was begun, such as 0/5000028")
    .option("--json", "the result as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  tillsync backup --server --to /backups/tillsync\n  DATABASE_URL=postgresql://localhost/tillsync tillsync backup --server --completed --taken-at 2026-01-16T02:00:00Z",
    );
  configurable(command, FLAGS).action(async (options: BackupOptions) => {
    const output = outputOf(options);
    const { values } = await configurationOf(options, FLAGS);
    await (options.completed === true ? complete(values, options, output) : backUp(values, options, output));
  });
}

export function restoreServerCommand(program: Command): void {
  const command = program
    .command("restore")
    .summary("restore the central server's database from a backup")
    .description(
      "Makes a data folder for a central server from a backup and the log behind it. Its database begins a new epoch, so tills send again what it lost. After a restore with tools of yours that no server noticed, --renew does that part alone.",
    )
    .requiredOption("--server", "of the central server")
    .option("--from <folder>", "folder of backups (default: Server.BackupDir)")
    .option(
      "--until <moment>",
      "a time such as 2026-01-16T14:30:00Z, or a position in the log; without it, all there is",
    )
    .option("--renew", "restores nothing: begins a new epoch in the database of DATABASE_URL")
    .option("--json", "the result as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  tillsync restore --server --from /backups/tillsync --data-dir /var/lib/tillsync-new\n  DATABASE_URL=postgresql://localhost/tillsync tillsync restore --server --renew",
    );
  configurable(command, FLAGS).action(async (options: RestoreOptions) => {
    const output = outputOf(options);
    const { values } = await configurationOf(options, FLAGS);
    await (options.renew === true ? renew(values, output) : restore(values, options, output));
  });
}

async function backUp(values: Values, options: BackupOptions, output: Output): Promise<void> {
  const folder = openBackupFolder(folderOf(options.to, values));
  const cluster = await reachCluster(values["Server.DataDir"], output.progress);
  let taken: TakenBackup;
  try {
    const actor = "tillsync backup";
    taken = await takeBackup(cluster, folder, { log: output.progress, nowMs: () => Date.now(), actor });
  } finally {
    await cluster.release();
  }
  const { name, manifest, lives, changes } = taken;
  output.value({ name, ...manifest, moved: { lives, changes } });
  const { verified, bytes } = manifest;
  output.line(`Backup ${name} in ${folder.path}: ${Math.round(bytes / 1024 / 1024)} MiB.`);
  if (verified) {
    const { changes: stored, terminals, seconds } = verified;
    output.line(`Verified: a PostgreSQL started on it has ${stored} changes of ${terminals} terminals (${seconds} s).`);
  }
  output.line(`Tills may forget ${changes} changes more, 30 days after they sent them.`);
}

async function complete(values: Values, { takenAt, lsn }: BackupOptions, output: Output): Promise<void> {
  if ((takenAt === undefined) === (lsn === undefined)) throw needsMoment();
  const backup =
    lsn === undefined ? { takenAt: new Date(parseAs(instant, takenAt)) } : { lsn: parseAs(z.string().regex(LSN), lsn) };
  await onDatabase(values, async (pool) => {
    const stores = await asOperator(pool, storesOf);
    const done = await completedByOperator(pool, stores, { ...backup, actor: "tillsync backup", nowMs: Date.now() });
    output.value({ stores: stores.length, ...done });
    output.line(`Everything received up to ${done.through} counts as backed up, in ${stores.length} stores.`);
    output.line(`Tills may forget ${done.changes} changes more, 30 days after they sent them.`);
  });
}

async function restore(values: Values, options: RestoreOptions, output: Output): Promise<void> {
  const folder = findBackupFolder(folderOf(options.from, values));
  const restored = await restoreServer(folder, {
    dataDir: values["Server.DataDir"],
    until: untilOf(options.until),
    log: output.progress,
  });
  output.value(restored);
  for (const line of linesOf(restored)) output.line(line);
}

function linesOf({ dataDir, changes, terminals, lsn, lastCommitAt, from }: Restored): string[] {
  return [
    `${dataDir} has the backup ${from}, rolled forward to ${lsn}${lastCommitAt === null ? "" : ` (${lastCommitAt})`}.`,
    `It has ${changes} changes of ${terminals} terminals, and began a new epoch.`,
    "Start the server on it. Tills send again what came later. Not theirs, and to be done again when it came later: imports,",
    "keys and terminals, Z reports, what devices of other makes and head office sent. docs/operating.md says how.",
  ];
}

async function renew(values: Values, output: Output): Promise<void> {
  await onDatabase(values, async (pool) => {
    const serverEpoch = await asOperator(pool, (client) => renewEpochs(client, "said by an operator"));
    output.value({ serverEpoch });
    output.line(`The database began a new epoch: ${serverEpoch}. Restart its servers.`);
  });
}

async function onDatabase(values: Values, use: (pool: ReturnType<typeof openPool>) => Promise<void>): Promise<void> {
  const url = databaseUrl(values);
  if (url === undefined)
    throw new SyncError("CONFIG_INVALID", "This is about a PostgreSQL of yours: set DATABASE_URL.", {
      field: "Server.DatabaseUrl",
    });
  await migrate(url);
  const pool = openPool(url, { max: 1 });
  try {
    await use(pool);
  } finally {
    await pool.end();
  }
}

function folderOf(given: string | undefined, values: Values): string {
  const folder = given ?? values["Server.BackupDir"];
  if (folder !== undefined) return folder;
  throw new SyncError("CONFIG_INVALID", "Name the folder of backups, or set Server.BackupDir.", {
    field: "Server.BackupDir",
  });
}

function untilOf(text: string | undefined): Until {
  if (text === undefined) return undefined;
  if (LSN.test(text)) return { lsn: text };
  const parsed = instant.safeParse(text);
  if (parsed.success) return { time: new Date(parsed.data) };
  const expected = "a time such as 2026-01-16T14:30:00Z, or a position in the log such as 0/5000028";
  throw new SyncError("INVALID_INPUT", `--until: ${expected}; got ${text}.`, { field: "until", expected, got: text });
}

function needsMoment(): SyncError {
  const expected = "one of --taken-at and --lsn";
  return new SyncError("INVALID_INPUT", `--completed needs ${expected}.`, { field: "takenAt", expected });
}
