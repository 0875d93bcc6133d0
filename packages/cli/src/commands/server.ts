import { join } from "node:path";
import { startServer } from "@tillsync/server";
import { openBackupFolder, WalArchive } from "@tillsync/server/backup";
import { type EmbeddedPostgres, startPostgres } from "@tillsync/server/embedded";
import type { Command } from "commander";
import type { Logger } from "pino";
import { databaseUrl } from "../config/derived.ts";
import type { Values } from "../config/keys.ts";
import { openLog } from "../logging/open-log.ts";
import { type Output, outputOf } from "../output.ts";
import { configurable, configurationOf } from "./options.ts";
import { untilStopped } from "./until-stopped.ts";

const FLAGS = {
  host: "Server.Host",
  port: "Server.Port",
  "database-url": "Server.DatabaseUrl",
  "data-dir": "Server.DataDir",
} as const;

export function serverCommand(program: Command): void {
  const command = program
    .command("server")
    .summary("run the central server")
    .description("Runs the central server, on DATABASE_URL or on an embedded PostgreSQL of its own in Server.DataDir.")
    .option("--open-pages", "let browsers on this machine see the status page without a key")
    .option("--json", "one JSON line when it serves, on standard output")
    .addHelpText("after", "\nExample:\n  DATABASE_URL=postgresql://localhost/tillsync tillsync server --port 8080");
  configurable(command, FLAGS).action(
    async (options: Record<string, unknown> & { json?: boolean; openPages?: boolean }) => {
      const output = outputOf(options);
      const { values } = await configurationOf(options, FLAGS);
      const { log, close: closeLog } = await openLog("server", values["Server.DataDir"], values);
      try {
        await serve(values, log, { output, openPages: options.openPages ?? false });
      } finally {
        await closeLog();
      }
    },
  );
}

async function serve(
  values: Values,
  log: Logger,
  { output, openPages }: { output: Output; openPages: boolean },
): Promise<void> {
  const given = databaseUrl(values);
  const minRelease = values["Server.MinTerminalRelease"];
  const embedded =
    given === undefined
      ? await startPostgres({ dataDir: values["Server.DataDir"], log: (line) => log.info(line) })
      : undefined;
  const archive = embedded && (await archiveOf(embedded, values, log));
  try {
    const server = await startServer({
      databaseUrl: given ?? embedded?.url ?? "",
      host: values["Server.Host"],
      port: values["Server.Port"],
      log,
      autoMigrate: values["Database.AutoMigrate"],
      openPages,
      openDevices: values["Foreign.Open"],
      customerConflicts: values["Conflicts.Customers"],
      documentConflicts: values["Conflicts.Documents"],
      rates: {
        perDevice: values["Server.RequestsPerSecondPerDevice"],
        perStore: values["Server.RequestsPerSecondPerStore"],
      },
      kinds: modulesOfKinds(values["Gateway.Modules"]),
      feeds: Object.fromEntries(pairsOf(values["Gateway.Feeds"])),
      backups: { kept: values["Server.BackupsKept"], maxBytes: values["Server.MaxBackupBytes"] },
      ...(minRelease === undefined ? {} : { minTerminalRelease: minRelease }),
      trustedProxies: values["Server.TrustedProxies"]?.split(",") ?? [],
      witnessFile: join(values["Server.DataDir"], "database.witness"),
    });
    await untilStopped(output, { url: server.url, what: "Central server", close: () => server.close() });
  } finally {
    await archive?.stop();
    await embedded?.stop("fast");
  }
}

/** Copies the log of our own PostgreSQL to the folder of backups; a folder that is away stops no server. */
async function archiveOf(
  { adminUrl, dataDir }: EmbeddedPostgres,
  values: Values,
  log: Logger,
): Promise<WalArchive | undefined> {
  const path = values["Server.BackupDir"];
  if (path === undefined) return undefined;
  const onFailure = (error: unknown) =>
    log.error(`the log could not be copied to ${path}: ${error instanceof Error ? error.message : String(error)}`);
  const everyMs = values["Server.BackupLogSeconds"] * 1000;
  const archive = new WalArchive({
    cluster: { adminUrl, dataDir },
    folder: openBackupFolder(path),
    everyMs,
    onFailure,
  });
  await archive.start();
  return archive;
}

/** `kind=a,b; kind=c` as names by kind. */
function modulesOfKinds(text?: string): Record<string, string[]> {
  return Object.fromEntries(pairsOf(text).map(([kind, names]) => [kind, names.split(",")]));
}

function pairsOf(text = ""): [string, string][] {
  const parts = text.split("; ").filter((part) => part !== "");
  return parts.map((part): [string, string] => [part.split("=")[0] ?? "", part.split("=")[1] ?? ""]);
}
