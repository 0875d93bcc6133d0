import type { ExchangeRequest, ExchangeResponse } from "@tillsync/protocol";
import { enroll, startServer } from "@tillsync/server";
import { migratedDatabase } from "@tillsync/server/testing";
import { pino } from "pino";

/** A central server on a database of its own, for the running test file. */
export interface Centre {
  readonly url: string;
  /** @returns the key of the terminal */
  enrol(terminal: string, shortId: string): Promise<string>;
  exchange(key: string, request: ExchangeRequest): Promise<ExchangeResponse>;
  /** Effects of everything a terminal sent, in the order of its journal. */
  effectsOf(terminal: string): Promise<string[]>;
  close(): Promise<void>;
}

const STORE = { org: "docs", store: "STORE001", currency: "KES" } as const;

export async function openCentre(): Promise<Centre> {
  const database = await migratedDatabase();
  const log = pino({ level: "silent" });
  const server = await startServer({ databaseUrl: database.url, host: "127.0.0.1", port: 0, log, autoMigrate: false });
  const { key: admin } = await enroll(database.pool, { ...STORE, role: "admin", name: "head office" }, 0);
  const ask = async (key: string, path: string, body?: object) => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const answer = await fetch(`${server.url}${path}`, { headers, ...sent });
    if (answer.status !== 200) throw new Error(`HTTP ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as unknown;
  };
  return {
    url: server.url,
    enrol: async (id, shortId) => {
      const wanted = { ...STORE, role: "terminal", name: `till ${shortId}`, terminal: { id, shortId } } as const;
      return (await enroll(database.pool, wanted, 0)).key;
    },
    exchange: async (key, request) => (await ask(key, "/api/sync/exchange", request)) as ExchangeResponse,
    effectsOf: async (terminal) => {
      const page = (await ask(admin, `/api/admin/terminals/${terminal}/ledger`)) as { changes: { effect: string }[] };
      return page.changes.map(({ effect }) => effect);
    },
    close: async () => {
      await server.close();
      await database.drop();
    },
  };
}
