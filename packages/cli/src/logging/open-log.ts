import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Logger, multistream, pino } from "pino";
import roll from "pino-roll";
import type { Values } from "../config/keys.ts";
import { removeOldLogs } from "./remove-old-logs.ts";

export interface OpenLog {
  readonly log: Logger;
  /** Writes down what is still in memory. */
  close(): Promise<void>;
}

/** What `Logging.Directory` says for: everything to standard error, nothing to files. */
const STANDARD_ERROR_ONLY = "-";
const DAY_MS = 24 * 60 * 60_000;
/** Lines that wait for a disk that takes none; more are dropped. A log must not eat the memory of a till. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** A disk that takes nothing must not keep a process from ending. */
const CLOSE_WITHIN_MS = 500;

type LogValues = Pick<
  Values,
  | "Sync.EnableDetailedLogging"
  | "Logging.Directory"
  | "Logging.MaxFileBytes"
  | "Logging.MaxFiles"
  | "Logging.RetentionDays"
>;

/**
 * The log of a process: files that begin anew by size and by day, and go by number and by age. Warnings and errors are
 * on standard error as well. When the folder cannot be written, all of it goes there: a till sells without a log file.
 *
 * @param name of the files, `terminal` or `server`
 */
export async function openLog(name: string, dataDir: string, values: LogValues): Promise<OpenLog> {
  const level = values["Sync.EnableDetailedLogging"] ? "debug" : "info";
  const standardError = pino.destination(2);
  const directory = values["Logging.Directory"] ?? join(dataDir, "logs");
  if (directory === STANDARD_ERROR_ONLY) return { log: pino({ level }, standardError), close: async () => {} };
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return await openFiles({ name, directory, level, standardError }, values);
  } catch (error) {
    const log = pino({ level }, standardError);
    log.warn(
      { code: (error as { code?: unknown }).code, directory },
      "no log file can be written; logging goes on here",
    );
    return { log, close: async () => {} };
  }
}

interface Place {
  readonly name: string;
  readonly directory: string;
  readonly level: "debug" | "info";
  readonly standardError: ReturnType<typeof pino.destination>;
}

async function openFiles({ name, directory, level, standardError }: Place, values: LogValues): Promise<OpenLog> {
  const file = await roll({
    file: join(directory, name),
    extension: ".log",
    dateFormat: "yyyy-MM-dd",
    frequency: "daily",
    size: `${values["Logging.MaxFileBytes"]}b`,
    limit: { count: values["Logging.MaxFiles"], removeOtherLogFiles: true },
    maxLength: MAX_WAITING_BYTES,
    mode: 0o600,
  });
  // A full disk or a folder that is gone costs log lines, not the process.
  file.on("error", () => {});
  const streams = multistream([
    { level, stream: file },
    { level: "warn", stream: standardError },
  ]);
  const log = pino({ level }, streams);
  const clean = () => removeOldLogs(directory, name, Date.now() - values["Logging.RetentionDays"] * DAY_MS);
  clean();
  const timer = setInterval(clean, DAY_MS);
  timer.unref();
  const close = async () => {
    clearInterval(timer);
    await new Promise<void>((resolve) => {
      setTimeout(resolve, CLOSE_WITHIN_MS).unref();
      file.once("close", () => resolve());
      file.end();
    });
  };
  return { log, close };
}
