import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Household } from "../targets.ts";
import { Child } from "./child.ts";
import { type KeptDatabase, keepPostgres } from "./database.ts";
import { FaultProxy } from "./fault-proxy.ts";
import { ensureHousehold } from "./household.ts";
import { ensureFree, ensureWritable } from "./preflight.ts";

export interface DemoOptions {
  readonly dataDir: string;
  readonly port: number;
  readonly terminalPort: number;
  readonly terminals: number;
  /** Told of each step and of each process that died and is started again. */
  readonly onNote: (text: string) => void;
}

/** A head office and a shop on one machine: real processes, and a link between them that can be cut. */
export interface Demo {
  readonly home: Household;
  readonly server: Child;
  readonly tills: readonly Child[];
  /** The shop's way to head office. */
  readonly link: FaultProxy;
  stop(): Promise<void>;
}

/** Starts everything, in the order in which it is needed. @throws SyncError or PostgresError, one sentence each */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const { dataDir, port, terminalPort, terminals, onNote } = options;
  ensureWritable(dataDir);
  const tillPorts = Array.from({ length: terminals }, (_, index) => ({
    port: terminalPort + index,
    flag: "--terminal-port",
  }));
  await ensureFree([{ port, flag: "--port" }, ...tillPorts]);
  const started: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    for (const part of started.reverse()) await part.stop();
  };
  try {
    onNote("starting PostgreSQL");
    const database: KeptDatabase = await keepPostgres(join(dataDir, "postgres"), (why) =>
      onNote(`PostgreSQL died (${why}); starting it again`),
    );
    started.push(database);
    const home = await ensureHousehold({
      dataDir,
      databaseUrl: database.url,
      centrePort: port,
      firstTerminalPort: terminalPort,
      terminals,
    });
    mkdirSync(join(dataDir, "log"), { recursive: true });
    onNote("starting the central server");
    const server = await startServerChild(options, database.url);
    started.push(server);
    const link = await FaultProxy.open({ target: { port } });
    started.push({ stop: () => link.close() });
    onNote(terminals === 1 ? "starting the till" : `starting ${terminals} tills`);
    const tills = await Promise.all(home.terminals.map((till) => startTillChild(options, home, till, link.url)));
    started.push({ stop: async () => void (await Promise.all(tills.map((till) => till.stop()))) });
    return { home, server, tills, link, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startServerChild({ dataDir, port, onNote }: DemoOptions, databaseUrl: string): Promise<Child> {
  return Child.start({
    name: "The central server",
    args: ["server", "--port", String(port), "--open-pages", "--data-dir", join(dataDir, "server")],
    env: { DATABASE_URL: databaseUrl, FOREIGN_OPEN: "true" },
    logFile: join(dataDir, "log", "server.log"),
    onDeath: (why) => onNote(`the central server died (${why}); starting it again`),
  });
}

function startTillChild(
  { dataDir, onNote }: DemoOptions,
  home: Household,
  till: Household["terminals"][number],
  centralUrl: string,
): Promise<Child> {
  const { shortId, url, key, terminal, dataDir: folder } = till;
  return Child.start({
    name: `Till ${shortId}`,
    args: [
      "terminal",
      "--short-id",
      shortId,
      "--id",
      terminal,
      "--port",
      new URL(url).port,
      "--data-dir",
      folder,
      "--central",
      centralUrl,
      "--currency",
      home.currency,
    ],
    env: { TILLSYNC_KEY: key, STORE_ID: home.store },
    logFile: join(dataDir, "log", `${shortId}.log`),
    onDeath: (why) => onNote(`till ${shortId} died (${why}); starting it again`),
  });
}
