import { startServer } from "@tillsync/server";
import { startPostgres } from "@tillsync/server/embedded";
import type { Command } from "commander";
import { pino } from "pino";
import { databaseUrl } from "../config/derived.ts";
import { outputOf } from "../output.ts";
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
    .option("--json", "one JSON line when it serves, log lines on standard error")
    .addHelpText("after", "\nExample:\n  DATABASE_URL=postgresql://localhost/tillsync tillsync server --port 8080");
  configurable(command, FLAGS).action(
    async (options: Record<string, unknown> & { json?: boolean; openPages?: boolean }) => {
      const output = outputOf(options);
      const { values } = await configurationOf(options, FLAGS);
      const log = pino({ level: values["Sync.EnableDetailedLogging"] ? "debug" : "info" }, pino.destination(2));
      const given = databaseUrl(values);
      const embedded =
        given === undefined
          ? await startPostgres({ dataDir: values["Server.DataDir"], log: (line) => log.info(line) })
          : undefined;
      const url = given ?? embedded?.url ?? "";
      try {
        const server = await startServer({
          databaseUrl: url,
          host: values["Server.Host"],
          port: values["Server.Port"],
          log,
          autoMigrate: values["Database.AutoMigrate"],
          openPages: options.openPages ?? false,
          openDevices: values["Foreign.Open"],
          rates: {
            perDevice: values["Server.RequestsPerSecondPerDevice"],
            perStore: values["Server.RequestsPerSecondPerStore"],
          },
          trustedProxies: values["Server.TrustedProxies"]?.split(",") ?? [],
        });
        await untilStopped(output, { url: server.url, what: "Central server", close: () => server.close() });
      } finally {
        await embedded?.stop("fast");
      }
    },
  );
}
