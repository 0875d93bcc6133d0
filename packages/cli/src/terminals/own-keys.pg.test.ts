import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Recorded } from "@tillsync/engine";
import { enroll, openPool } from "@tillsync/server";
import { type MigratedDatabase, migratedDatabase } from "@tillsync/server/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { act } from "../commands/enroll-here.ts";
import { Child } from "../demo/child.ts";
import { blocksOf, readPage } from "../docs/testing/markdown.ts";
import { run } from "../docs/testing/shell.ts";
import { askJson } from "../http-door.ts";
import { untilStatus } from "../testing/status-stream.ts";
import { TillsyncProcess } from "../testing/tillsync-process.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const STORE = { org: "demo", currency: "KES" } as const;
const SALE = {
  lines: [{ item: "bread", quantity: "2", unitPrice: "60.00" }],
  tenders: [{ type: "cash", amountMinor: 12_000 }],
};
/** Nobody listens there: a shop without a link. */
const NOWHERE = "http://127.0.0.1:9";
const page = readPage("docs/operating.md");

let folder: string;
let database: MigratedDatabase;
let server: Child;
let admin: string;
const tills: Till[] = [];
let sales = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tillsync-own-keys-"));
  database = await migratedDatabase();
  const made = { ...STORE, role: "admin", name: "Wanjiru" } as const;
  admin = (await enroll(database.pool, { ...made, store: "STORE001" }, Date.now())).key;
  await enroll(database.pool, { ...made, store: "STORE002" }, Date.now());
  server = await Child.start({
    ...{ name: "The central server", args: ["server", "--port", "0"], env: { DATABASE_URL: database.url } },
    ...{ logFile: join(folder, "server.log"), onDeath: () => {} },
  });
});
afterAll(async () => {
  await Promise.all(tills.map((till) => till.stop()));
  await server.stop();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

/** Does what a block of the page says, as it stands but for who and where head office is. */
async function follow(name: string): Promise<string> {
  const block = blocksOf(page).find(({ comment }) => comment === `test: ${name}`);
  if (block === undefined) throw new Error(`docs/operating.md has no block "${name}"`);
  const text = block.text
    .replaceAll("npx tillsync", `"${process.execPath}" "${MAIN}"`)
    .replaceAll("https://head-office.example", server.url)
    .replaceAll(/\bKEY\b/g, admin);
  const { code, output } = await run("sh", ["-ec", text], { cwd: folder });
  if (code !== 0) throw new Error(`"${name}" ended with exit code ${code}:\n${output}`);
  return output;
}

/** `tillsync terminal` on a data folder that was enrolled. */
class Till {
  readonly folder: string;
  #process: TillsyncProcess | undefined;
  #url = "";

  constructor(name: string) {
    this.folder = join(folder, "tills", name);
    tills.push(this);
  }

  async start(central = server.url): Promise<void> {
    const where = ["--data-dir", this.folder, "--central", central, "--port", "0", "--json"];
    this.#process = new TillsyncProcess(["terminal", ...where]);
    await this.#process.said('"ready"');
    this.#url = (JSON.parse(this.#process.stdout.split("\n")[0] ?? "{}") as { ready: string }).ready;
  }

  async stop(): Promise<void> {
    this.#process?.kill("SIGTERM");
    await this.#process?.ended();
    this.#process = undefined;
  }

  post<T>(path: string, body: object): Promise<T> {
    return askJson<T>({ url: this.#url }, "POST", path, body);
  }

  async openShift(): Promise<void> {
    await this.post("/api/shifts/open", { operator: "Amina" });
  }

  /** The number on the receipt, without its date. */
  async sell(): Promise<string> {
    const { receiptNumber = "" } = await this.post<Recorded>("/api/orders", { localId: `sale-${++sales}`, ...SALE });
    return receiptNumber.replace(/-\d{8}-/, "-");
  }

  async drained(): Promise<void> {
    await untilStatus(
      this.#url,
      "all is sent",
      ({ pending, lastSyncTimestamp }) => pending === 0 && lastSyncTimestamp !== null,
      {
        ...{ withinMs: 60_000, seen: () => {} },
      },
    );
  }

  get grant(): string {
    return readFileSync(join(this.folder, "terminal-grant"), "utf8");
  }
}

it("follows docs/operating.md: enrol, rename, replace, drain, retire, move; every sale arrives once, under a number of its own", {
  timeout: 600_000,
}, async () => {
  expect(await follow("enrol")).toContain("This machine is terminal T01 of store STORE001");
  const first = new Till("T01");
  expect(statSync(join(first.folder, "terminal-key")).mode & 0o777).toBe(0o600);
  await first.start();
  await first.openShift();
  expect([await first.sell(), await first.sell()]).toEqual(["T01-00001", "T01-00002"]);
  await first.drained();
  expect(await follow("list")).toMatch(/T01 +retail +1 till by the door \(active\)/);

  expect(await follow("rename")).toContain("T01 is T05 now");
  const before = first.grant;
  await first.stop();
  await first.start();
  expect(await first.sell()).toBe("T01-00003");
  await first.drained();
  expect(first.grant).not.toBe(before);
  await first.stop();
  await first.start(NOWHERE);
  expect([await first.sell(), await first.sell()]).toEqual(["T05-00004", "T05-00005"]);
  await first.stop();

  await follow("replace");
  const second = new Till("T05-new");
  await second.start();
  await second.openShift();
  expect(await second.sell()).toMatch(/^T05R[0-9A-Z]{3}-00001$/);
  await second.drained();
  expect(await follow("drain")).toContain("Machine 2 of T05: draining, was revoked");
  await first.start();
  await first.post("/api/shifts/close", {});
  await first.drained();
  await first.stop();

  await second.post("/api/shifts/close", {});
  expect(await follow("retire")).toContain("not yet");
  await retired(second);
  await second.stop();

  await follow("move");
  const third = new Till("market");
  await third.start();
  await third.openShift();
  expect(await third.sell()).toBe("T01-00001");
  await third.drained();

  const { rows } = await atCentre(
    `SELECT s.code, d.local_id AS id, d.receipt_number AS number FROM tillsync.document d JOIN tillsync.store s USING (org_id, store_id)
       WHERE d.entity = 'order' AND d.state = 'closed'`,
  );
  expect(rows.map(({ id }) => id).sort()).toEqual(Array.from({ length: sales }, (_, index) => `sale-${index + 1}`));
  expect(new Set(rows.map(({ code, number }) => `${code} ${number}`)).size).toBe(sales);
  expect(rows.filter(({ code }) => code === "STORE002")).toHaveLength(1);
});

/** It has to call once more, and the centre notes that every ten seconds; whoever asks for it asks again. */
async function retired(till: Till): Promise<void> {
  const door = { url: server.url, key: admin };
  let last: unknown;
  for (let each = 0; each < 300; each++) {
    await till.post("/api/sync/now", {});
    const done = await act<{ state: string }>(door, "T05", "retire", { reason: "again" });
    if (done.state === "retired") return;
    last = done;
    await pause(100);
  }
  throw new Error(JSON.stringify(last));
}

async function atCentre(sql: string) {
  const pool = openPool(database.adminUrl, { max: 1 });
  try {
    return await pool.query<{ code: string; id: string; number: string }>(sql);
  } finally {
    await pool.end();
  }
}
