import { expect, it } from "vitest";
import { openTill } from "../poslog/testing/till-on-disk.ts";
import { dataDirOf } from "../testing/data-dir.ts";
import { tillsync } from "../testing/tillsync-process.ts";

it("shows what waits and what was tried, for people and for programs", async () => {
  const till = await openTill();
  till.terminal.openShift({ localId: "shift-1", operator: "Amina", businessDate: "2026-01-16" });
  const lines = [{ item: "bread", quantity: "2", unitPrice: "60.00" }];
  till.terminal.closeOrder({ localId: "sale-1", lines, tenders: [{ type: "cash", amountMinor: 12_000 }] });
  const { left } = await till.terminal.syncNow();
  expect(left).toBe(2);
  const dataDir = await dataDirOf(till);

  const people = await tillsync("queue", "--data-dir", dataDir);
  expect(people).toMatchObject({ code: 0, stderr: "" });
  expect(people.stdout).toMatch(/T01:\n +status +what +which +retries/);
  // The till tries again by itself, maybe at this moment.
  expect(people.stdout).toMatch(/(Pending|Processing) +Receipt +T01-20260116-00001/);

  const one = await tillsync("queue", "--data-dir", dataDir, "--limit", "1");
  expect(one.stdout).toContain("and more");
  expect((await tillsync("queue", "--data-dir", dataDir, "--status", "Completed")).stdout).toBe("T01: nothing\n");
  const programs = await tillsync("queue", "--data-dir", dataDir, "--type", "CentralSync", "--json");
  expect(JSON.parse(programs.stdout)).toMatchObject([
    { shortId: "T01", items: [{ entityType: "Shift" }, { entityId: "sale-1" }], next: null },
  ]);
  expect((await tillsync("queue", "--data-dir", dataDir, "--type", "EtimsInvoice")).stdout).toBe("T01: nothing\n");

  const history = await tillsync("queue", "--data-dir", dataDir, "--history", "--json");
  const [{ attempts }] = JSON.parse(history.stdout);
  expect(attempts.at(-1)).toMatchObject({ outcome: "failed", attemptNumber: 1 });
  expect((await tillsync("queue", "--data-dir", dataDir, "--history")).stdout).toMatch(/failed +Batch +0 of 2/);

  const refused = await tillsync("queue", "--data-dir", dataDir, "--status", "Lost");
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('status must be "Pending" or "Processing" or "Completed" or "Failed"');
}, 120_000);
