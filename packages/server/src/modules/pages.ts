import {
  formatModuleCursor,
  LIMITS,
  type ModuleName,
  type Scope as ModuleScope,
  moduleReset,
  type PageHeader,
  parseModuleCursor,
  SyncError,
} from "@tillsync/protocol";
import type pg from "pg";
import { inScope } from "../db/scope.ts";
import type { Caller } from "../directory/authenticate.ts";
import { type Place, placeOf } from "./place.ts";
import { fits, LIFE_COLUMNS, type StateRow, standingOf } from "./standing.ts";
import { keyOf, type ModuleState, STATE_COLUMNS } from "./state.ts";

/** What a terminal asks for: the whole module in the order of its keys, or what changed since a cursor. */
export interface PageWanted {
  readonly module: ModuleName;
  readonly scope: ModuleScope;
  readonly since?: string | undefined;
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

export interface Page {
  readonly header: PageHeader;
  /** Rows and tombstones, each with a line feed. */
  readonly lines: string;
}

/** Rows of a page at most. Small rows are some 100 bytes, and a page a MiB. */
export const MAX_PAGE_ROWS = 20_000;

/** Rows of a page when nothing is known of their size. */
const FIRST_GUESS = 2000;

/**
 * One statement, so that what the header says is of the moment the rows are of. $1 to $3 the place, $4 rows at most. A page
 * ends with the row that makes it full.
 */
const pageOf = (rows: string, order: string) => `SELECT ${STATE_COLUMNS}, ${LIFE_COLUMNS}, p.*
  FROM server_identity i LEFT JOIN module_state s ON s.org_id = $1 AND s.store_id = $2 AND s.module = $3,
  (SELECT coalesce(string_agg(line, E'\n') FILTER (WHERE before < ${LIMITS.maxPageBytes}), '') AS lines,
      max(n) FILTER (WHERE before < ${LIMITS.maxPageBytes}) AS "lastN",
      count(*) FILTER (WHERE before < ${LIMITS.maxPageBytes}) AS sent, count(*) AS found
    FROM (SELECT n, line, sum(octet_length(line)) OVER (ORDER BY ${order} ROWS UNBOUNDED PRECEDING) - octet_length(line) AS before
      FROM (${rows}) r) sized) p`;

// Exported for the test of their plans.
export const SNAPSHOT = pageOf(
  `SELECT n, id, row_text AS line FROM module_row
    WHERE org_id = $1 AND store_id = $2 AND module = $3 AND row_text IS NOT NULL AND id > $5 ORDER BY id LIMIT $4`,
  "id",
);
export const DELTA = pageOf(
  `SELECT n, id, coalesce(row_text, '{"deleted":true,"id":' || to_json(id) || '}') AS line FROM module_row
    WHERE org_id = $1 AND store_id = $2 AND module = $3 AND (n, id) > ($5, $6) ORDER BY n, id LIMIT $4`,
  "n, id",
);

/**
 * Where the module stands before a page is made: how large its rows are, what hash it had at a cursor's number ($4), and
 * the kind of the terminal that asks ($5, $6).
 */
const STANDING = `SELECT ${STATE_COLUMNS}, ${LIFE_COLUMNS},
    (SELECT encode(c.hash, 'hex') FROM module_commit c
      WHERE c.org_id = $1 AND c.store_id = $2 AND c.module = $3 AND c.n = $4) AS "hashThen",
    (SELECT t.kind FROM terminal t WHERE t.org_id = $1 AND t.store_id = $5 AND t.terminal = $6) AS kind
  FROM server_identity i LEFT JOIN module_state s ON s.org_id = $1 AND s.store_id = $2 AND s.module = $3`;

type Then = StateRow & { readonly hashThen: string | null; readonly kind: string | null };
type PageRow = { lines: string; lastN: number | null; sent: number; found: number };

/**
 * One page of a module, as a terminal of the store may read it, or head office.
 *
 * @throws SyncError FEED_RESET for a cursor of another history; INVALID_INPUT for an `after` that is none; FORBIDDEN for a
 *   module that is not for terminals of this kind; UNAVAILABLE
 */
export async function readPage(
  pool: pg.Pool,
  caller: Caller,
  wanted: PageWanted,
  modulesOf: (kind: string) => readonly ModuleName[],
): Promise<Page> {
  const place = placeOf(caller, wanted.module, wanted.scope);
  const since = wanted.since === undefined ? undefined : parseModuleCursor(wanted.since);
  const from = since === undefined ? [wanted.after ?? ""] : positionOf(wanted.after, since.n);
  return inScope(pool, caller, async (client) => {
    const asked = [since?.n ?? 0, caller.storeId, caller.terminal];
    const { rows: found } = await client.query<Then>(STANDING, [...keyOf(place), ...asked]);
    const { kind = null, hashThen = null } = found[0] ?? {};
    if (kind !== null && !modulesOf(kind).includes(wanted.module)) throw notForKind(wanted.module, kind);
    const before = standingOf(found[0]);
    if (since !== undefined && !fits(since, place, { ...before, hashThen })) throw moduleReset();
    const limit = Math.min(wanted.limit ?? MAX_PAGE_ROWS, rowsOfPage(before));
    const text = since === undefined ? SNAPSHOT : DELTA;
    const { rows } = await client.query<StateRow & PageRow>(text, [...keyOf(place), limit, ...from]);
    const [row] = rows;
    if (row === undefined) throw new Error("a page is one row");
    return pageFrom(wanted, place, row, limit);
  });
}

function notForKind(module: ModuleName, kind: string): SyncError {
  const expected = "a module that the gateway names";
  const message = `Terminals of kind ${kind} do not get ${module}; the gateway says which they get.`;
  return new SyncError("FORBIDDEN", message, { field: "module", expected, got: module });
}

/** So many that a page is full; a few more, because rows differ and the statement knows where to stop. */
function rowsOfPage({ rows, bytes }: ModuleState): number {
  if (rows === 0) return FIRST_GUESS;
  return Math.min(MAX_PAGE_ROWS, Math.ceil((LIMITS.maxPageBytes / (bytes / rows)) * 1.1) + 1);
}

function pageFrom(
  { module, scope, since }: PageWanted,
  { storeId }: Place,
  row: StateRow & PageRow,
  limit: number,
): Page {
  const { epoch, n, rows, hash } = standingOf(row);
  const isLast = row.sent === row.found && row.found < limit;
  const kind = since === undefined ? ("snapshot" as const) : ("delta" as const);
  const cursor = formatModuleCursor({ epoch, storeId, n, hash });
  const next = isLast ? null : kind === "snapshot" ? lastId(row.lines) : `${row.lastN}.${lastId(row.lines)}`;
  const header: PageHeader = { module, scope, kind, epoch, n, rows, hash, cursor, next };
  return { header, lines: row.lines === "" ? "" : `${row.lines}\n` };
}

/** The key of the last line. */
function lastId(lines: string): string {
  const row = JSON.parse(lines.slice(lines.lastIndexOf("\n") + 1)) as { readonly id: string };
  return row.id;
}

/** `after` of a delta: number and key of the last row sent. */
function positionOf(after: string | undefined, sinceN: number): [number, string] {
  // Rows of the cursor's own number were there already: from behind its last key, which no key is behind.
  if (after === undefined) return [sinceN + 1, ""];
  const match = /^([1-9][0-9]{0,14})\.(.*)$/su.exec(after);
  if (match === null)
    throw new SyncError("INVALID_INPUT", "after: what the page before said as `next`; got something else.", {
      field: "after",
      expected: "`next` of the page before",
    });
  return [Number(match[1]), match[2] ?? ""];
}
