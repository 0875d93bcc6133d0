import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { betterSqlite } from "@tillsync/engine/sqlite";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../import/testing/temporary-file.ts";
import { openTill, type TillOnDisk } from "../poslog/testing/till-on-disk.ts";
import { keyOf, makeKeyFile } from "./keys.ts";
import { readUnsettled, resetTill } from "./reset.ts";
import { drill } from "./restore.ts";

const NOW_MS = Date.UTC(2026, 10, 30);

function sell({ terminal }: TillOnDisk, count: number): void {
  if (terminal.shift() === null) terminal.openShift({ operator: "Amina", businessDate: "2026-11-30" });
  for (let sale = 0; sale < count; sale++)
    terminal.closeOrder({
      localId: `sale-${sale}`,
      lines: [{ item: "bread", quantity: "1", unitPrice: "2.50" }],
      tenders: [{ type: "cash", amountMinor: 250 }],
    });
}

const resetOf = (till: TillOnDisk, more: object = {}) =>
  resetTill({ file: till.file, shortId: "T01", nowMs: NOW_MS, ...more });

/** As the centre's answers would leave it. */
async function everythingSettled(till: TillOnDisk): Promise<void> {
  const db = betterSqlite(till.file);
  db.exec(`UPDATE life SET durable_through = (SELECT max(position) % 1099511627776 FROM journal);
    INSERT INTO settlement (position, state, judgement, judged_at)
      SELECT ordinal * 1099511627776 + close_seq, 'settled', '{}', 0 FROM shift WHERE closed_at IS NOT NULL`);
  db.close();
}

describe("a reset (operator: sign-out with pending, factory reset)", () => {
  it("is refused while sales wait, naming how many, and takes nothing away", async () => {
    const till = await openTill();
    sell(till, 3);
    await till.terminal.close();
    const before = readdirSync(dirname(till.file));
    await expect(resetOf(till)).rejects.toMatchObject({
      code: "UNSETTLED",
      details: { changes: 4, sales: 3, openShifts: 1, unsettledShifts: 0, openOrders: 0 },
      message:
        "This till still holds 4 changes that head office lacks (3 sales), an open shift. Nothing was taken away.",
    });
    expect(readdirSync(dirname(till.file))).toEqual(
      expect.arrayContaining(before.filter((name) => !/-(wal|shm)$/.test(name))),
    );
  });

  it("is refused for an open order, and for a closed shift that nobody compared, when all else is sent", async () => {
    const till = await openTill();
    sell(till, 1);
    till.terminal.editOrder({ localId: "table-4", add: [{ item: "tea", quantity: "1", unitPrice: "1.00" }] });
    till.terminal.closeShift({});
    await till.terminal.close();
    await everythingSettled(till);
    await expect(resetOf(till)).rejects.toMatchObject({ details: { changes: 0, openOrders: 1, unsettledShifts: 0 } });
    const db = betterSqlite(till.file);
    db.exec("DELETE FROM open_order; UPDATE settlement SET state = 'different'");
    db.close();
    await expect(resetOf(till)).rejects.toMatchObject({ details: { openOrders: 0, unsettledShifts: 1 } });
  });

  it("takes everything of the till away once all is settled, and leaves what is not the till's", async () => {
    const till = await openTill();
    sell(till, 1);
    till.terminal.closeShift({});
    await till.terminal.close();
    await everythingSettled(till);
    const folder = dirname(till.file);
    writeFileSync(join(folder, "tillsync.config.json"), "{}");
    expect(await resetOf(till)).toMatchObject({ exported: null });
    expect(readdirSync(folder)).toEqual(["tillsync.config.json"]);
  });

  it("exports first, and what it exported opens", async () => {
    const till = await openTill();
    sell(till, 5);
    await till.terminal.close();
    const folder = await temporaryFolder();
    const made = await makeKeyFile(join(folder, "backup.key"));
    const exportTo = join(folder, "t01.till.age");
    await expect(resetOf(till, { exportTo })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect(existsSync(till.file)).toBe(true);
    const done = await resetOf(till, { exportTo, lock: { recipient: made.recipient } });
    expect(done).toMatchObject({ exported: exportTo, unsettled: { sales: 5 } });
    expect(existsSync(till.file)).toBe(false);
    const { contents } = await drill(exportTo, { key: keyOf({ identity: made.file }) });
    expect(contents.lives[0]).toMatchObject({ headSeq: 6 });
  });

  it("is refused while the till runs, into its own folder, and over another file", async () => {
    const till = await openTill();
    sell(till, 1);
    const folder = await temporaryFolder();
    const { recipient } = await makeKeyFile(join(folder, "backup.key"));
    const lock = { recipient };
    await expect(resetOf(till, { exportTo: join(folder, "x"), lock })).rejects.toMatchObject({ code: "LOCKED" });
    await till.terminal.close();
    const own = join(dirname(till.file), "x.till.age");
    await expect(resetOf(till, { exportTo: own, lock })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    const taken = join(folder, "backup.key");
    await expect(resetOf(till, { exportTo: taken, lock })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect(existsSync(till.file)).toBe(true);
    expect(readUnsettled(till.file)).toMatchObject({ sales: 1 });
  });
});
