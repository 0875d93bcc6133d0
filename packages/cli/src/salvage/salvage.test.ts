import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTerminal } from "@tillsync/engine";
import { betterSqlite, openStore } from "@tillsync/engine/sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportDocuments } from "../export/export.ts";
import { salvage } from "./salvage.ts";
import { writeSalvage } from "./write-salvage.ts";

const SALES = 60;
const PAGE = 4096;

const folders: string[] = [];

function folderOfIts(): string {
  const folder = mkdtempSync(join(tmpdir(), "tillsync-salvage-"));
  folders.push(folder);
  return folder;
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A till's database, closed cleanly, in which some sales are longer than a page. */
async function database(): Promise<string> {
  const file = join(folderOfIts(), "till.db");
  const central = { url: "http://127.0.0.1:1", key: "none" };
  const terminal = "0190a5da-c967-774b-8cce-b302099a8057";
  const till = openTerminal({ file, terminal, shortId: "T01", store: "STORE001", currency: "KES", central });
  till.openShift({ operator: "Amina", businessDate: "2026-01-16" });
  for (let at = 0; at < SALES; at++) {
    const lines = Array.from({ length: at % 10 === 0 ? 90 : 3 }, (_, line) => ({
      item: `item-${line}`,
      quantity: "1",
      unitPrice: "1.00",
    }));
    till.closeOrder({
      localId: `order-${at}`,
      lines,
      tenders: [{ type: "cash", amountMinor: 100 * lines.length }],
      private: { phone: `07${at}` },
    });
  }
  await till.close(0);
  return file;
}

let whole: Buffer;
let original: ReturnType<typeof salvage>;

beforeAll(async () => {
  const file = await database();
  whole = readFileSync(file);
  original = salvage(file);
});

/** The database with some of its bytes changed. */
function damaged(change: (bytes: Buffer) => void): string {
  const file = join(folderOfIts(), "till.db");
  const bytes = Buffer.from(whole);
  change(bytes);
  writeFileSync(file, bytes);
  return file;
}

describe("what is saved of a till's database", () => {
  it("is all of one that is whole, just as an export writes it", async () => {
    const file = damaged(() => {});
    const folder = folderOfIts();
    const [saved, exported] = [join(folder, "saved.ndjson"), join(folder, "exported.ndjson")];
    const report = await writeSalvage({ file, output: saved });
    await exportDocuments({ files: [file], format: "ndjson", output: exported });
    expect(report).toMatchObject({
      terminal: "T01",
      intact: SALES + 1,
      documents: SALES + 1,
      doubtful: [],
      missing: [],
    });
    expect(readFileSync(saved, "utf8")).toBe(readFileSync(exported, "utf8"));
  });

  it("is everything but what lay on the page, whichever page is zeroed; nothing altered is among it (I28)", () => {
    const bodies = new Map(original.changes.map(({ seq, body }) => [seq, body]));
    for (let at = 0; at < whole.length; at += PAGE) {
      const file = damaged((bytes) => bytes.fill(0, at, at + PAGE));
      let found: ReturnType<typeof salvage> | undefined;
      try {
        found = salvage(file);
      } catch (error) {
        // Only where the page held whose journal it is.
        expect(String(error)).toContain("whose journal");
        continue;
      }
      const intact = found.changes.filter(({ condition }) => condition === "intact");
      expect(intact.filter(({ seq, body }) => bodies.get(seq) !== body)).toEqual([]);
      const doubtful = found.changes.length - intact.length;
      // The life's page takes the proof of all of them; any other page only what lay on it, and the one behind.
      if (doubtful < SALES) expect(intact.length).toBeGreaterThan(SALES - 25);
    }
  });

  it("names a change whose byte was flipped by its number, and leaves it out", async () => {
    const file = damaged((bytes) => {
      const at = bytes.indexOf('"localId":"order-33"');
      bytes[at + 14] = 0x58;
    });
    const output = join(folderOfIts(), "saved.ndjson");
    const { doubtful, intact } = await writeSalvage({ file, output });
    expect(doubtful).toMatchObject([{ seq: 35, kind: "order.closed", why: "damaged" }]);
    expect(intact).toBe(SALES);
    expect(readFileSync(output, "utf8")).not.toContain("oXder");
  });

  it("is all of it when SQLite refuses the file", () => {
    const file = damaged((bytes) => bytes.fill(0, 0, 16));
    expect(() => openStore(file, betterSqlite)).toThrow(/tillsync export --salvage/);
    expect(salvage(file).changes.every(({ condition }) => condition === "intact")).toBe(true);
  });

  it("says which changes head office has, and can leave those out", async () => {
    const file = damaged(() => {});
    const store = openStore(file);
    store.transaction((tx) => tx.run("UPDATE life SET durable_through = 50"));
    store.close();
    const output = join(folderOfIts(), "saved.ndjson");
    expect((await writeSalvage({ file, output, unsent: true })).documents).toBe(SALES + 1 - 50);
  });

  it("has nothing of a transaction that was never committed", () => {
    const file = join(folderOfIts(), "till.db");
    const copy = join(folderOfIts(), "till.db");
    writeFileSync(file, whole);
    const store = openStore(file);
    store.transaction((tx) => {
      tx.run("UPDATE shift SET operator = 'x'");
      tx.run("PRAGMA cache_spill = 1");
    });
    copyFileSync(file, copy);
    const wal = readFileSync(`${file}-wal`);
    // The last frame is the one that commits: without its mark nothing of the transaction counts.
    const last = wal.length - (24 + PAGE);
    wal.writeUInt32BE(0, last + 4);
    writeFileSync(`${copy}-wal`, wal);
    store.close();
    expect(salvage(copy).changes.length).toBe(SALES + 1);
  });
});
