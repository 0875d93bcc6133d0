import { currency, incarnationId, seq, shortId, uuid } from "@tillsync/protocol";
import { z } from "zod";

const digest = z.string().regex(/^[0-9a-f]{64}$/);

/** What a backup says of itself: its first line, encrypted like the rest. */
export const manifest = z.strictObject({
  /** Of this layout. */
  backupVersion: z.literal(1),
  terminal: uuid,
  shortId,
  store: z.string().min(1).max(64),
  currency: currency.optional(),
  /** Wall clock of the till when the copy was whole. */
  takenAt: z.iso.datetime(),
  /** Migrations that the database has seen. */
  schema: z.int().min(0),
  /** Of the database file. */
  bytes: z.int().min(0),
  sha256: digest,
  lives: z.array(
    z.strictObject({
      ordinal: z.int().min(1),
      incarnation: incarnationId,
      headSeq: z.union([seq, z.literal(0)]),
      headHash: digest,
      changes: z.int().min(0),
      durableThrough: z.int().min(0),
    }),
  ),
  /** Rows of the journal that were damaged on the till already. */
  damaged: z.int().min(0),
});

export type Manifest = z.infer<typeof manifest>;

/** `T01-20261130T184500Z.till.age`: names of one till sort by time. */
export function backupName({ shortId, takenAt }: Pick<Manifest, "shortId" | "takenAt">): string {
  return `${shortId}-${takenAt.replace(/[-:]|\.\d+/g, "")}.till.age`;
}

export const BACKUP_NAME = /^[A-Z][A-Z0-9]{0,7}-\d{8}T\d{6}Z\.till\.age$/;
