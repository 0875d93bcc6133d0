import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { SyncError } from "@tillsync/protocol";
import { enroll, openPool } from "@tillsync/server";
import { type Dispatcher, request } from "undici";
import type { BenchOptions } from "../bench.ts";
import { type BenchDatabase, startCluster } from "../postgres.ts";
import { type Worker, withWorkers } from "../worker.ts";
import { barcodeLines, type Catalogue, itemLines } from "./catalogue.ts";

/** A centre with a catalogue, and a till that is enrolled there. */
export interface Rig {
  readonly url: string;
  readonly key: string;
  readonly terminal: string;
  readonly database: BenchDatabase;
  readonly start: (file: URL, execArgv?: readonly string[]) => Worker;
  readonly checkpoint: () => Promise<void>;
}

const CENTRE = new URL("../centre/server.ts", import.meta.url);

export async function withRig<T>(
  { folder, onProgress }: BenchOptions,
  catalogue: Catalogue,
  barcodes: number,
  work: (rig: Rig) => Promise<T>,
): Promise<T> {
  const cluster = await startCluster(folder, onProgress);
  try {
    const database = await cluster.newDatabase();
    return await withWorkers(async (start) => {
      const { key, terminal = "", admin } = await keys(database);
      const url = await start(CENTRE).ask<string>("start", { databaseUrl: database.url });
      onProgress(`importing ${catalogue.products.length} items and ${barcodes} barcodes`);
      await bring(url, admin, "items", itemLines(catalogue));
      await bring(url, admin, "itemBarcodes", barcodeLines(catalogue, barcodes));
      return work({ url, key, terminal, database, start, checkpoint: () => cluster.checkpoint() });
    });
  } finally {
    await cluster.stop();
  }
}

async function keys(database: BenchDatabase) {
  const pool = openPool(database.url, { max: 1 });
  try {
    const place = { org: "bench", store: "main", currency: "KES" };
    const till = await enroll(pool, { ...place, role: "terminal", name: "T01", terminal: { shortId: "T01" } }, 0);
    const admin = await enroll(pool, { ...place, role: "admin", name: "head office" }, 0);
    return { key: till.key, terminal: till.terminal, admin: admin.key };
  } finally {
    await pool.end();
  }
}

async function bring(url: string, key: string, module: string, lines: readonly string[]): Promise<void> {
  const answer = await fetch(`${url}/api/admin/modules/${module}?scope=organization`, {
    method: "PUT",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/x-ndjson" },
    body: `${lines.join("\n")}\n`,
  });
  if (answer.status !== 200) throw new SyncError("INTERNAL", `import of ${module}: ${await answer.text()}`);
}

/** What the pages of a module, as large as a till asks for them, take on the wire, and what `zstd -3` makes of their bodies in one piece. */
export async function pageBytes({ url, key }: Rig, module: string): Promise<{ wire: number; whole: number }> {
  const bodies: Buffer[] = [];
  let wire = 0;
  let after: string | null = "";
  while (after !== null) {
    const query: URLSearchParams = new URLSearchParams({
      scope: "organization",
      limit: "4096",
      ...(after === "" ? {} : { after }),
    });
    const headers = { authorization: `Bearer ${key}`, "accept-encoding": "zstd" };
    const answer: Dispatcher.ResponseData = await request(`${url}/api/sync/modules/${module}?${query}`, { headers });
    const packed = Buffer.from(await answer.body.arrayBuffer());
    const body: Buffer = answer.headers["content-encoding"] === "zstd" ? zstdDecompressSync(packed) : packed;
    wire += packed.length;
    bodies.push(body);
    const [first = "{}"]: string[] = body.toString("utf8").split("\n", 1);
    after = (JSON.parse(first) as { next: string | null }).next;
  }
  return { wire, whole: zstdCompressSync(Buffer.concat(bodies)).length };
}
