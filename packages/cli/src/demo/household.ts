import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { enroll, migrate, openPool } from "@tillsync/server";
import { type Household, householdFile, readHousehold } from "../targets.ts";
import { terminalIdentity } from "../terminal-identity.ts";

export interface HouseholdOptions {
  readonly dataDir: string;
  readonly databaseUrl: string;
  readonly centrePort: number;
  readonly firstTerminalPort: number;
  readonly terminals: number;
}

const STORE = { org: "demo", store: "STORE001", currency: "KES" } as const;

/** One store and its tills: enrolled at the centre the first time, remembered in the data folder after that. */
export async function ensureHousehold(options: HouseholdOptions): Promise<Household> {
  const { dataDir, databaseUrl, centrePort, firstTerminalPort } = options;
  const known = readHousehold(dataDir);
  const centreUrl = `http://127.0.0.1:${centrePort}`;
  const missing = Math.max(0, options.terminals - (known?.terminals.length ?? 0));
  const made = known && missing === 0 ? [] : await enrolTerminals(dataDir, databaseUrl, known, missing);
  const all = [...(known?.terminals ?? []), ...made.filter(isTerminal)];
  const terminals = all
    .slice(0, options.terminals)
    .map((till, index) => ({ ...till, url: `http://127.0.0.1:${firstTerminalPort + index}` }));
  const adminKey = known?.adminKey ?? made.find((entry) => typeof entry === "string") ?? "";
  const home: Household = { store: STORE.store, currency: STORE.currency, adminKey, centreUrl, terminals };
  writeFileSync(householdFile(dataDir), `${JSON.stringify(home, null, 2)}\n`, { mode: 0o600 });
  return home;
}

type Made = string | Household["terminals"][number];

function isTerminal(made: Made): made is Household["terminals"][number] {
  return typeof made !== "string";
}

async function enrolTerminals(
  dataDir: string,
  databaseUrl: string,
  known: Household | undefined,
  missing: number,
): Promise<Made[]> {
  await migrate(databaseUrl);
  const pool = openPool(databaseUrl, { max: 1 });
  try {
    const made: Made[] = [];
    if (known === undefined) {
      made.push((await enroll(pool, { ...STORE, role: "admin", name: "head office (demo)" }, Date.now())).key);
    }
    for (let index = 0; index < missing; index++) {
      const shortId = `T${String((known?.terminals.length ?? 0) + index + 1).padStart(2, "0")}`;
      const folder = join(dataDir, shortId);
      mkdirSync(folder, { recursive: true });
      const terminal = { id: terminalIdentity(folder), shortId };
      const { key } = await enroll(
        pool,
        { ...STORE, role: "terminal", name: `till ${shortId} (demo)`, terminal },
        Date.now(),
      );
      made.push({ terminal: terminal.id, shortId, key, url: "", dataDir: folder });
    }
    return made;
  } finally {
    await pool.end();
  }
}
