import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { enroll, type RunningServer, startServer } from "@tillsync/server";
import { type MigratedDatabase, migratedDatabase } from "@tillsync/server/testing";
import { axeFindings, complaintsOf, startBrowser, whyNoBrowser } from "@tillsync/terminal/testing/browser";
import { pino } from "pino";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Child } from "../demo/child.ts";
import { FaultProxy } from "../demo/fault-proxy.ts";
import { freePorts } from "../testing/free-ports.ts";

const PLACE = { org: "demo", store: "main", currency: "KES" };
const whyNot =
  whyNoBrowser() ?? (process.env.TILLSYNC_PG_URL === undefined ? "not run: no PostgreSQL here" : undefined);

let folder: string;
let database: MigratedDatabase;
let server: RunningServer;
let link: FaultProxy;
let till: Child;
let browser: Browser;
let page: Page;
let complaints: readonly string[];

/** A till as a process of its own, head office on a real PostgreSQL, a link that can be cut, and a page on a screen. */
beforeAll(async () => {
  if (whyNot !== undefined) return;
  folder = mkdtempSync(join(tmpdir(), "tillsync-page-"));
  database = await migratedDatabase();
  server = await startServer({ databaseUrl: database.url, host: "127.0.0.1", port: 0, log: pino({ level: "silent" }) });
  link = await FaultProxy.open({ target: { port: Number(new URL(server.url).port) } });
  const { key, terminal = "" } = await enroll(
    server.pool,
    { ...PLACE, role: "terminal", name: "T01", terminal: { shortId: "T01" } },
    0,
  );
  till = await Child.start({
    name: "till",
    args: ["terminal", "--port", String(await freePorts(1)), "--central", link.url, "--data-dir", folder],
    env: { TILLSYNC_KEY: key, DEVICE_ID: terminal ?? "", STORE_ID: "main" },
    logFile: join(folder, "till.log"),
    onDeath: () => undefined,
  });
  browser = await startBrowser();
  page = await browser.newPage({ viewport: { width: 1366, height: 768 } });
  complaints = complaintsOf(page);
  await page.goto(till.url);
  await page.evaluate("window.loaded = 'once'");
});
afterAll(async () => {
  await browser?.close();
  await till?.stop();
  await link?.close();
  await server?.close();
  await database?.drop();
  if (folder !== undefined) rmSync(folder, { recursive: true });
});
beforeEach((context) => whyNot !== undefined && context.skip(whyNot));

async function post(path: string, body: object): Promise<void> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${till.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
}

function sell(localId: string): Promise<void> {
  const lines = [{ item: "bread", quantity: "2", unitPrice: "60.00" }];
  return post("/api/orders", { localId, lines, tenders: [{ type: "cash", amountMinor: 12_000 }] });
}

async function isMissing(path: string): Promise<boolean> {
  return (await fetch(`${till.url}${path}`)).status === 404;
}

const says = (title: string) => page.getByRole("status").getByText(title, { exact: true }).waitFor();
const colour = () => page.getByTestId("light").getAttribute("data-light");

describe("a day on the page", () => {
  it("is green after a sale that head office has", async () => {
    await post("/api/shifts/open", { operator: "Amina", businessDate: "2026-01-16" });
    await sell("sale-1");
    await page.getByText("T01-20260116-00001").waitFor();
    await says("Green · all sent");
    await page.getByText("Amina").waitFor();
  });

  it("turns red without a reload when the link is cut, and the counts rise with each sale", async () => {
    link.cut();
    for (let count = 1; count <= 3; count++) {
      await sell(`cut-${count}`);
      await says(`Red · ${count} to send`);
      expect(await colour()).toBe("red");
      expect(await page.locator("[data-type=CentralSync] .number").innerText()).toBe(String(count));
    }
    expect(await axeFindings(page)).toEqual([]);
  });

  it("lists what waits and each attempt", async (context) => {
    if (await isMissing("/api/queue")) context.skip("not run: this till has no queue yet");
    await page.getByRole("link", { name: "Waiting" }).click();
    for (const number of [2, 3, 4]) await page.getByText(`T01-20260116-0000${number}`).waitFor();
    await page.getByRole("link", { name: "History" }).click();
    await page.getByText("UNREACHABLE").first().waitFor();
    await page.getByText("2 sent").or(page.getByText("1 sent")).first().waitFor();
    await page.getByRole("link", { name: "Now" }).click();
  });

  it("lists the shift", async (context) => {
    if (await isMissing("/api/shifts")) context.skip("not run: this till lists no shifts yet");
    await page.getByRole("link", { name: "Shifts" }).click();
    await page.locator("main").getByText("Amina").waitFor();
    await page.getByRole("link", { name: "Now" }).click();
  });

  it("says why nothing goes when somebody asks for it", async () => {
    await page.getByRole("button", { name: "Sync now" }).click();
    await page.getByText(/^Sent 0, 3 left: /).waitFor();
  });

  it("is green again, with nothing left, when the link is back, by itself", async () => {
    link.heal();
    await says("Green · all sent");
    expect(await colour()).toBe("green");
    expect(await page.locator("[data-type=CentralSync] .number").innerText()).toBe("0");
    expect(await axeFindings(page)).toEqual([]);
  });

  it("says that the till's process was killed, and goes on with the next one", async () => {
    expect(till.kill()).toBe(true);
    await page.getByText("This till's service does not answer.").waitFor();
    await says("Green · all sent");
    await sell("after-the-kill");
    await page.getByText("T01-20260116-00005").waitFor();
    await says("Green · all sent");
  });

  it("was one page all day, and complained of nothing", async () => {
    expect(await page.evaluate("window.loaded")).toBe("once");
    expect(complaints).toEqual([]);
  });
});
