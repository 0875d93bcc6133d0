import type { Command } from "commander";
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

/** A whole number from the command line. */
export function wholeNumber(name: string, min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < min)
      throw new RangeError(`${name} must be a whole number from ${min} up; got "${text}".`);
    return value;
  };
}
