import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { enroll, openPool, type RunningServer, startServer } from "@tillsync/server";
import { type MigratedDatabase, migratedDatabase } from "@tillsync/server/testing";
import { complaintsOf, startBrowser, whyNoBrowser } from "@tillsync/terminal/testing/browser";
import type pg from "pg";
import { pino } from "pino";
import type { Browser, Page } from "playwright-core";
import { Child } from "../demo/child.ts";
import { FaultProxy } from "../demo/fault-proxy.ts";
import { askJson } from "../http-door.ts";
import { freePorts } from "./free-ports.ts";

const PLACE = { org: "demo", store: "main", currency: "KES" } as const;

interface Parts {
  readonly folder: string;
  readonly database: MigratedDatabase;
  readonly server: RunningServer;
  readonly admin: pg.Pool;
  readonly link: FaultProxy;
  readonly till: Child;
  readonly browser: Browser;
  readonly page: Page;
}

/** A till as a process of its own, head office on a real PostgreSQL, a link that can be cut, and a page on a screen. */
export class ShopOnAPage {
  readonly link: FaultProxy;
  readonly till: Child;
  readonly page: Page;
  /** All that the page complained of. */
  readonly complaints: readonly string[];
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.link = parts.link;
    this.till = parts.till;
    this.page = parts.page;
    this.complaints = complaintsOf(parts.page);
  }

  /** Why it cannot be started here; undefined when it can. */
  static whyNot(): string | undefined {
    return whyNoBrowser() ?? (process.env.TILLSYNC_PG_URL === undefined ? "not run: no PostgreSQL here" : undefined);
  }

  static async start(): Promise<ShopOnAPage> {
    const folder = mkdtempSync(join(tmpdir(), "tillsync-page-"));
    const database = await migratedDatabase();
    const log = pino({ level: "silent" });
    const server = await startServer({ databaseUrl: database.url, host: "127.0.0.1", port: 0, log });
    const link = await FaultProxy.open({ target: { port: Number(new URL(server.url).port) } });
    const asked = { ...PLACE, role: "terminal", name: "T01", terminal: { shortId: "T01" } } as const;
    const { key, terminal = "" } = await enroll(server.pool, asked, 0);
    const till = await Child.start({
      name: "till",
      args: ["terminal", "--port", String(await freePorts(1)), "--central", link.url, "--data-dir", folder],
      env: { TILLSYNC_KEY: key, DEVICE_ID: terminal, STORE_ID: PLACE.store },
      logFile: join(folder, "till.log"),
      onDeath: () => undefined,
    });
    const browser = await startBrowser();
    const page = await browser.newPage({ viewport: { width: 1366, height: 768 } });
    const admin = openPool(database.adminUrl, { max: 1 });
    const shop = new ShopOnAPage({ folder, database, server, admin, link, till, browser, page });
    await page.goto(till.url);
    await page.evaluate("window.loaded = 'once'");
    return shop;
  }

  get<T>(path: string): Promise<T> {
    return askJson<T>({ url: this.till.url }, "GET", path);
  }

  post<T>(path: string, body: object): Promise<T> {
    return askJson<T>({ url: this.till.url }, "POST", path, body);
  }

  sell(localId: string, amountMinor = 12_000): Promise<unknown> {
    const lines = [{ item: "bread", quantity: "1", unitPrice: (amountMinor / 100).toFixed(2) }];
    return this.post("/api/orders", { localId, lines, tenders: [{ type: "cash", amountMinor }] });
  }

  /** Rows of head office, past row security. */
  async rows<T extends object>(sql: string, ...values: readonly unknown[]): Promise<T[]> {
    return (await this.#parts.admin.query<T>(sql, [...values])).rows;
  }

  async stop(): Promise<void> {
    const { folder, database, server, admin, link, till, browser } = this.#parts;
    await browser.close();
    await till.stop();
    await link.close();
    await server.close();
    await admin.end();
    await database.drop();
    rmSync(folder, { recursive: true });
  }
}
