import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { QueuePage } from "@tillsync/engine";
import { expect, it, onTestFinished } from "vitest";
import { askJson } from "../http-door.ts";
import { temporaryFolder } from "../import/testing/temporary-file.ts";
import { freePorts } from "../testing/free-ports.ts";
import { TillsyncProcess } from "../testing/tillsync-process.ts";

/** What the command said, as a program reads it. */
async function says(words: readonly string[]) {
  const process = new TillsyncProcess([...words, "--json"]);
  const { code } = await process.ended();
  return { code, out: process.stdout === "" ? undefined : JSON.parse(process.stdout), err: process.stderr };
}

/** Nine processes, one after the other; a busy machine takes some seconds for each. */
it("the steps of docs/operating.md, one after the other: key, backup, drill, reset, restore", async () => {
  const folder = await temporaryFolder();
  const at = (name: string) => join(folder, name);
  const key = at("backup.key");
  const made = await says(["backup", "--make-key", key]);
  expect(made).toMatchObject({ code: 0, out: { recipient: expect.stringMatching(/^age1/) } });
  expect(readFileSync(key, "utf8")).toContain("AGE-SECRET-KEY-1");

  const config = at("till.json");
  const port = await freePorts(1);
  const usb = await temporaryFolder();
  const sections = {
    Terminal: { ShortId: "T01", DataDir: at("till"), Port: port },
    Sync: { CentralApiEndpoint: "http://127.0.0.1:9" },
    Backup: { Recipient: made.out.recipient, Folder: usb },
  };
  writeFileSync(config, JSON.stringify(sections));
  const till = new TillsyncProcess(["terminal", "--config", config, "--json"]);
  onTestFinished(() => till.kill("SIGKILL"));
  await till.said('"ready"');
  const door = { url: `http://127.0.0.1:${port}` };
  await askJson(door, "POST", "/api/shifts/open", { operator: "Amina", businessDate: "2026-11-30" });
  const line = { item: "bread", quantity: "1", unitPrice: "2.50" };
  const sale = { localId: "sale-1", lines: [line], tenders: [{ type: "cash", amountMinor: 250 }] };
  await askJson(door, "POST", "/api/orders", sale);

  const taken = await says(["backup", "--config", config, "--to", at("here")]);
  expect(taken).toMatchObject({ code: 0, out: [{ till: "T01", file: expect.stringContaining(at("here")) }] });
  const backup: string = taken.out[0].file;
  const drilled = await says(["restore", backup, "--identity", key, "--drill"]);
  expect(drilled).toMatchObject({ code: 0, out: { database: null, damaged: [], manifest: { shortId: "T01" } } });
  expect(drilled.out.manifest.lives[0].headSeq).toBe(2);

  // Head office cannot be reached, so the sale goes first for ten minutes; the queue says that a backup waits.
  const { items } = await askJson<QueuePage>(door, "GET", "/api/queue?type=CloudBackup");
  expect(items.at(-1)).toMatchObject({ queueType: "CloudBackup", entityType: "Backup" });

  const running = await says(["reset", "--confirm", "T01", "--config", config]);
  expect(running).toMatchObject({ code: 1, err: expect.stringContaining("UNSETTLED") });
  till.kill("SIGTERM");
  await till.ended();
  const refused = await says(["reset", "--confirm", "T01", "--config", config]);
  expect(refused).toMatchObject({
    code: 1,
    err: expect.stringContaining("2 changes that head office lacks (1 sales)"),
  });
  expect(existsSync(at("till/till.db"))).toBe(true);
  const stopped = await says(["backup", "--config", config, "--to", at("stopped")]);
  expect(stopped).toMatchObject({ code: 0, out: [{ till: "T01" }] });
  const reset = await says(["reset", "--confirm", "T01", "--config", config, "--export", at("t01.till.age")]);
  expect(reset).toMatchObject({ code: 0, out: { exported: at("t01.till.age"), unsettled: { sales: 1 } } });
  expect(existsSync(at("till/till.db"))).toBe(false);

  const restored = await says(["restore", at("t01.till.age"), "--identity", key, "--to", at("new")]);
  expect(restored).toMatchObject({ code: 0, out: { database: at("new/till.db") } });
  expect(readdirSync(at("new")).toSorted()).toEqual(["terminal-id", "till.db", "till.db.witness"]);
}, 240_000);
