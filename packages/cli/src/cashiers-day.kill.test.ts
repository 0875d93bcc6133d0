import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { OrderDraft } from "@tillsync/engine";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readDocuments } from "./import/read-documents.ts";
import { seededDocuments } from "./seed.ts";
import { RealCentre } from "./testing/real-centre.ts";
import { SALE_MINOR } from "./testing/real-till.ts";

/** As short as it may be set; the simulation has the twenty minutes. */
const EVERY_2_S = { Profile: "shift", SyncIntervalSeconds: 2, RetryDelayMinutes: 1 };
/** Only what a shift does is a reason to send: the next cycle is after the test. */
const EVERY_HOUR = { Profile: "shift", SyncIntervalSeconds: 3600, RetryDelayMinutes: 60 };

let centre: RealCentre;
beforeAll(async () => {
  centre = await RealCentre.start();
});
afterAll(() => centre.stop());

// Side by side: each has a till of its own, and waits most of the time.
describe.concurrent("requirement 000, with real processes", () => {
  it('"The main server (LocalDB) successfully receives transactions."', async ({ expect }) => {
    const till = await centre.till(EVERY_HOUR);
    till.link.cut();
    await till.start();
    await till.openShift("Amina");
    const told = await till.sell(20);
    await till.kill();
    await till.start();
    for (const { localId, receiptNumber } of told) {
      const order = await till.order(localId);
      expect(order).toMatchObject({
        state: "closed",
        receiptNumber,
        totalMinor: SALE_MINOR,
        orderSyncStatus: "PENDING",
      });
    }
  });

  it('"When the cashier closes the shift, all pending transactions must be sent to the cloud."', async ({ expect }) => {
    const till = await centre.till(EVERY_HOUR);
    await till.start();
    await till.openShift("Amina");
    await till.rested();
    await till.sell(30);
    expect(await till.status()).toMatchObject({ pending: 30 });
    await till.closeShift();
    await till.drained();
    expect(await centre.has(till)).toEqual({ changes: 30, orders: 30, totalMinor: 30 * SALE_MINOR });
  });

  it('"After uploading to the cloud, the cloud database compares the data with the local database, and then updates the local database accordingly."', async ({
    expect,
  }) => {
    const till = await centre.till(EVERY_2_S);
    await till.start();
    await till.openShift("Amina");
    const [good] = await till.sell();
    // Every schema allows this moment, and the centre's database has no such year.
    const [bad] = await till.sell(1, { occurredAt: "0000-02-03T04:05:06.007Z" });
    await till.until("the centre's verdict came down", ({ exceptions }) => exceptions === 1);
    expect(await till.order(bad?.localId ?? "")).toMatchObject({ orderSyncStatus: "FAILED", effect: "parked" });
    expect(await till.order(good?.localId ?? "")).toMatchObject({ orderSyncStatus: "SYNCED", effect: "applied" });
    await till.closeShift();
    expect(await till.settled()).toMatchObject({ state: "settled-with-exceptions", exceptions: 1, differences: 0 });
    await till.openShift("Brian");
    await till.sell(2);
    await till.closeShift();
    expect(await till.settled()).toMatchObject({ state: "settled", exceptions: 0, differences: 0 });
  });

  it('"When a shift is opened, the system should attempt to send transactions every 20 minutes."', async ({
    expect,
  }) => {
    const till = await centre.till(EVERY_2_S);
    await till.start();
    await till.openShift("Amina");
    await till.rested();
    const attemptsMs = new Set<number>();
    for (let cycle = 1; cycle <= 3; cycle++) {
      await till.sell(2);
      await till.until("the next cycle", ({ lanes: [lane] }) => {
        attemptsMs.add(Date.parse(lane?.lastAttemptAt ?? ""));
        return attemptsMs.size > cycle;
      });
      expect(await centre.has(till)).toMatchObject({ orders: 2 * cycle });
    }
    // At its time and not before, however often somebody sells; a busy machine may be late.
    const times = [...attemptsMs];
    for (const [index, atMs] of times.slice(1).entries()) expect(atMs - (times[index] ?? 0)).toBeGreaterThan(1900);
  });

  it('"If there are issues and some transactions fail to send, then at shift-close time, the system must retry sending all remaining transactions every 20 minutes until they succeed."', async ({
    expect,
  }) => {
    const till = await centre.till(EVERY_2_S);
    await till.start();
    await till.openShift("Amina");
    await till.rested();
    till.link.cut();
    await till.sell(10);
    await till.until("a first failure", ({ lanes: [lane] }) => (lane?.failures ?? 0) > 0);
    await till.closeShift();
    const { lanes } = await till.status();
    await till.until("it goes on", ({ lanes: [lane] }) => (lane?.failures ?? 0) > (lanes[0]?.failures ?? 0) + 2);
    expect(await till.status()).toMatchObject({ pending: 11, syncState: "Error" });
    till.link.heal();
    await till.drained();
    expect(await centre.has(till)).toEqual({ changes: 10, orders: 10, totalMinor: 10 * SALE_MINOR });
  });

  it('"If the transactions still don\'t get sent, and the next cashier opens a new shift, then as soon as they open the shift, the system should again start trying to send the pending transactions."', async ({
    expect,
  }) => {
    const till = await centre.till(EVERY_2_S);
    till.link.cut();
    await till.start();
    await till.openShift("Amina");
    await till.sell(10);
    await till.closeShift();
    // A long wait lies before the next attempt, so that what follows does not come about by itself.
    const { lanes } = await till.until("a long wait", ({ lanes: [lane] }) => waitOf(lane?.nextAttemptAt) > 3000);
    till.link.heal();
    await till.openShift("Baraka");
    const { lastSyncTimestamp } = await till.drained();
    expect(lastSyncTimestamp).toBeLessThan(Date.parse(lanes[0]?.nextAttemptAt ?? ""));
    expect(await centre.has(till)).toMatchObject({ changes: 10, orders: 10 });
  });

  it('"Even if the application is closed while sending, all pending transactions must be saved."', async ({
    expect,
  }) => {
    const till = await centre.till(EVERY_HOUR);
    await till.start();
    await till.openShift("Amina");
    await till.rested();
    const told = await till.sell(25);
    till.link.stall();
    await till.closeShift();
    await till.until("it sends", ({ syncState }) => syncState === "Syncing");
    await till.kill();
    till.link.cut();
    await till.start();
    expect(await till.status()).toMatchObject({ pending: 26, pendingOrders: 25 });
    for (const { localId } of told) expect(await till.order(localId)).toMatchObject({ state: "closed" });
  });

  it.each([
    ["before the centre has anything", 0, "up"],
    ["when the centre has it and the answer is lost", 0, "down"],
  ] as const)(
    '"When the application is opened again, it should automatically continue sending the pending transactions.": closed %s',
    async (_when, bytes, direction) => {
      const till = await centre.till(EVERY_HOUR);
      await till.start();
      await till.openShift("Amina");
      await till.drained();
      await till.sell(25);
      till.link.cutAfterBytes(bytes, direction);
      await till.closeShift();
      await till.kill();
      await till.start();
      await till.drained();
      expect(await centre.has(till)).toEqual({ changes: 25, orders: 25, totalMinor: 25 * SALE_MINOR });
    },
  );

  it('"This entire backend processing must run invisibly — the user should not see any of it."', async ({ expect }) => {
    const till = await centre.till(EVERY_2_S);
    till.link.stall();
    await till.start();
    await till.openShift("Amina");
    await till.until("an exchange that hangs", ({ syncState }) => syncState === "Syncing");
    await till.sell(20);
    await till.closeShift();
    await till.openShift("Baraka");
    // Every button came back, and the same exchange still hangs.
    expect(await till.status()).toMatchObject({ pending: 23, syncState: "Syncing", lastSyncTimestamp: null });
    till.link.heal();
    await till.drained();
    await till.stop();
    const { stdout, stderr } = await till.process.ended();
    expect(stdout.trim().split("\n")).toEqual([expect.stringMatching(/^\{"ready":/)]);
    // A log for whoever looks for it, line by line; no word to the cashier.
    for (const line of stderr.trim().split("\n").filter(Boolean)) expect(JSON.parse(line)).toHaveProperty("level");
  });
});

describe.concurrent("one database, one process", () => {
  it("a second till on the same database refuses and says so; the first sells on", async ({ expect }) => {
    const till = await centre.till({ Profile: "continuous" });
    await till.start();
    await till.openShift("Amina");
    const { code, stdout, stderr } = await till.another().ended();
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    const { error } = JSON.parse(stderr.trim().split("\n").at(-1) ?? "{}") as {
      error: { code: string; message: string };
    };
    expect(error.code).toBe("LOCKED");
    expect(error.message).toContain("Another process is already running this terminal");
    await till.sell(3);
    await till.drained();
    expect(await centre.has(till)).toEqual({ changes: 3, orders: 3, totalMinor: 3 * SALE_MINOR });
  });

  it.each(["idle", "while an exchange hangs"])(
    "the owner is frozen (SIGSTOP) %s and goes on (SIGCONT) where it was: nothing lost, nothing doubled",
    async (when) => {
      const till = await centre.till({ Profile: "continuous" });
      await till.start();
      await till.openShift("Amina");
      await till.sell(10);
      await till.drained();
      if (when !== "idle") {
        till.link.stall();
        await till.sell(1);
        await till.until("it sends", ({ syncState }) => syncState === "Syncing");
      }
      const before = when === "idle" ? 10 : 11;
      till.process.kill("SIGSTOP");
      // Meanwhile its connections die, and somebody tries to start the till a second time.
      till.link.cut();
      expect(await till.another().ended()).toMatchObject({ code: 1 });
      till.link.heal();
      till.process.kill("SIGCONT");
      await till.sell(10);
      await till.drained();
      const count = before + 10;
      expect(await centre.has(till)).toEqual({ changes: count, orders: count, totalMinor: count * SALE_MINOR });
    },
  );

  it("frozen with its answer unread: what it sends again is a duplicate", async ({ expect }) => {
    const till = await centre.till({ Profile: "shift", SyncIntervalSeconds: 3600 });
    await till.start();
    await till.openShift("Amina");
    await till.rested();
    const told = await till.sell(15);
    // The request is on its way for this long, and so is the answer: the till is frozen between the two.
    till.link.delay(400);
    await till.closeShift();
    await expect.poll(async () => (await centre.has(till)).changes, { interval: 20 }).toBe(15);
    till.process.kill("SIGSTOP");
    till.link.cut();
    await till.another().ended();
    till.link.heal();
    till.process.kill("SIGCONT");
    await till.drained();
    for (const { localId } of told) expect(await till.order(localId)).toMatchObject({ orderSyncStatus: "SYNCED" });
    expect(await centre.has(till)).toEqual({ changes: 15, orders: 15, totalMinor: 15 * SALE_MINOR });
  });
});

// The file is not ours to ship; it lies beside the repository where it is developed.
const BAKERY = fileURLToPath(new URL("../../../../shared/data/bakery-breadbasket.csv.gz", import.meta.url));
const SATURDAY = "2016-11-05";

describe.concurrent("a bakery day as morning and afternoon shift, with the link dead until night", () => {
  it("as it really was: both shifts settle by themselves, equal to the penny, the day closes, and its Z report is right", async (context) => {
    if (!existsSync(BAKERY)) context.skip(`not run: the real file is not at ${BAKERY}`);
    const receipts: OrderDraft[] = [];
    for await (const entry of readDocuments({ file: BAKERY }))
      if (entry.kind === "order" && entry.businessDate === SATURDAY) receipts.push(entry.draft);
    context.expect(receipts.length).toBeGreaterThan(100);
    context.expect(await playDay(receipts)).toEqual(onPaper(receipts));
  });

  // Beside the real file it would prove nothing more.
  if (!existsSync(BAKERY)) {
    it("made up: both shifts settle by themselves, equal to the cent, the day closes, and its Z report is right", async ({
      expect,
    }) => {
      const documents = seededDocuments({
        seed: 20_161_105,
        orders: 120,
        transactions: 0,
        inventory: 0,
        startDate: SATURDAY,
      });
      const receipts = [...documents].flatMap((each) => (each.kind === "order" ? [each.draft] : []));
      expect(await playDay(receipts)).toEqual(onPaper(receipts));
    });
  }
});

/** @returns what the centre has of that day once the queue is empty, with the manifest of each shift, its last verdict and the Z report */
async function playDay(receipts: readonly OrderDraft[]) {
  const till = await centre.till(EVERY_2_S);
  till.link.cut();
  await till.start();
  const noon = Math.floor(receipts.length / 2);
  for (const [operator, sales] of [
    ["Amina", receipts.slice(0, noon)],
    ["Baraka", receipts.slice(noon)],
  ] as const) {
    await till.openShift(operator, SATURDAY);
    for (const sale of sales) await till.record(sale);
    await till.closeShift();
  }
  till.link.heal();
  await till.drained();
  const { state } = await till.settled();
  const z = await centre.closeDay(SATURDAY);
  return { ...(await centre.has(till)), shifts: await centre.closedShifts(till), state, z };
}

/** The same added up from the receipts alone. */
function onPaper(receipts: readonly OrderDraft[]) {
  const noon = Math.floor(receipts.length / 2);
  const sumOf = (sales: readonly OrderDraft[]) =>
    sales.flatMap(({ tenders }) => tenders).reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  const shifts = [receipts.slice(0, noon), receipts.slice(noon)].map((sales) => ({
    orders: sales.length,
    totalMinor: sumOf(sales),
  }));
  const totalMinor = sumOf(receipts);
  const z = { shifts: 2, totalMinor, exceptions: 0 };
  return { changes: receipts.length, orders: receipts.length, totalMinor, shifts, state: "settled", z };
}

function waitOf(nextAttemptAt: string | null | undefined): number {
  return Date.parse(nextAttemptAt ?? "") - Date.now();
}
