import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type BackupFile, centreDestination } from "@tillsync/connectors/backup";
import { backupContract, KEPT } from "@tillsync/connectors/backup/testing";
import { httpTransport, openTerminal, type Terminal } from "@tillsync/engine";
import { readOnly } from "@tillsync/engine/sqlite";
import { PROTOCOL_VERSION } from "@tillsync/protocol";
import { enroll, openPool, type RunningServer, startServer } from "@tillsync/server";
import { type MigratedDatabase, migratedDatabase, tempFolder } from "@tillsync/server/testing";
import type pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { fetchNewest } from "./from-centre.ts";
import { keyOf, makeKeyFile } from "./keys.ts";
import { lossReport } from "./loss-report.ts";
import { restoreTo } from "./restore.ts";
import { runBackupLane } from "./run-lane.ts";

const PLACE = { org: "demo", store: "main", currency: "KES" };
const NOBODY = "http://127.0.0.1:1";
const DAY = "2026-11-30";

let database: MigratedDatabase;
let server: RunningServer;
let owner: pg.Pool;
let admin: { url: string; key: string };
let made = 0;

beforeAll(async () => {
  database = await migratedDatabase();
  const backups = { kept: KEPT, maxBytes: 1024 * 1024 };
  const log = pino({ level: "silent" });
  server = await startServer({ databaseUrl: database.url, host: "127.0.0.1", port: 0, log, backups });
  owner = openPool(database.adminUrl, { max: 1 });
  admin = { url: server.url, key: (await enroll(server.pool, { ...PLACE, role: "admin", name: "office" }, 0)).key };
});
afterAll(async () => {
  await owner.end();
  await server.close();
  await database.drop();
});

async function newTill() {
  const shortId = `T${++made}`;
  const { terminal: id = "", key } = await enroll(
    server.pool,
    { ...PLACE, role: "terminal", name: shortId, terminal: { shortId } },
    0,
  );
  const folder = tempFolder();
  const open = (url: string, at = folder) => {
    const own = { terminal: id, shortId, store: "main", currency: "KES" };
    const terminal = openTerminal({ file: join(at, "till.db"), ...own, central: { url, key } });
    onTestFinished(() => terminal.close(0));
    return terminal;
  };
  const { recipient, file } = await makeKeyFile(join(tempFolder(), "backup.key"));
  return { shortId, id, key, folder, open, recipient, opens: keyOf({ identity: file }) };
}

let sales = 0;
function sell(terminal: Terminal, count: number): string[] {
  if (terminal.shift() === null) terminal.openShift({ operator: "Amina", businessDate: DAY });
  return Array.from({ length: count }, () => {
    const line = { item: "bread", quantity: "1", unitPrice: "2.50" };
    const { localId } = terminal.closeOrder({
      localId: `sale-${++sales}`,
      lines: [line],
      tenders: [{ type: "cash", amountMinor: 250 }],
    });
    return localId;
  });
}

/** Runs the till's lane until one backup is whole where it goes. */
async function backedUp(terminal: Terminal, till: Awaited<ReturnType<typeof newTill>>): Promise<BackupFile | null> {
  const whole = Promise.withResolvers<void>();
  const lane = runBackupLane({
    terminal,
    folder: join(till.folder, "backups"),
    lock: { recipient: till.recipient },
    destination: centreDestination({ url: server.url, key: till.key, terminal: till.id }),
    everyMs: 86_400_000,
    slowMs: 60_000,
    onChange: () => {
      if (lane.view.state === "settled" && lane.view.sent !== null) whole.resolve();
    },
  });
  await whole.promise;
  await lane.stop();
  return lane.view.waiting;
}

const atCentre = async (shortId: string) => {
  const { rows } = await owner.query<{ local_id: string }>(
    `SELECT local_id FROM tillsync.document d JOIN tillsync.terminal t USING (org_id, store_id, terminal)
     WHERE t.short_id = $1 AND entity = 'order'`,
    [shortId],
  );
  return rows.map(({ local_id }) => local_id);
};
const inDatabase = (folder: string) => {
  const db = readOnly(join(folder, "till.db"));
  const rows = db.all<{ localId: string }>("SELECT local_id AS localId FROM journal WHERE kind = 'order.closed'");
  db.close();
  return rows.map(({ localId }) => localId);
};

describe("a till whose disk is lost", () => {
  it("comes back from the centre's last backup and the centre's own copy, but for what the report names", async () => {
    const till = await newTill();
    const first = till.open(server.url);
    const before = sell(first, 20);
    expect(await first.syncNow()).toMatchObject({ left: 0 });
    await backedUp(first, till);
    const after = sell(first, 10);
    expect(await first.syncNow()).toMatchObject({ left: 0 });
    const { incarnation, headSeq, durableThrough } = first.status();
    await first.close();
    // The link goes: seven sales are recorded, and of them the centre only hears that there are some.
    const alone = till.open(NOBODY);
    const lost = sell(alone, 7);
    await alone.close(0);
    const transport = httpTransport({ url: server.url, key: till.key });
    const prevHash = (await ledgerHead(till.id)) ?? "";
    const idle = {
      protocolVersion: PROTOCOL_VERSION,
      terminal: till.id,
      incarnation,
      fromSeq: durableThrough + 1,
      prevHash,
    };
    const told = { ...idle, changes: [], headSeq: headSeq + 7, cursor: null };
    await transport.exchange(told, new AbortController().signal, "only-the-head");
    await transport.close();
    rmSync(till.folder, { recursive: true });

    const scratch = tempFolder();
    const { file } = await fetchNewest({ url: server.url, key: till.key }, till.id, scratch, () => {});
    const to = join(scratch, "new-machine");
    const restored = await restoreTo(file, to, { key: till.opens });
    const report = await lossReport(admin, restored.contents, {
      takenAt: restored.manifest.takenAt,
      receipts: restored.receipts,
    });

    expect(report.lives).toMatchObject([
      {
        ...{ incarnation, inBackup: 21, atCentre: 31, said: 38, toSend: 0, onlyAtCentre: 10 },
        lost: { fromSeq: 32, toSeq: 38, count: 7 },
        lastReceipt: { businessDate: DAY, sequence: 30 },
        lastHeardAt: expect.stringMatching(/^20\d\d-/),
      },
    ]);
    expect(report.lost).toBe(lost.length);
    const everything = new Set([...inDatabase(to), ...(await atCentre(till.shortId))]);
    expect([...everything].toSorted()).toEqual([...before, ...after].toSorted());

    const again = till.open(server.url, to);
    expect(again.status()).toMatchObject({ incarnationOrdinal: 2 });
    const next = sell(again, 1);
    expect(await again.syncNow()).toMatchObject({ left: 0 });
    expect(again.explain(next[0] ?? "")?.receiptNumber).toMatch(new RegExp(`^${till.shortId}R...-20261130-00001$`));
    expect((await atCentre(till.shortId)).toSorted()).toEqual([...before, ...after, ...next].toSorted());
  });

  it("sends what only the backup had", async () => {
    const till = await newTill();
    const first = till.open(server.url);
    const before = sell(first, 3);
    expect(await first.syncNow()).toMatchObject({ left: 0 });
    await first.close();
    const alone = till.open(NOBODY);
    const unsent = sell(alone, 5);
    // The backup goes by a way of its own; after ten minutes of sales that cannot be sent it would go all the same.
    const { takeBackup } = await import("./take-backup.ts");
    const folder = tempFolder();
    const taken = await takeBackup(alone, { folder, lock: { recipient: till.recipient }, nowMs: Date.now() });
    await alone.close(0);
    rmSync(till.folder, { recursive: true });
    const to = join(folder, "new-machine");
    const restored = await restoreTo(taken.file, to, { key: till.opens });
    const report = await lossReport(admin, restored.contents, {
      takenAt: restored.manifest.takenAt,
      receipts: restored.receipts,
    });
    expect(report).toMatchObject({ lost: 0, lives: [{ toSend: 5, onlyAtCentre: 0, lost: null }] });
    const again = till.open(server.url, to);
    expect(await again.syncNow()).toMatchObject({ left: 0 });
    expect((await atCentre(till.shortId)).toSorted()).toEqual([...before, ...unsent].toSorted());
  });
});

async function ledgerHead(terminal: string): Promise<string | undefined> {
  const { rows } = await owner.query<{ hash: string }>(
    "SELECT encode(chain_hash, 'hex') AS hash FROM tillsync.incarnation WHERE terminal = $1",
    [terminal],
  );
  return rows[0]?.hash;
}

backupContract("the centre", async () => {
  const till = await newTill();
  const destination = centreDestination({ url: server.url, key: till.key, terminal: till.id });
  onTestFinished(() => destination.close());
  const sql = "SELECT encode(sha256, 'hex') AS hash FROM tillsync.backup WHERE terminal = $1 AND whole_at IS NOT NULL";
  return {
    destination,
    whole: async () => (await owner.query<{ hash: string }>(sql, [till.id])).rows.map(({ hash }) => hash),
  };
});

describe("the centre's door for backups", () => {
  it("is a till's own: another till, and a backup that is too large, are refused", async () => {
    const [till, other] = [await newTill(), await newTill()];
    const file = join(tempFolder(), "b");
    const backup = {
      file,
      name: "b.till.age",
      bytes: 2 * 1024 * 1024,
      sha256: "0".repeat(64),
      takenAt: "2026-11-30T00:00:00Z",
    };
    const signal = new AbortController().signal;
    const send = async (key: string, one: BackupFile) => {
      const destination = centreDestination({ url: server.url, key, terminal: till.id });
      try {
        return await destination.lookUp(one, signal);
      } finally {
        await destination.close();
      }
    };
    await expect(send(other.key, { ...backup, bytes: 10 })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(send(till.key, backup)).rejects.toMatchObject({ code: "TOO_LARGE" });
  });

  it("gives nothing of it away that can be read there", async () => {
    const till = await newTill();
    const terminal = till.open(server.url);
    sell(terminal, 3);
    expect(await terminal.syncNow()).toMatchObject({ left: 0 });
    mkdirSync(till.folder, { recursive: true });
    await backedUp(terminal, till);
    const scratch = tempFolder();
    const { file } = await fetchNewest(admin, till.id, scratch, () => {});
    expect(readFileSync(file).includes("bread")).toBe(false);
  });
});
