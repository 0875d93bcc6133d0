import { join } from "node:path";
import { enroll, openPool } from "@tillsync/server";
import type { BenchDatabase } from "./postgres.ts";
import { withWorkers } from "./worker.ts";

/** A prepared till: its database and an outbox with the same sales. */
export interface Pending {
  readonly terminal: string;
  readonly shortId: string;
  readonly file: string;
  readonly outbox: string;
  readonly count: number;
}

/** @returns a till with so many pending sales, made by a process of its own */
export async function prepared(
  folder: string,
  { shortId, count, seed }: { shortId: string; count: number; seed: number },
): Promise<Pending> {
  const terminal = `0190a5da-c967-774b-8cce-${shortId.slice(1).padStart(12, "0")}`;
  const place = (name: string) => join(folder, `pending-${shortId}-${name}.db`);
  const pending = { terminal, shortId, file: place("till"), outbox: place("outbox"), count };
  const worker = new URL("drain/prepare.ts", import.meta.url);
  await withWorkers((start) => start(worker).ask("prepare", { ...pending, seed }));
  return pending;
}

export interface Enrolled {
  readonly orgId: number;
  readonly storeId: number;
  readonly terminal: string;
  readonly key: string;
}

/** Enrols tills, in the store `main` unless told. */
export async function enrolled(
  database: BenchDatabase,
  tills: readonly { readonly shortId: string; readonly terminal?: string; readonly store?: string }[],
): Promise<Enrolled[]> {
  const pool = openPool(database.url, { max: 1 });
  try {
    const made: Enrolled[] = [];
    for (const { shortId, terminal: id, store = "main" } of tills) {
      const place = { org: "bench", store, currency: "KES", role: "terminal", name: shortId } as const;
      const terminal = { shortId, ...(id === undefined ? {} : { id }) };
      const { key, orgId, storeId, terminal: given = "" } = await enroll(pool, { ...place, terminal }, 0);
      made.push({ orgId, storeId, key, terminal: given });
    }
    return made;
  } finally {
    await pool.end();
  }
}
