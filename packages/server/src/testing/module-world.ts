import { createHash } from "node:crypto";
import {
  type GatewayAnswer,
  ModuleHash,
  type ModuleName,
  type Scope as ModuleScope,
  type PageHeader,
  rowHash,
} from "@tillsync/protocol";
import type { FastifyInstance } from "fastify";
import type pg from "pg";
import { type Enrolled, enroll } from "../directory/enroll.ts";
import { testApp } from "./test-app.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

export interface FetchedPage {
  readonly header: PageHeader;
  /** Rows and tombstones as they came. */
  readonly lines: readonly string[];
}

/** A store with a till and a head office, in front of the doors of reference data. For tests. */
export class ModuleWorld {
  readonly till: Enrolled;
  readonly admin: Enrolled;
  readonly app: FastifyInstance;

  private constructor(app: FastifyInstance, till: Enrolled, admin: Enrolled) {
    this.app = app;
    this.till = till;
    this.admin = admin;
  }

  static async open(pool: pg.Pool, { org = "demo", store = "main", kind = "retail" } = {}): Promise<ModuleWorld> {
    const place = { org, store, currency: "KES" };
    const terminal = { shortId: `T${kind.length}`, kind };
    const till = await enroll(pool, { ...place, role: "terminal", name: "till", terminal }, 0);
    const admin = await enroll(pool, { ...place, role: "admin", name: "head office" }, 0);
    const { app } = testApp(pool, { rates: { perDevice: 1e6, perStore: 1e6 } });
    return new ModuleWorld(app, till, admin);
  }

  /** Brings rows as NDJSON, or as another type. */
  async put(
    module: string,
    rows: readonly unknown[] | string | Buffer,
    { scope = "organization", type = "application/x-ndjson", headers = {}, key = this.admin.key } = {},
  ) {
    const payload = Array.isArray(rows)
      ? rows.map((row) => `${JSON.stringify(row)}\n`).join("")
      : (rows as string | Buffer);
    const url = `/api/admin/modules/${module}?scope=${scope}`;
    const sent = { "content-type": type, authorization: `Bearer ${key}`, ...headers };
    const { statusCode, body } = await this.app.inject({ method: "PUT", url, payload, headers: sent });
    return { status: statusCode, body: JSON.parse(body) };
  }

  async get(url: string, key = this.till.key) {
    const headers = { authorization: `Bearer ${key}` };
    const { statusCode, body } = await this.app.inject({ url, headers });
    return { status: statusCode, body };
  }

  async gateway(...have: readonly string[]): Promise<GatewayAnswer["modules"]> {
    const query = have.map((one) => `have=${encodeURIComponent(one)}`).join("&");
    const { body } = await this.get(`/api/sync/gateway?${query}`);
    return (JSON.parse(body) as GatewayAnswer).modules;
  }

  async page(module: ModuleName, query: Readonly<Record<string, string>>, key?: string): Promise<FetchedPage> {
    const search = new URLSearchParams({ scope: "organization", ...query });
    const { status, body } = await this.get(`/api/sync/modules/${module}?${search}`, key);
    if (status !== 200) throw new Error(body);
    const [header = "", ...lines] = body.trimEnd().split("\n");
    return { header: JSON.parse(header), lines };
  }

  /** All pages of a snapshot or a delta, one after the other. */
  async pages(module: ModuleName, query: Readonly<Record<string, string>>, key?: string): Promise<FetchedPage[]> {
    const pages: FetchedPage[] = [];
    for (let next: string | null | undefined; next !== null; next = pages.at(-1)?.header.next)
      pages.push(await this.page(module, next === undefined ? query : { ...query, after: next }, key));
    return pages;
  }
}

/** A copy of a module as a till keeps it. For tests. */
export class ModuleCopy {
  readonly rows = new Map<string, string>();
  cursor = "";
  hash = "";

  /** Takes pages of a snapshot: the cursor is the first one's, what changed meanwhile comes as a delta. */
  take(pages: readonly FetchedPage[]): void {
    for (const { lines } of pages) {
      for (const line of lines) {
        const { id, deleted } = JSON.parse(line) as { id: string; deleted?: boolean };
        if (deleted === true) this.rows.delete(id);
        else this.rows.set(id, line);
      }
    }
    const counts = pages[0]?.header.kind === "snapshot" ? pages[0] : pages.at(-1);
    this.cursor = counts?.header.cursor ?? "";
    this.hash = counts?.header.hash ?? "";
  }

  /** The hash of what the copy holds. */
  ownHash(module: ModuleName, scope: ModuleScope = "organization"): string {
    const sum = new ModuleHash();
    for (const text of this.rows.values()) sum.add(rowHash(sha256, module, scope, text));
    return sum.hex();
  }
}
