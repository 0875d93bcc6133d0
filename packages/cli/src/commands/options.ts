import { type Command, InvalidArgumentError } from "commander";
import type { FlagValue } from "../config/configuration.ts";
import { type Configuration, loadConfiguration } from "../config/configuration.ts";
import type { Key } from "../config/keys.ts";

/** A command-line flag that sets a configuration key. */
export type FlagKeys = Readonly<Record<string, Key>>;

/** Adds `--config` and one flag per key; `--port <value>` sets what the table says. */
export function configurable(command: Command, flags: FlagKeys): Command {
  command.option("--config <file>", "configuration file, over tillsync.config.json");
  for (const [flag, key] of Object.entries(flags)) command.option(`--${flag} <value>`, `sets ${key}`);
  return command;
}

/** The configuration of a command: files, environment and its flags. @throws SyncError CONFIG_INVALID */
export function configurationOf(options: Readonly<Record<string, unknown>>, flags: FlagKeys): Promise<Configuration> {
  const given = Object.entries(flags).flatMap(([flag, key]): FlagValue[] => {
    const value = options[camelCase(flag)];
    return value === undefined ? [] : [{ key, flag: `--${flag}`, value }];
  });
  const configFile = typeof options.config === "string" ? options.config : undefined;
  return loadConfiguration({ directory: process.cwd(), configFile, env: process.env, flags: given });
}

function camelCase(flag: string): string {
  return flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Reads a whole number from the command line. @throws InvalidArgumentError, which ends the command with a sentence */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
    const range = max === Number.MAX_SAFE_INTEGER ? `from ${min} up` : `from ${min} to ${max}`;
    throw new InvalidArgumentError(`It must be a whole number ${range}.`);
  };
}

/** A port somebody can be told of: 0, any free one, would help nobody here. */
export const portNumber = wholeNumber(1, 65_535);
