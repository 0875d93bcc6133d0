import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openTerminal, type Terminal } from "@tillsync/engine";
import { parseAs, SyncError } from "@tillsync/protocol";
import { z } from "zod";
import { loadConfiguration } from "./config/configuration.ts";
import { centralUrl, terminalFile } from "./config/derived.ts";
import type { Door } from "./http-door.ts";
import { credentialOf, identityOf } from "./machine.ts";
import { openConfigured } from "./open-configured.ts";

const HOUSEHOLD_FILE = "demo.json";

/** What the demo made of a data folder: one store, its terminals, their keys. Kept readable by its owner only. */
export const household = z.strictObject({
  store: z.string(),
  currency: z.string(),
  adminKey: z.string(),
  centreUrl: z.string(),
  terminals: z.array(
    z.strictObject({
      terminal: z.string(),
      shortId: z.string(),
      key: z.string(),
      url: z.string(),
      dataDir: z.string(),
    }),
  ),
});

export type Household = z.infer<typeof household>;

export function householdFile(dataDir: string): string {
  return join(dataDir, HOUSEHOLD_FILE);
}

export function readHousehold(dataDir: string): Household | undefined {
  const file = householdFile(dataDir);
  if (!existsSync(file)) return undefined;
  return parseAs(household, JSON.parse(readFileSync(file, "utf8")), "CONFIG_INVALID");
}

/** A till that a command talks to: its own door, its database, and the door of its centre. */
export interface TillTarget {
  readonly shortId: string;
  readonly local: Door;
  readonly file: string;
  readonly centre: Door;
}

/** A till that a command may have to open itself. */
export interface LocalTill extends TillTarget {
  /** Opens the till in this process, as a start of it would. @throws SyncError LOCKED while it runs elsewhere */
  readonly open: () => Terminal;
}

export interface TargetOptions {
  readonly dataDir?: string | undefined;
  readonly terminal?: string | undefined;
  readonly config?: string | undefined;
}

export const DEMO_DATA_DIR = ".tillsync";

/**
 * The tills of the demo in `--data-dir`, or else the one of the configuration; `--terminal T02` picks one of them.
 *
 * @throws SyncError NOT_FOUND when there is no such till
 */
export async function tillTargets({ dataDir = DEMO_DATA_DIR, terminal, config }: TargetOptions): Promise<LocalTill[]> {
  const home = config === undefined ? readHousehold(dataDir) : undefined;
  const all = home ? home.terminals.map((till) => ofHousehold(home, till)) : [await ofConfiguration(config)];
  const chosen = all.filter(({ shortId }) => terminal === undefined || shortId === terminal);
  if (chosen.length === 0) {
    const known = all.map(({ shortId }) => shortId).join(", ");
    throw new SyncError("NOT_FOUND", `There is no terminal ${terminal} here; known: ${known}.`, {
      field: "terminal",
      got: String(terminal),
    });
  }
  return chosen;
}

/**
 * The door of head office for people of head office: given as options, else that of the demo. Undefined without a key.
 */
export function adminDoor(
  { dataDir, centre, key }: { dataDir: string; centre?: string | undefined; key?: string | undefined },
  env: NodeJS.ProcessEnv = process.env,
): { url: string; key: string } | undefined {
  const home = readHousehold(dataDir);
  const url = centre ?? home?.centreUrl;
  const adminKey = key ?? env.TILLSYNC_ADMIN_KEY ?? (centre === undefined ? home?.adminKey : undefined);
  return url === undefined || adminKey === undefined ? undefined : { url, key: adminKey };
}

function ofHousehold(home: Household, till: Household["terminals"][number]): LocalTill {
  const { shortId, url, key, dataDir } = till;
  const file = join(dataDir, "till.db");
  const central = { url: home.centreUrl, key };
  const { store, currency } = home;
  const open = () => openTerminal({ file, terminal: till.terminal, shortId, store, currency, central });
  return { shortId, local: { url }, file, centre: central, open };
}

async function ofConfiguration(configFile: string | undefined): Promise<LocalTill> {
  const { values } = await loadConfiguration({ directory: process.cwd(), configFile, env: process.env });
  const key = credentialOf(values);
  return {
    shortId: identityOf(values).shortId,
    local: { url: `http://127.0.0.1:${values["Terminal.Port"]}`, key: values["Terminal.LocalKey"] },
    file: terminalFile(values),
    centre: { url: centralUrl(values), ...(typeof key === "string" ? { key } : { credential: key }) },
    open: () => openConfigured(values),
  };
}
