import { SyncError } from "@tillsync/protocol";
import type { LocalStore } from "../ports.ts";

/**
 * Changes up to which the whole journal is looked at with each start: some 0.2 s for 50,000. Larger ones are left to
 * `tillsync verify`, so that a till starts within seconds whatever its history.
 */
const MAX_CHANGES = 200_000;

/** Tables of reference data are a cache: what is wrong with them is found when it is read, and fetched again. */
const SMALL = ["identity", "life", "open_order", "voided_order", "shift", "lane", "exception", "receipt_floor"];

/**
 * Has SQLite compare its pages and indexes. No page carries a checksum: a wrong byte in an index would hide a sale from the
 * look-up that keeps it from being sold twice, and nothing else would notice (reliability.md F7).
 *
 * @throws SyncError STORE_DAMAGED
 */
export function checkStructure(read: LocalStore["read"]): void {
  const count = read.get<{ count: number }>(
    "SELECT count(*) AS count FROM (SELECT 1 FROM journal LIMIT ?)",
    MAX_CHANGES + 1,
  );
  const tables = (count?.count ?? 0) > MAX_CHANGES ? SMALL : [...SMALL, "journal"];
  for (const table of tables) {
    const [first] = read.all<{ integrity_check: string }>(`PRAGMA integrity_check('${table}')`);
    if (first === undefined || first.integrity_check === "ok") continue;
    throw new SyncError(
      "STORE_DAMAGED",
      `The till's database is damaged (${table}). Keep all its files and save what can be read: tillsync export --salvage.`,
      { table, found: first.integrity_check },
    );
  }
}
