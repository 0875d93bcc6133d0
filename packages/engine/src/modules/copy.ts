import type { ModuleName, Scope } from "@tillsync/protocol";
import type { Sql } from "../ports.ts";

/** Which copy: a module in one scope. */
export interface CopyName {
  readonly module: ModuleName;
  readonly scope: Scope;
}

/** `snapshot`, then `catch-up` with what changed since it began; or `delta`, what changed since the copy that is read. */
export type Phase = "snapshot" | "catch-up" | "delta";

/** What is being fetched. */
export interface Building {
  readonly phase: Phase;
  readonly generation: number;
  /** Null before the first page has said it. */
  readonly epoch: string | null;
  /** Changes are asked for from here. Null in a snapshot before its first page. */
  readonly since: string | null;
  readonly after: string | null;
  /** What the copy will hold when this is read: so far. */
  readonly rows: number;
  readonly hash: string;
}

/** What the till reads of a module: where it stands at the centre, and which generations hold it. */
export interface Copy extends CopyName {
  readonly base: number | null;
  readonly overlay: number | null;
  readonly epoch: string | null;
  readonly n: number;
  readonly cursor: string | null;
  readonly rows: number;
  readonly hash: string | null;
  /** Wall time, milliseconds. */
  readonly pulledAt: number | null;
  readonly building: Building | null;
  readonly expected: number;
  readonly wrong: number;
}

interface CopyRow extends Omit<Copy, "building"> {
  readonly phase: Phase | null;
  readonly building: number | null;
  readonly buildingEpoch: string | null;
  readonly since: string | null;
  readonly after: string | null;
  readonly buildingRows: number;
  readonly buildingHash: string | null;
}

const COLUMNS = `module, scope, base, overlay, epoch, n, cursor, row_count AS rows, hash, pulled_at AS pulledAt, phase,
  building, building_epoch AS buildingEpoch, since, after, building_rows AS buildingRows, building_hash AS buildingHash,
  expected, wrong`;

export function readCopies(read: Pick<Sql, "all">): Copy[] {
  return read.all<CopyRow>(`SELECT ${COLUMNS} FROM module_copy ORDER BY module, scope`).map(copyOf);
}

/** A copy that was never pulled is one without rows. */
export function readCopy(read: Pick<Sql, "get">, { module, scope }: CopyName): Copy {
  const sql = `SELECT ${COLUMNS} FROM module_copy WHERE module = ? AND scope = ?`;
  const row = read.get<CopyRow>(sql, module, scope);
  return row === undefined ? { ...NO_COPY, module, scope } : copyOf(row);
}

export function writeCopy(tx: Sql, copy: Copy): void {
  const { building: of } = copy;
  tx.run(
    `INSERT OR REPLACE INTO module_copy (module, scope, base, overlay, epoch, n, cursor, row_count, hash, pulled_at, phase,
       building, building_epoch, since, after, building_rows, building_hash, expected, wrong)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[copy.module, copy.scope, copy.base, copy.overlay, copy.epoch, copy.n, copy.cursor, copy.rows, copy.hash],
    ...[copy.pulledAt, of?.phase ?? null, of?.generation ?? null, of?.epoch ?? null, of?.since ?? null],
    ...[of?.after ?? null, of?.rows ?? 0, of?.hash ?? null, copy.expected, copy.wrong],
  );
}

/** How far a pull has come, with the rows that brought it there. */
export function writeProgress(tx: Sql, { module, scope }: CopyName, of: Building): void {
  tx.run(
    `UPDATE module_copy SET phase = ?, building_epoch = ?, since = ?, after = ?, building_rows = ?, building_hash = ?
     WHERE module = ? AND scope = ? AND building = ?`,
    ...[of.phase, of.epoch, of.since, of.after, of.rows, of.hash, module, scope, of.generation],
  );
}

const NO_COPY = {
  base: null,
  overlay: null,
  epoch: null,
  n: 0,
  cursor: null,
  rows: 0,
  hash: null,
  pulledAt: null,
  building: null,
  expected: 0,
  wrong: 0,
} as const;

function copyOf({ building, buildingEpoch, buildingRows, buildingHash, phase, since, after, ...copy }: CopyRow): Copy {
  if (building === null || phase === null || buildingHash === null) return { ...copy, building: null };
  const of = { phase, generation: building, epoch: buildingEpoch, since, after };
  return { ...copy, building: { ...of, rows: buildingRows, hash: buildingHash } };
}
