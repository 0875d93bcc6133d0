import { createHash } from "node:crypto";
import { SyncError } from "@tillsync/protocol";
import type pg from "pg";
import { inScope } from "../db/scope.ts";
import type { Scope } from "../ingest/ports.ts";

/** What the centre takes and keeps of each terminal. */
export interface BackupLimits {
  /** Backups that are whole, the newest. */
  readonly kept: number;
  /** Of one backup. */
  readonly maxBytes: number;
}

export const DEFAULT_BACKUP_LIMITS: BackupLimits = { kept: 7, maxBytes: 512 * 1024 * 1024 };

/** A part of a backup, and what the whole is. */
export interface BackupPiece {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly takenAt: string;
  readonly offset: number;
  readonly piece: Buffer;
}

/** How much of a backup is at the centre. */
export interface BackupStanding {
  readonly received: number;
  readonly whole: boolean;
}

export interface BackupEntry extends BackupStanding {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly takenAt: string;
  readonly wholeAt: string | null;
}

interface Row {
  readonly bytes: string;
  readonly received: string;
  readonly whole_at: Date | null;
}

const PLACE = "org_id = $1 AND store_id = $2 AND terminal = $3";
const THIS = `${PLACE} AND sha256 = decode($4, 'hex')`;

/**
 * Takes the next piece of a backup. One that came before, or comes too early, changes nothing: the answer says how much is
 * here, and the till goes on from there. With the last one the whole is read back and hashed; then older ones go.
 *
 * @throws SyncError TOO_LARGE; NOT_FOUND; BACKUP_UNREADABLE when the whole does not give its hash: it begins anew
 */
export async function takePiece(
  pool: pg.Pool,
  scope: Scope,
  wanted: {
    readonly terminal: string;
    readonly part: BackupPiece;
    readonly limits: BackupLimits;
    readonly nowMs: number;
  },
): Promise<BackupStanding> {
  const { terminal, part, limits, nowMs } = wanted;
  if (part.bytes > limits.maxBytes) throw tooLarge(limits.maxBytes, part.bytes);
  const key = [scope.orgId, scope.storeId, terminal, part.sha256];
  const standing = await inScope(pool, scope, async (client) => {
    const row = await lockedRow(client, key, part, nowMs);
    const received = Number(row.received);
    if (row.whole_at !== null) return { received, whole: true };
    const bytes = Number(row.bytes);
    if (part.offset !== received || part.piece.length === 0) return { received, whole: false };
    if (received + part.piece.length > bytes) throw tooLarge(bytes, received + part.piece.length);
    await client.query(
      `INSERT INTO backup_piece (org_id, store_id, terminal, sha256, at_byte, piece) VALUES ($1, $2, $3, decode($4, 'hex'), $5, $6)`,
      [...key, received, part.piece],
    );
    const now = received + part.piece.length;
    await client.query(`UPDATE backup SET received = $5 WHERE ${THIS}`, [...key, now]);
    if (now < bytes) return { received: now, whole: false };
    return finish(client, key, { bytes, kept: limits.kept, nowMs });
  });
  if (standing !== "different") return standing;
  const message =
    "The pieces of this backup do not give its hash: it was thrown away and has to be sent from its beginning.";
  throw new SyncError("BACKUP_UNREADABLE", message, { field: "sha256", expected: part.sha256 });
}

async function lockedRow(
  client: pg.PoolClient,
  key: readonly unknown[],
  part: BackupPiece,
  nowMs: number,
): Promise<Row> {
  const find = () =>
    client.query<Row>(`SELECT bytes, received, whole_at FROM backup WHERE ${THIS} FOR UPDATE`, [...key]);
  const found = (await find()).rows[0];
  if (found !== undefined) return found;
  // One at a time: what a till began and does not go on with, since it took a newer one, would stay for ever.
  await client.query(`DELETE FROM backup WHERE ${PLACE} AND whole_at IS NULL`, key.slice(0, 3));
  await client.query(
    `INSERT INTO backup (org_id, store_id, terminal, sha256, name, bytes, taken_at, begun_at)
     VALUES ($1, $2, $3, decode($4, 'hex'), $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
    [...key, part.name, part.bytes, part.takenAt, new Date(nowMs)],
  );
  const made = (await find()).rows[0];
  if (made === undefined) throw new Error("the backup is not there after it was begun");
  return made;
}

async function finish(
  client: pg.PoolClient,
  key: readonly unknown[],
  { bytes, kept, nowMs }: { bytes: number; kept: number; nowMs: number },
): Promise<BackupStanding | "different"> {
  const hash = createHash("sha256");
  for await (const piece of piecesOf(client, key)) hash.update(piece);
  if (hash.digest("hex") !== key[3]) {
    await client.query(`DELETE FROM backup WHERE ${THIS}`, [...key]);
    return "different";
  }
  await client.query(`UPDATE backup SET whole_at = $5 WHERE ${THIS}`, [...key, new Date(nowMs)]);
  await client.query(
    `DELETE FROM backup WHERE ${PLACE} AND whole_at IS NOT NULL AND sha256 NOT IN
       (SELECT sha256 FROM backup WHERE ${PLACE} AND whole_at IS NOT NULL ORDER BY taken_at DESC, whole_at DESC LIMIT $4)
       AND sha256 <> decode($5, 'hex')`,
    [...key.slice(0, 3), kept, key[3]],
  );
  return { received: bytes, whole: true };
}

/** The bytes of a backup, a piece at a time. */
async function* piecesOf(client: pg.PoolClient, key: readonly unknown[]): AsyncGenerator<Buffer> {
  for (let after = -1; ; ) {
    const { rows } = await client.query<{ at: string; piece: Buffer }>(
      `SELECT at_byte AS at, piece FROM backup_piece WHERE ${THIS} AND at_byte > $5 ORDER BY at_byte LIMIT 8`,
      [...key, after],
    );
    for (const { piece } of rows) yield piece;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = Number(last.at);
  }
}

/** The backups of a terminal, the newest first. */
export async function listBackups(pool: pg.Pool, scope: Scope, terminal: string): Promise<BackupEntry[]> {
  const { rows } = await inScope(pool, scope, (client) =>
    client.query<{
      name: string;
      bytes: string;
      sha256: string;
      taken_at: Date;
      received: string;
      whole_at: Date | null;
    }>(
      `SELECT name, bytes, encode(sha256, 'hex') AS sha256, taken_at, received, whole_at FROM backup WHERE ${PLACE}
       ORDER BY taken_at DESC, begun_at DESC`,
      [scope.orgId, scope.storeId, terminal],
    ),
  );
  return rows.map(({ name, bytes, sha256, taken_at, received, whole_at }) => ({
    name,
    bytes: Number(bytes),
    sha256,
    takenAt: taken_at.toISOString(),
    received: Number(received),
    whole: whole_at !== null,
    wholeAt: whole_at?.toISOString() ?? null,
  }));
}

/** A piece of a backup that is whole, from a byte on; at most what one piece holds. @throws SyncError NOT_FOUND */
export async function readBackupPiece(
  pool: pg.Pool,
  scope: Scope,
  { terminal, sha256, offset }: { terminal: string; sha256: string; offset: number },
): Promise<{ readonly bytes: number; readonly piece: Buffer }> {
  const key = [scope.orgId, scope.storeId, terminal, sha256];
  const { rows } = await inScope(pool, scope, (client) =>
    client.query<{ bytes: string; piece: Buffer | null }>(
      `SELECT backup.bytes, backup_piece.piece FROM backup JOIN backup_piece
         USING (org_id, store_id, terminal, sha256)
       WHERE ${THIS} AND whole_at IS NOT NULL AND at_byte = $5`,
      [...key, offset],
    ),
  );
  const [row] = rows;
  if (row?.piece) return { bytes: Number(row.bytes), piece: row.piece };
  throw new SyncError(
    "NOT_FOUND",
    "The centre has no whole backup with this hash, or none of its pieces begins there.",
    {
      field: "sha256",
    },
  );
}

function tooLarge(limit: number, got: number): SyncError {
  const message = `A backup may have ${limit} bytes here (Server.MaxBackupBytes); this one has ${got}.`;
  return new SyncError("TOO_LARGE", message, {
    field: "bytes",
    expected: `at most ${limit} bytes`,
    got: String(got),
    limit,
  });
}
