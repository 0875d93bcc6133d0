/** A backup on this till's disk, on its way. */
export interface BackupFile {
  readonly file: string;
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly takenAt: string;
}

/** How much of a backup is there. */
export interface Standing {
  /** Bytes from its beginning. */
  readonly received: number;
  /** All of it is there, safe from a power cut, and gave its hash. */
  readonly whole: boolean;
}

export interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/**
 * Where backups go. `contract.ts` is the suite that each one passes:
 * - `lookUp` says how much of a backup is there, whatever became of the answers before;
 * - `deliver` takes the piece that begins there; any other changes nothing; both say how much is there then;
 * - `whole` is only said of bytes that were read back and gave their hash; others are thrown away with BACKUP_UNREADABLE;
 * - the newest backups are kept, as many as it was told to keep, and the one that just became whole always.
 */
export interface BackupDestination {
  /** For people. */
  readonly name: string;
  lookUp(backup: BackupFile, signal: AbortSignal): Promise<Standing>;
  deliver(backup: BackupFile, piece: Piece, signal: AbortSignal): Promise<Standing>;
  close(): Promise<void>;
}
