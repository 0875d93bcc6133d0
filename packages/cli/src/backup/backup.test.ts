import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openTerminal } from "@tillsync/engine";
import { betterSqlite, readOnly } from "@tillsync/engine/sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { temporaryFolder } from "../import/testing/temporary-file.ts";
import { openTill, type TillOnDisk } from "../poslog/testing/till-on-disk.ts";
import { keyOf, makeKeyFile } from "./keys.ts";
import { drill, restoreTo } from "./restore.ts";
import { takeBackup, takeStopped } from "./take-backup.ts";

const NOW_MS = Date.UTC(2026, 10, 30, 18, 45);

function sell({ terminal }: TillOnDisk, count: number): void {
  if (terminal.shift() === null) terminal.openShift({ operator: "Amina", businessDate: "2026-11-30" });
  for (let sale = 0; sale < count; sale++) sellOne(terminal);
}

let sold = 0;
function sellOne(terminal: TillOnDisk["terminal"]) {
  return terminal.closeOrder({
    localId: `sale-${sold++}`,
    lines: [{ item: "bread", quantity: "2", unitPrice: "60.00" }],
    tenders: [{ type: "cash", amountMinor: 12_000 }],
    private: { phone: "0712 345 678" },
  });
}

async function keys() {
  const folder = await temporaryFolder();
  const { recipient, file } = await makeKeyFile(join(folder, "backup.key"));
  return { folder, lock: { recipient }, key: keyOf({ identity: file }) };
}

const rowsOf = (file: string) => {
  const db = readOnly(file);
  try {
    return db.all("SELECT position, hex(hash) AS hash, body, private FROM journal ORDER BY position");
  } finally {
    db.close();
  }
};

describe("a backup of a till", () => {
  it("taken while it sells holds everything sold before, and opens as the same journal (lost disk)", async () => {
    const till = await openTill();
    sell(till, 200);
    const { folder, lock, key } = await keys();
    const before = till.terminal.status().headSeq;
    const taking = takeBackup(till.terminal, { folder, lock, nowMs: NOW_MS });
    let during = 0;
    const selling = setInterval(() => {
      during++;
      sellOne(till.terminal);
    }, 1);
    const taken = await taking.finally(() => clearInterval(selling));
    expect(during).toBeGreaterThan(0);
    expect(taken.name).toBe("T01-20261130T184500Z.till.age");
    expect(readdirSync(folder).toSorted()).toEqual(["T01-20261130T184500Z.till.age", "backup.key"]);
    const restored = await restoreTo(taken.file, join(folder, "new"), { key });
    const [life] = restored.contents.lives;
    expect(life?.headSeq).toBeGreaterThanOrEqual(before);
    const rows = rowsOf(join(folder, "new", "till.db"));
    expect(rows).toEqual(rowsOf(till.file).slice(0, rows.length));
    expect(restored.contents).toMatchObject({ damaged: [], missing: 0, shortId: "T01" });
  });

  it("cannot be read by the till, nor by whoever finds it", async () => {
    const till = await openTill();
    sell(till, 3);
    const { folder, lock } = await keys();
    const taken = await takeBackup(till.terminal, { folder, lock, nowMs: NOW_MS });
    const bytes = readFileSync(taken.file);
    for (const word of ["bread", "0712 345 678", "SQLite format", till.terminal.status().terminal])
      expect(bytes.includes(word)).toBe(false);
    const other = await keys();
    await expect(drill(taken.file, { key: other.key })).rejects.toMatchObject({ code: "BACKUP_UNREADABLE" });
    await expect(drill(taken.file, { key: { passphrase: "not this one" } })).rejects.toMatchObject({
      code: "BACKUP_UNREADABLE",
      message: expect.stringContaining("does not open it"),
    });
  });

  it("opens with a passphrase when it was made with one", async () => {
    const till = await openTill();
    sell(till, 1);
    const folder = await temporaryFolder();
    writeFileSync(join(folder, "words"), "correct horse battery\n");
    const lock = { passphrase: "correct horse battery" };
    const taken = await takeBackup(till.terminal, { folder, lock, nowMs: NOW_MS });
    const { manifest } = await drill(taken.file, { key: keyOf({ passphraseFile: join(folder, "words") }) });
    expect(manifest.lives[0]?.headSeq).toBe(till.terminal.status().headSeq);
  });

  it("of a stopped till is the same, and nobody may start it meanwhile", async () => {
    const till = await openTill();
    sell(till, 5);
    const { folder, lock, key } = await keys();
    await expect(takeStopped(till.file, "T01", { folder, lock, nowMs: NOW_MS })).rejects.toMatchObject({
      code: "LOCKED",
    });
    await till.terminal.close();
    const taken = await takeStopped(till.file, "T01", { folder, lock, nowMs: NOW_MS });
    await drill(taken.file, { key });
    expect(taken.manifest.lives[0]?.changes).toBe(6);
  });

  it("is refused when any byte of it was altered, and nothing is left of it", async () => {
    const till = await openTill();
    sell(till, 5);
    const { folder, lock, key } = await keys();
    const taken = await takeBackup(till.terminal, { folder, lock, nowMs: NOW_MS });
    const whole = readFileSync(taken.file);
    for (let place = 7; place < whole.length; place += Math.ceil(whole.length / 40)) {
      const bytes = Buffer.from(whole);
      bytes[place] = (bytes[place] ?? 0) ^ 1;
      writeFileSync(taken.file, bytes);
      const to = join(folder, `at-${place}`);
      await expect(restoreTo(taken.file, to, { key }), `byte ${place}`).rejects.toMatchObject({
        code: "BACKUP_UNREADABLE",
      });
      expect(readdirSync(to)).toEqual([]);
    }
    for (const length of [0, 10, 300, whole.length - 1]) {
      writeFileSync(taken.file, whole.subarray(0, length));
      await expect(drill(taken.file, { key }), `cut at ${length}`).rejects.toMatchObject({ code: "BACKUP_UNREADABLE" });
    }
  });

  it("tells rows that were damaged on the till already, and is taken all the same", async () => {
    const till = await openTill();
    sell(till, 5);
    await till.terminal.close();
    const db = betterSqlite(till.file);
    db.exec(
      "UPDATE journal SET body = replace(body, '60.00', '61.00') WHERE position % 1000 = 3 + 1099511627776 % 1000",
    );
    db.close();
    const { folder, lock, key } = await keys();
    const taken = await takeStopped(till.file, "T01", { folder, lock, nowMs: NOW_MS });
    expect(taken.manifest.damaged).toBe(1);
    expect((await drill(taken.file, { key })).contents.damaged).toEqual([expect.objectContaining({ seq: 3 })]);
  });

  it("is not made of a database that SQLite finds damaged", async () => {
    const till = await openTill();
    sell(till, 400);
    await till.terminal.close();
    const bytes = readFileSync(till.file);
    bytes.fill(0x5a, bytes.length - 3 * 4096, bytes.length - 4096);
    writeFileSync(till.file, bytes);
    const { folder, lock } = await keys();
    await expect(takeStopped(till.file, "T01", { folder, lock, nowMs: NOW_MS })).rejects.toMatchObject({
      code: "BACKUP_UNREADABLE",
    });
    expect(readdirSync(folder)).toEqual(["backup.key"]);
  });

  it("that a kill cut off leaves a copy which the next backup takes away", async () => {
    const till = await openTill();
    sell(till, 1);
    const { folder, lock } = await keys();
    writeFileSync(join(folder, ".copy.db"), "half of it");
    await takeBackup(till.terminal, { folder, lock, nowMs: NOW_MS });
    expect(readdirSync(folder)).not.toContain(".copy.db");
  });

  it("is given up when the till stops just as the copy is done, and leaves nothing", async () => {
    const till = await openTill();
    sell(till, 5);
    const { folder, lock } = await keys();
    const stopping = new AbortController();
    const stopsThen = {
      status: () => till.terminal.status(),
      snapshot: async (file: string) => {
        const copy = await till.terminal.snapshot(file);
        stopping.abort();
        return copy;
      },
    };
    await expect(takeBackup(stopsThen, { folder, lock, nowMs: NOW_MS, signal: stopping.signal })).rejects.toMatchObject(
      { code: "TERMINAL_STOPPED" },
    );
    expect(readdirSync(folder)).toEqual(["backup.key"]);
  });

  it("ends with the till, and leaves nothing", async () => {
    const till = await openTill();
    sell(till, 50);
    const { folder, lock } = await keys();
    const stopping = new AbortController();
    const taking = takeBackup(till.terminal, { folder, lock, nowMs: NOW_MS, signal: stopping.signal });
    const ended = expect(taking).rejects.toThrow();
    stopping.abort();
    await till.terminal.close();
    await ended;
    expect(readdirSync(folder)).toEqual(["backup.key"]);
  });
});

describe("a restored till", () => {
  it("begins a new life before its first sale, with the receipts of that life (I18), witness or none", async () => {
    const till = await openTill();
    sell(till, 10);
    const { folder, lock, key } = await keys();
    const taken = await takeBackup(till.terminal, { folder, lock, nowMs: NOW_MS });
    const lost = sellOne(till.terminal);
    const to = join(folder, "new");
    const { manifest } = await restoreTo(taken.file, to, { key });
    const reopened = openTerminal({
      file: join(to, "till.db"),
      terminal: readFileSync(join(to, "terminal-id"), "utf8").trim(),
      shortId: "T01",
      store: "STORE001",
      currency: "KES",
      central: { url: "http://127.0.0.1:9", key: "none" },
    });
    onTestFinished(() => reopened.close());
    expect(reopened.status().incarnationOrdinal).toBe(2);
    const next = sellOne(reopened);
    expect(next.receiptNumber).toMatch(/^T01R[0-9A-Z]{3}-20261130-00001$/);
    expect(next.receiptNumber).not.toBe(lost.receiptNumber);
    const born = reopened.explain(reopened.status().incarnation)?.changes[0]?.body as { kind: string; payload: object };
    expect(born).toMatchObject({ kind: "terminal.reborn", payload: { parentSeq: manifest.lives[0]?.headSeq } });
  });

  it("never takes the place of another", async () => {
    const till = await openTill();
    sell(till, 1);
    const { folder, lock, key } = await keys();
    const taken = await takeBackup(till.terminal, { folder, lock, nowMs: NOW_MS });
    const to = join(folder, "there");
    await restoreTo(taken.file, to, { key });
    await expect(restoreTo(taken.file, to, { key })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    const other = join(folder, "of-another");
    mkdirSync(other);
    writeFileSync(join(other, "terminal-id"), "0198c0de-0000-7000-8000-00000000ffff\n");
    await expect(restoreTo(taken.file, other, { key })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect(existsSync(join(other, "till.db"))).toBe(false);
  });

  it("that was cut off before its end is no till, and can be restored again", async () => {
    const till = await openTill();
    sell(till, 1);
    const { folder, lock, key } = await keys();
    const taken = await takeBackup(till.terminal, { folder, lock, nowMs: NOW_MS });
    const to = join(folder, "new");
    mkdirSync(to);
    writeFileSync(join(to, "till.db.restoring"), "half");
    await restoreTo(taken.file, to, { key });
    expect(readdirSync(to).toSorted()).toEqual(["terminal-id", "till.db", "till.db.witness"]);
    rmSync(to, { recursive: true });
  });
});
