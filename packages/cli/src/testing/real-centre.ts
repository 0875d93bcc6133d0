import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { enroll, openPool } from "@tillsync/server";
import { type MigratedDatabase, migratedDatabase } from "@tillsync/server/testing";
import type pg from "pg";
import { Child } from "../demo/child.ts";
import { askJson } from "../http-door.ts";
import { RealTill, type RealTillOptions } from "./real-till.ts";

const STORE = { org: "demo", store: "STORE001", currency: "KES" } as const;

/** What the centre has of the sales of one till. */
export interface AtCentre {
  /** Stored changes that close an order. */
  readonly changes: number;
  /** Closed orders. As many as changes: nothing came twice. */
  readonly orders: number;
  readonly totalMinor: number;
}

/** As much of a closed day as a script looks at. */
interface Day {
  readonly report: {
    readonly shifts: readonly unknown[];
    readonly totals: readonly { readonly amountMinor: number }[];
    readonly exceptions: number;
  };
}

interface Manifest {
  readonly counts: Readonly<Record<string, number>>;
  readonly totals: readonly { readonly amountMinor: number }[];
}

/** A central server as a process on a database of its own, and real tills that sync with it. For one test file. */
export class RealCentre {
  readonly #folder: string;
  readonly #database: MigratedDatabase;
  readonly #server: Child;
  readonly #deaths: string[];
  readonly #admin: pg.Pool;
  readonly #tills: RealTill[] = [];
  #made = 0;

  private constructor(parts: { folder: string; database: MigratedDatabase; server: Child; deaths: string[] }) {
    this.#folder = parts.folder;
    this.#database = parts.database;
    this.#server = parts.server;
    this.#deaths = parts.deaths;
    this.#admin = openPool(parts.database.adminUrl, { max: 1 });
  }

  static async start(): Promise<RealCentre> {
    const folder = mkdtempSync(join(tmpdir(), "tillsync-centre-"));
    const database = await migratedDatabase();
    const deaths: string[] = [];
    const server = await Child.start({
      name: "The central server",
      args: ["server", "--port", "0"],
      env: { DATABASE_URL: database.url },
      logFile: join(folder, "server.log"),
      onDeath: (why) => deaths.push(why),
    });
    return new RealCentre({ folder, database, server, deaths });
  }

  /** A new till of the store; it is not started yet. */
  async till(sync: RealTillOptions["sync"]): Promise<RealTill> {
    const shortId = `T${String(++this.#made).padStart(2, "0")}`;
    const asked = { ...STORE, role: "terminal", name: `till ${shortId}`, terminal: { shortId } } as const;
    const { terminal = "", key } = await enroll(this.#database.pool, asked, Date.now());
    const folder = join(this.#folder, shortId);
    const till = await RealTill.at({ shortId, terminal, key, folder, centreUrl: this.#server.url, sync });
    this.#tills.push(till);
    return till;
  }

  async has({ terminal }: RealTill): Promise<AtCentre> {
    const [row] = await this.rows<AtCentre>(
      `SELECT (SELECT count(*)::integer FROM tillsync.change_head WHERE terminal = $1 AND kind = 'order.closed') AS changes,
         count(*)::integer AS orders, coalesce(sum(total_minor), 0)::integer AS "totalMinor"
       FROM tillsync.document WHERE terminal = $1 AND entity = 'order' AND state = 'closed'`,
      terminal,
    );
    if (row === undefined) throw new Error("counting gave no row");
    return row;
  }

  /** What the manifest of each closed shift of a till says, oldest first, from the bytes that the centre stored. */
  async closedShifts({ terminal }: RealTill): Promise<{ readonly orders: number; readonly totalMinor: number }[]> {
    const rows = await this.rows<{ payload: Manifest }>(
      `SELECT convert_from(b.body, 'UTF8')::jsonb -> 'payload' AS payload
       FROM tillsync.change_head h JOIN tillsync.change_body b USING (org_id, store_id, terminal, incarnation, seq)
       WHERE h.terminal = $1 AND h.kind = 'shift.closed' ORDER BY h.seq`,
      terminal,
    );
    return rows.map(({ payload: { counts, totals } }) => ({
      orders: counts["order.closed"] ?? 0,
      totalMinor: totals.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
    }));
  }

  /** Locks a day, as somebody at head office does, and gives its Z report. */
  async closeDay(businessDate: string): Promise<{ shifts: number; totalMinor: number; exceptions: number }> {
    const { key } = await enroll(this.#database.pool, { ...STORE, role: "admin", name: "head office" }, Date.now());
    const path = `/api/admin/days/${businessDate}/close`;
    const { report } = await askJson<Day>({ url: this.#server.url, key }, "POST", path, { actor: "Grace" });
    const totalMinor = report.totals.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
    return { shifts: report.shifts.length, totalMinor, exceptions: report.exceptions };
  }

  /** Rows past row security. */
  async rows<T extends object>(sql: string, ...values: readonly unknown[]): Promise<T[]> {
    return (await this.#admin.query<T>(sql, [...values])).rows;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#tills.map((till) => till.dispose()));
    await this.#server.stop();
    await this.#admin.end();
    await this.#database.drop();
    rmSync(this.#folder, { recursive: true, force: true });
    if (this.#deaths.length > 0) throw new Error(`the central server died: ${this.#deaths.join(", ")}`);
  }
}
