import { startServer } from "@tillsync/server";
import { startPostgres } from "@tillsync/server/embedded";
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
      backups: { kept: values["Server.BackupsKept"], maxBytes: values["Server.MaxBackupBytes"] },
      ...(minRelease === undefined ? {} : { minTerminalRelease: minRelease }),
      trustedProxies: values["Server.TrustedProxies"]?.split(",") ?? [],
    });
    await untilStopped(output, { url: server.url, what: "Central server", close: () => server.close() });
  } finally {
    await embedded?.stop("fast");
  }
}

/** `kind=a,b; kind=c` as names by kind. */
function modulesOfKinds(text = ""): Record<string, string[]> {
  const kinds = text.split("; ").filter((kind) => kind !== "");
  return Object.fromEntries(kinds.map((kind) => [kind.split("=")[0] ?? "", (kind.split("=")[1] ?? "").split(",")]));
}
