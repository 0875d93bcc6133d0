import { join } from "node:path";
import { type Layer, readConfigFile, refuse } from "./config-file.ts";
import { KEYS, type Key, type Values } from "./keys.ts";
import type { Setting } from "./settings.ts";

export const CONFIG_FILE = "tillsync.config.json";

/** A key set on the command line. `flag` is what the user typed, for errors. */
export interface FlagValue {
  readonly key: Key;
  readonly flag: string;
  readonly value: unknown;
}

export interface ConfigurationSources {
  /** Where `tillsync.config.json` is looked for. */
  readonly directory: string;
  /** `--config`: one more file, over the other two. It must exist. */
  readonly configFile?: string | undefined;
  /** The process's environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly flags?: readonly FlagValue[] | undefined;
}

export interface Configuration {
  readonly values: Values;
  /** Where a key's value came from: a file, an environment variable, a flag, or `default`. */
  origin(key: Key): string;
}

/**
 * The configuration as design section 5 layers it, later ones over earlier ones: defaults, `tillsync.config.json`,
 * `tillsync.config.<environment>.json` (environment: TILLSYNC_ENV, else NODE_ENV), `--config`, environment variables,
 * flags. Every value of every layer is checked, also one that a later layer covers.
 *
 * @throws SyncError CONFIG_INVALID naming the key, where it came from, what belongs there and what came (secrets aside)
 */
export async function loadConfiguration(sources: ConfigurationSources): Promise<Configuration> {
  const values: Record<string, unknown> = {};
  const origins = new Map<Key, string>();
  for (const key of allKeys()) values[key] = KEYS[key].default;
  for (const { origin, entries } of await layersOf(sources)) {
    for (const [key, raw] of entries) {
      values[key] = checked(key, raw, origin);
      origins.set(key, origin);
    }
  }
  const origin = (key: Key) => origins.get(key) ?? "default";
  const configuration: Configuration = { values: Object.freeze(values) as Values, origin };
  checkTogether(configuration);
  return configuration;
}

export function allKeys(): readonly Key[] {
  return Object.keys(KEYS) as Key[];
}

async function layersOf({ directory, configFile, env, flags = [] }: ConfigurationSources): Promise<readonly Layer[]> {
  const files = [await readConfigFile(join(directory, CONFIG_FILE), true)];
  const environment = env.TILLSYNC_ENV || env.NODE_ENV;
  if (environment !== undefined && environment !== "") {
    const name = /^[A-Za-z0-9_-]+$/.test(environment);
    if (!name)
      throw refuse(
        "TILLSYNC_ENV",
        "the environment",
        "letters, digits, hyphens and underscores",
        JSON.stringify(environment),
      );
    files.push(await readConfigFile(join(directory, `tillsync.config.${environment}.json`), true));
  }
  if (configFile !== undefined) files.push(await readConfigFile(configFile, false));
  const found = files.filter((layer) => layer !== undefined);
  const typed = flags.map(
    ({ key, flag, value }): Layer => ({ origin: `flag ${flag}`, entries: new Map([[key, value]]) }),
  );
  return [...found, ...environmentLayers(env), ...typed];
}

/** An empty variable counts as absent: that is how shells and container files leave one out. */
function environmentLayers(env: ConfigurationSources["env"]): readonly Layer[] {
  return allKeys().flatMap((key) => {
    const setting: Setting<unknown> = KEYS[key];
    const name = setting.env?.find((variable) => (env[variable] ?? "") !== "");
    return name === undefined ? [] : [{ origin: `environment variable ${name}`, entries: new Map([[key, env[name]]]) }];
  });
}

function checked(key: Key, raw: unknown, origin: string): unknown {
  const setting: Setting<unknown> = KEYS[key];
  const value = setting.read(raw);
  if (value !== undefined) return value;
  throw refuse(key, origin, setting.wants, setting.secret === true ? "something else (not shown)" : describe(raw));
}

function checkTogether({ values, origin }: Configuration): void {
  if (values["Kafka.Enabled"] && values["Kafka.BootstrapServers"] === undefined) {
    throw refuse(
      "Kafka.BootstrapServers",
      origin("Kafka.BootstrapServers"),
      "host:port while Kafka.Enabled is true",
      "nothing",
    );
  }
  const host = values["Terminal.Host"];
  if (!/^(127\.|localhost$|::1$|\[::1\]$)/.test(host) && values["Terminal.LocalKey"] === undefined) {
    throw refuse(
      "Terminal.LocalKey",
      origin("Terminal.LocalKey"),
      `a key while Terminal.Host is ${host}: other machines can reach it`,
      "nothing",
    );
  }
}

function describe(raw: unknown): string {
  if (typeof raw === "string") return raw.length <= 60 ? JSON.stringify(raw) : `text of ${raw.length} characters`;
  return raw !== null && typeof raw === "object" ? (Array.isArray(raw) ? "a list" : "an object") : String(raw);
}
