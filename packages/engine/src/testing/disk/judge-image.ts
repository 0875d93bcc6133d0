import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EMPTY_MODULE_HASH, linkHash, ModuleHash, type ModuleName, rowHash, type Scope } from "@tillsync/protocol";
import { sha256 } from "../../system/sha256.ts";
import { rowsRead } from "../module-till.ts";
import { DISK_TERMINAL, DiskTill, draftOf, type Told } from "./disk-till.ts";

/** What is wrong with a folder that survived a power cut; `lost` are sales that somebody was told of. */
export interface Judgement {
  readonly lost: number;
  readonly violations: readonly string[];
}

/**
 * Starts the real till on an image, as the shop would, and asks for everything that was told before the cut: the same
 * content in the same place. The chain has to hold, SQLite has to find nothing, no other life may have begun, what is
 * read of reference data is one version whole, and the next sale gets a receipt number that nobody has.
 */
export function judgeImage(
  folder: string,
  files: ReadonlyMap<string, Buffer>,
  told: readonly Told[],
  unsold: ReadonlySet<string> = new Set(),
): Judgement {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of files) if (name !== "told") writeFileSync(join(folder, name), bytes);
  return judgeStart(new DiskTill(folder), told, unsold);
}

/** The same for a till that is not running; it does not run afterwards. */
export function judgeStart(till: DiskTill, told: readonly Told[], unsold: ReadonlySet<string> = new Set()): Judgement {
  try {
    till.start();
  } catch (error) {
    return { lost: told.length, violations: [`the till does not start: ${String(error)}`] };
  }
  try {
    const lost = lostOf(till, told);
    const violations = [
      ...resold(till, unsold),
      ...structure(till),
      ...chain(till),
      ...lives(till),
      ...copies(till),
      ...nextReceipt(till, told),
    ];
    return {
      lost,
      violations: lost > 0 ? [`${lost} of ${told.length} that were told are lost`, ...violations] : violations,
    };
  } finally {
    till.drop();
  }
}

function lostOf({ store }: DiskTill, told: readonly Told[]): number {
  const rows = store.read.all<{ hash: string; localId: string }>(
    "SELECT lower(hex(hash)) AS hash, local_id AS localId FROM journal",
  );
  const kept = new Map(rows.map(({ hash, localId }) => [hash, localId]));
  return told.filter(({ hash, localId }) => kept.get(hash) !== localId).length;
}

/** Said not to be sold, and there all the same. */
function resold({ store }: DiskTill, unsold: ReadonlySet<string>): string[] {
  const found = (localId: string) => store.read.get("SELECT 1 FROM journal WHERE local_id = ?", localId) !== undefined;
  return [...unsold].filter(found).map((localId) => `${localId} was refused and is there`);
}

function structure({ store }: DiskTill): string[] {
  const found = store.read.all<{ integrity_check: string }>("PRAGMA integrity_check").map((row) => row.integrity_check);
  return found.length === 1 && found[0] === "ok" ? [] : [`SQLite finds: ${found.slice(0, 3).join("; ")}`];
}

function chain({ store }: DiskTill): string[] {
  const rows = store.read.all<{ incarnation: string; seq: number; hash: string; body: string; ordinal: number }>(
    `SELECT ordinal, incarnation, position % 1099511627776 AS seq, lower(hex(hash)) AS hash, body FROM journal
     JOIN life ON ordinal = position / 1099511627776 ORDER BY position`,
  );
  let [ordinal, seq, prevHash] = [0, 0, ""];
  for (const row of rows) {
    if (row.ordinal !== ordinal) [ordinal, seq, prevHash] = [row.ordinal, 0, "0".repeat(64)];
    const { incarnation, body } = row;
    const place = { terminal: DISK_TERMINAL, incarnation, seq: seq + 1, prevHash, origin: undefined, body };
    if (row.seq !== seq + 1 || linkHash(sha256, place) !== row.hash) return [`the chain breaks at ${row.seq}`];
    [seq, prevHash] = [row.seq, row.hash];
  }
  return [];
}

function lives({ store }: DiskTill): string[] {
  const found = store.read.all<{ reason: string }>("SELECT reason FROM life ORDER BY ordinal");
  return found.length <= 1 ? [] : [`a new life began: ${found.at(-1)?.reason}`];
}

function copies({ store }: DiskTill): string[] {
  const sql = "SELECT module, scope, row_count AS rows, hash FROM module_copy WHERE base IS NOT NULL";
  const found = store.read.all<{ module: ModuleName; scope: Scope; rows: number; hash: string }>(sql);
  return found.flatMap(({ module, scope, rows, hash }) => {
    const sum = new ModuleHash(EMPTY_MODULE_HASH);
    const kept = rowsRead(store.read, module, scope);
    for (const text of kept.values()) sum.add(rowHash(sha256, module, scope, text));
    return kept.size === rows && sum.hex() === hash ? [] : [`${module} is read as no version of it`];
  });
}

/** Sells once more, in the shift that is open or in a new one. */
function nextReceipt({ terminal }: DiskTill, told: readonly Told[]): string[] {
  if (terminal.shift() === null) terminal.openShift({ operator: "Otieno", businessDate: "2026-01-16" });
  const { receiptNumber } = terminal.closeOrder(draftOf("after-the-cut", 1));
  return told.some((each) => each.receiptNumber === receiptNumber) ? [`${receiptNumber} is given twice`] : [];
}
