import { parseAs, SyncError, uuid } from "@tillsync/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type pg from "pg";
import { z } from "zod";
import { type BackupLimits, listBackups, readBackupPiece, takePiece } from "../till-backups/till-backups.ts";
import { callerOf } from "./access.ts";

/** Bytes of a piece at most: a slow link brings one within the time of a request, and memory holds many. */
export const MAX_PIECE_BYTES = 768 * 1024;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "SHA-256 as 64 hex digits");
const size = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

// Exported for the description of the API, which is made of what the routes read with.
export const backupParameters = z.strictObject({ terminal: uuid });
export const pieceParameters = z.strictObject({ terminal: uuid, sha256 });
export const pieceQuery = z.strictObject({
  offset: z
    .string()
    .regex(/^(0|[1-9][0-9]{0,14})$/, "a whole number of bytes")
    .default("0")
    .transform(Number)
    .meta({ type: "integer", minimum: 0, default: 0 }),
});
export const backupBody = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9._-]{1,100}$/, "a file name of letters, digits, dots and hyphens"),
  /** Of the whole. */
  bytes: size.min(1),
  sha256,
  takenAt: z.iso.datetime(),
  /** Where this piece begins. */
  offset: size,
  /** Base64; empty to ask how much is there. */
  piece: z.base64().max(Math.ceil(MAX_PIECE_BYTES / 3) * 4),
});
const noQuery = z.strictObject({});

export interface BackupDoors {
  readonly pool: pg.Pool;
  readonly wallMs: () => number;
  readonly limits: BackupLimits;
}

/** Backups of tills: what tills bring, and what a new machine takes back. The centre cannot read them. */
export function addTillBackupRoutes(app: FastifyInstance, { pool, wallMs, limits }: BackupDoors): void {
  app.put("/api/backups/:terminal", async (request) => {
    parseAs(noQuery, request.query);
    const terminal = ownTerminal(request, parseAs(backupParameters, request.params).terminal);
    const { piece, ...about } = parseAs(backupBody, request.body);
    const part = { ...about, piece: Buffer.from(piece, "base64") };
    const standing = await takePiece(pool, callerOf(request), { terminal, part, limits, nowMs: wallMs() });
    if (standing.whole)
      request.log.info({ terminal, bytes: about.bytes, name: about.name }, "backup of a till is whole");
    return standing;
  });

  app.get("/api/backups/:terminal", async (request) => {
    parseAs(noQuery, request.query);
    const terminal = ownTerminal(request, parseAs(backupParameters, request.params).terminal);
    return { backups: await listBackups(pool, callerOf(request), terminal) };
  });

  app.get("/api/backups/:terminal/:sha256", async (request) => {
    const wanted = parseAs(pieceParameters, request.params);
    const terminal = ownTerminal(request, wanted.terminal);
    const { offset } = parseAs(pieceQuery, request.query);
    const { bytes, piece } = await readBackupPiece(pool, callerOf(request), {
      terminal,
      sha256: wanted.sha256,
      offset,
    });
    const next = offset + piece.length < bytes ? offset + piece.length : null;
    return { bytes, offset, piece: piece.toString("base64"), next };
  });
}

/** A terminal's key is for that terminal, an admin's for those of the store. @throws SyncError NOT_FOUND */
function ownTerminal(request: FastifyRequest, terminal: string): string {
  const caller = callerOf(request);
  if (caller.role === "admin" || caller.terminal === terminal) return terminal;
  throw new SyncError("NOT_FOUND", "The centre keeps nothing of this terminal for this key.");
}
