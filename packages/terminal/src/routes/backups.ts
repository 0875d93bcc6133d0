import { SyncError } from "@tillsync/protocol";
import type { FastifyInstance } from "fastify";
import { readInput } from "../input.ts";
import { nothing } from "../schemas.ts";

/** A backup of this till, as people and programs are told of it. */
export interface BackupView {
  readonly name: string;
  /** On this machine; null once only its destination has it. */
  readonly file: string | null;
  readonly bytes: number;
  readonly sha256: string;
  readonly takenAt: string;
  /** When the destination had all of it. */
  readonly wholeAt: string | null;
}

/** What runs the till's backups beside it. */
export interface TillBackups {
  /** Where they go, for people. */
  readonly destination: string;
  list(): readonly BackupView[];
  /** Takes one now; resolves when it is on this disk. Sending it is the lane's business. */
  take(): Promise<BackupView>;
}

/** Backups of this till. Which file they become is the till's own choice: a caller names no path. */
export function backupRoutes(app: FastifyInstance, backups: TillBackups | undefined): void {
  app.get("/api/backups", (_request, reply) =>
    reply.send({ destination: backups?.destination ?? null, backups: backups?.list() ?? [] }),
  );

  app.post("/api/backups", async (request) => {
    readInput(nothing, request.body);
    if (backups !== undefined) return backups.take();
    const facts = { field: "Backup.Recipient", expected: "a public key from tillsync backup --make-key" };
    throw new SyncError("NOT_SET_UP", "This till has nobody to encrypt backups for: set Backup.Recipient.", facts);
  });
}
