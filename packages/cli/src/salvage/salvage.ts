import { existsSync } from "node:fs";
import { ordinalOf, positionOf, seqOf, sha256 } from "@tillsync/engine";
import { CHAIN_START, linkHash, type Origin, SyncError } from "@tillsync/protocol";
import { readPages } from "./page-images.ts";
import { type Cell, type StoredRow, tableRows } from "./table-rows.ts";

/** A change as it was found in the pages. */
export interface FoundChange {
  readonly position: number;
  readonly hash: string;
  readonly kind: string;
  readonly localId: string;
  readonly businessDate: string;
  readonly body: string;
  readonly private: string | null;
  readonly origin: string | null;
  /** The till gave its bytes up, because head office has them in a backup. */
  readonly isRetired: boolean;
}

/**
 * `intact`: its bytes give its hash. `damaged`: they do not. `unproven`: the change before it is lost, and with it what its
 * hash was made of; it can be read, and nobody can say that it is what was recorded. `retired`: old, at head office only.
 */
export type Condition = "intact" | "damaged" | "unproven" | "retired";

export interface SalvagedChange extends FoundChange {
  readonly condition: Condition;
  readonly incarnation: string;
  readonly seq: number;
  /** Head office has acknowledged it, as far as this file remembers. */
  readonly atHeadOffice: boolean;
}

export interface Salvaged {
  readonly terminal: string;
  readonly shortId: string;
  readonly store: string;
  /** In the order of the journal. */
  readonly changes: readonly SalvagedChange[];
  /** Places between others of which nothing was found. */
  readonly missing: readonly { readonly incarnation: string; readonly seq: number }[];
}

interface FoundLife {
  readonly incarnation: string;
  readonly durableThrough: number;
}

/**
 * Reads what can be read of a till's database that SQLite refuses: row by row from the pages of the file and of its log, each
 * change checked against its hash. Nothing is written.
 *
 * @throws SyncError NOT_FOUND when there is no file, or nothing in it says whose it is
 */
export function salvage(file: string): Salvaged {
  if (!existsSync(file)) throw new SyncError("NOT_FOUND", `There is no file at ${file}.`, { file });
  const found = new Found();
  for (const row of tableRows(readPages(file))) found.add(row);
  if (found.identity === undefined)
    throw new SyncError("NOT_FOUND", `Nothing in ${file} says whose journal it is.`, { file });
  return found.judged(found.identity);
}

class Found {
  identity: Pick<Salvaged, "terminal" | "shortId" | "store"> | undefined;
  readonly #lives = new Map<number, FoundLife>();
  /** A page may be there in several versions: the same row each time, unless one of them is damaged. */
  readonly #changes = new Map<number, FoundChange[]>();

  add(row: StoredRow): void {
    const change = changeOf(row);
    if (change !== undefined) {
      const known = this.#changes.get(change.position) ?? [];
      if (!known.some(({ body, hash }) => body === change.body && hash === change.hash)) known.push(change);
      this.#changes.set(change.position, known);
      return;
    }
    const life = lifeOf(row);
    if (life !== undefined) {
      const before = this.#lives.get(row.rowid)?.durableThrough ?? 0;
      this.#lives.set(row.rowid, { ...life, durableThrough: Math.max(before, life.durableThrough) });
    }
    this.identity ??= identityOf(row);
  }

  judged(identity: Pick<Salvaged, "terminal" | "shortId" | "store">): Salvaged {
    const changes: SalvagedChange[] = [];
    const missing: { incarnation: string; seq: number }[] = [];
    let [ordinal, expected] = [0, 1];
    for (const position of [...this.#changes.keys()].sort((a, b) => a - b)) {
      if (ordinalOf(position) !== ordinal) [ordinal, expected] = [ordinalOf(position), 1];
      const life = this.#lives.get(ordinal);
      const seq = seqOf(position);
      const incarnation = life?.incarnation ?? "";
      for (; expected < seq; expected++) missing.push({ incarnation, seq: expected });
      expected = seq + 1;
      const [change, condition] = this.#best(identity.terminal, position, life);
      const atHeadOffice = seq <= (life?.durableThrough ?? 0);
      changes.push({ ...change, condition, incarnation, seq, atHeadOffice });
    }
    return { ...identity, changes, missing };
  }

  #best(terminal: string, position: number, life: FoundLife | undefined): [FoundChange, Condition] {
    const versions = this.#changes.get(position) ?? [];
    const seq = seqOf(position);
    const before = seq === 1 ? [CHAIN_START] : (this.#changes.get(position - 1) ?? []).map(({ hash }) => hash);
    for (const change of versions) {
      const origin = change.origin === null ? undefined : (JSON.parse(change.origin) as Origin);
      const place = { terminal, incarnation: life?.incarnation ?? "", seq, origin, body: change.body };
      if (before.some((prevHash) => linkHash(sha256, { ...place, prevHash }) === change.hash))
        return [change, "intact"];
    }
    const [first] = versions;
    if (first === undefined) throw new Error(`nothing was found at ${position}`);
    const retired = versions.find(({ isRetired }) => isRetired);
    if (retired !== undefined) return [retired, "retired"];
    return [first, before.length === 0 || life === undefined ? "unproven" : "damaged"];
  }
}

const isText = (cell: Cell | undefined): cell is string => typeof cell === "string";
const isHash = (cell: Cell | undefined): cell is Buffer => Buffer.isBuffer(cell) && cell.length === 32;

/** Columns of `journal`; the first is the row's own number. */
function changeOf({ rowid, cells }: StoredRow): FoundChange | undefined {
  const [, hash, kind, localId, version, businessDate, , body, secret = null, origin = null, stub = null] = cells;
  if (cells.length < 10 || !isHash(hash) || !isText(kind) || !isText(localId) || typeof version !== "number")
    return undefined;
  if (!isText(businessDate) || !isText(body) || rowid < positionOf(1, 1)) return undefined;
  const text = (cell: Cell) => (isText(cell) ? cell : null);
  const own = {
    kind,
    localId,
    businessDate,
    body,
    private: text(secret),
    origin: jsonOf(text(origin)),
    isRetired: isText(stub),
  };
  return { position: rowid, hash: hash.toString("hex"), ...own };
}

/** A text that is no JSON any more is damage like any other: the hash will say so. */
function jsonOf(text: string | null): string | null {
  try {
    if (text !== null) JSON.parse(text);
    return text;
  } catch {
    return null;
  }
}

function lifeOf({ rowid, cells }: StoredRow): FoundLife | undefined {
  const [, incarnation, durableThrough, durableHash, , reason] = cells;
  if (rowid < 1 || rowid > 10_000 || !isText(incarnation) || !/^[0-9a-f]{16}$/.test(incarnation)) return undefined;
  if (typeof durableThrough !== "number" || !isHash(durableHash) || !isText(reason)) return undefined;
  return { incarnation, durableThrough };
}

function identityOf({ rowid, cells }: StoredRow): Found["identity"] {
  const [, terminal, shortId, store] = cells;
  if (rowid !== 1 || cells.length !== 4 || !isText(terminal) || !isText(shortId) || !isText(store)) return undefined;
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(terminal) ? { terminal, shortId, store } : undefined;
}
