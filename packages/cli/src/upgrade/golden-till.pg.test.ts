import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { zstdDecompressSync } from "node:zlib";
import { openTerminal } from "@tillsync/engine";
import { readOnly } from "@tillsync/engine/sqlite";
import { enroll, type RunningServer, startServer } from "@tillsync/server";
import { type MigratedDatabase, migratedDatabase, tempFolder } from "@tillsync/server/testing";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { verify } from "../verify/verify.ts";

const FOLDER = fileURLToPath(new URL("../../../engine/src/sqlite/golden/", import.meta.url));
const TERMINAL = "0190a5da-c967-774b-8cce-b302099a8057";
let database: MigratedDatabase;
let server: RunningServer;

beforeAll(async () => {
  database = await migratedDatabase();
  server = await startServer({ databaseUrl: database.url, host: "127.0.0.1", port: 0, log: pino({ level: "silent" }) });
});
afterAll(async () => {
  await server.close();
  await database.drop();
});

const journalOf = (file: string) => {
  const db = readOnly(file);
  try {
    return db.all<{ position: number; hash: string; body: string }>(
      "SELECT position, hex(hash) AS hash, body, private FROM journal ORDER BY position",
    );
  } finally {
    db.close();
  }
};

it("there is a golden till of the schema before this release's last one, or of this one", () => {
  expect(readdirSync(FOLDER)).toContain("till-000008.db.zst");
});

it.each(readdirSync(FOLDER))(
  "%s, updated to this release, keeps every byte and delivers all that waited in it (I24)",
  async (name) => {
    const store = name.slice(0, 11);
    const place = { org: "golden", store, currency: "KES" };
    const { key } = await enroll(
      server.pool,
      { ...place, role: "terminal", name: "T01", terminal: { shortId: "T01", id: TERMINAL } },
      0,
    );
    const file = join(tempFolder(), "till.db");
    writeFileSync(file, zstdDecompressSync(readFileSync(join(FOLDER, name))));
    const before = journalOf(file);
    const central = { url: server.url, key };
    const till = openTerminal({ file, terminal: TERMINAL, shortId: "T01", store: "main", currency: "KES", central });
    try {
      expect(await till.syncNow()).toMatchObject({ left: 0 });
      expect(till.status()).toMatchObject({ pending: 0, incarnationOrdinal: 2 });
      expect(till.openOrders().map(({ localId }) => localId)).toEqual(["table-4"]);
      expect(till.explain("T01-20261130-00001")?.changes[0]).toMatchObject({
        intact: true,
        durable: true,
        effect: "applied",
      });
      expect(await till.syncNow()).toMatchObject({ left: 0 });
      expect(till.status().exceptions).toBe(0);
    } finally {
      await till.close();
    }
    expect(journalOf(file).slice(0, before.length)).toEqual(before);
    const compared = await verify({ file, centre: central, onProgress: () => {} });
    expect(compared).toMatchObject({ equal: true });
  },
);
