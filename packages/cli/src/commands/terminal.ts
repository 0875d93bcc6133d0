import { httpHeadOffice, startTerminalHttp } from "@tillsync/terminal";
import type { Command } from "commander";
import type { Logger } from "pino";
import { ConfiguredBackups } from "../backup/configured-backups.ts";
import { readUnsettled, resetTill } from "../backup/reset.ts";
import { centralUrl, terminalFile } from "../config/derived.ts";
import type { Values } from "../config/keys.ts";
import { openLog } from "../logging/open-log.ts";
import { credentialOf, identityOf } from "../machine.ts";
import { openConfigured } from "../open-configured.ts";
import { type Output, outputOf } from "../output.ts";
import { configurable, configurationOf } from "./options.ts";
import { untilStopped } from "./until-stopped.ts";

const FLAGS = {
  host: "Terminal.Host",
  port: "Terminal.Port",
  "data-dir": "Terminal.DataDir",
  "short-id": "Terminal.ShortId",
  id: "Terminal.Id",
  central: "Sync.CentralApiEndpoint",
  currency: "Terminal.Currency",
  profile: "Sync.Profile",
} as const;

export function terminalCommand(program: Command): void {
  const command = program
    .command("terminal")
    .summary("run one till")
    .description(
      "Runs a till: its database, its local API and pages, and the loop that sends what was sold. Enrolled with `tillsync enroll --centre`, it comes with a key of its own; else with the one in TILLSYNC_KEY or the configuration.",
    )
    .option("--json", "one JSON line when it serves, on standard output")
    .addHelpText(
      "after",
      "\nExample:\n  TILLSYNC_KEY=tsk_… tillsync terminal --short-id T01 --port 7070 --central http://127.0.0.1:8080",
    );
  configurable(command, FLAGS).action(async (options: Record<string, unknown> & { json?: boolean }) => {
    const output = outputOf(options);
    const { values } = await configurationOf(options, FLAGS);
    // Before the till: its first attempt begins at once, and belongs in the log.
    const { log, close: closeLog } = await openLog("terminal", values["Terminal.DataDir"], values);
    try {
      await serve(values, log, output);
    } finally {
      await closeLog();
    }
  });
}

async function serve(values: Values, log: Logger, output: Output): Promise<void> {
  const credential = credentialOf(values);
  const { shortId } = identityOf(values);
  const backups = new ConfiguredBackups(values, credential);
  const terminal = openConfigured(values, { key: credential, besides: backups.besides });
  const key = values["Terminal.LocalKey"];
  let isReset = false;
  try {
    const http = await startTerminalHttp({
      terminal,
      host: values["Terminal.Host"],
      port: values["Terminal.Port"],
      log,
      headOffice: httpHeadOffice({ url: centralUrl(values), key: credential }),
      backups: backups.start(terminal),
      reset: {
        shortId,
        unsettled: () => readUnsettled(terminalFile(values)),
        reset: () => {
          isReset = true;
          process.emit("SIGTERM");
        },
      },
      ...(key ? { key } : {}),
    });
    const close = async () => {
      await backups.stop();
      await Promise.all([http.close(), terminal.close()]);
    };
    await untilStopped(output, { url: http.url, what: `Till ${shortId}`, close });
    // It looks again: what was sold since the request came is not taken away.
    const file = terminalFile(values);
    if (isReset) await resetTill({ file, shortId, nowMs: Date.now() });
  } catch (error) {
    await backups.stop();
    await terminal.close(0);
    throw error;
  }
}
