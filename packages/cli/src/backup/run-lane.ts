import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import {
  BACKUP_NAME,
  type BackupDestination,
  type BackupFile,
  BackupLane,
  type Lock,
} from "@tillsync/connectors/backup";
import { systemClock, systemIds, type Terminal, type TerminalEvent } from "@tillsync/engine";
import { readLaneFile, writeLaneFile } from "./lane-file.ts";
import { takeBackup } from "./take-backup.ts";

/** Backups that stay on the till's own disk: the last one, which costs nothing to keep, and one on its way. */
const KEPT_HERE = 2;

export interface RunLaneOptions {
  readonly terminal: Terminal;
  /** The till's own folder for backups. */
  readonly folder: string;
  readonly lock: Lock;
  readonly destination: BackupDestination;
  readonly everyMs: number;
  readonly slowMs: number;
  readonly onChange?: (() => void) | undefined;
}

/** Runs the lane of a till until it is closed: daily, at shift close, and when the centre answers again. */
export function runBackupLane(options: RunLaneOptions): BackupLane {
  const { terminal, folder, destination, everyMs, slowMs } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lane: BackupLane = new BackupLane({
    clock: systemClock,
    jitter: () => systemIds.jitter(),
    destination,
    everyMs,
    slowMs,
    take: (signal) => takeAndTidy(options, lane, signal),
    read: readPiece,
    kept: readLaneFile(folder),
    keep: (kept) => writeLaneFile(folder, kept),
    pending: () => terminal.status().pending,
    onChange: options.onChange,
  });
  terminal.subscribe((event) => heard(lane, event));
  lane.start();
  return lane;
}

function heard(lane: BackupLane, event: TerminalEvent): void {
  if (event.type === "recorded" && event.recorded.kind === "shift.closed") lane.due();
  const isBack = event.type === "connectivity" && event.connectivity.state === "online" && event.from !== "online";
  if (isBack) lane.nudge();
}

async function takeAndTidy(
  { terminal, folder, lock }: RunLaneOptions,
  lane: BackupLane,
  signal: AbortSignal,
): Promise<BackupFile> {
  const { file, name, bytes, sha256, manifest } = await takeBackup(terminal, {
    folder,
    lock,
    nowMs: systemClock.wallMs(),
    signal,
  });
  const keep = new Set([name, lane.view.waiting?.name]);
  const names = readdirSync(folder)
    .filter((one) => BACKUP_NAME.test(one))
    .sort()
    .reverse();
  for (const old of names.slice(KEPT_HERE)) if (!keep.has(old)) rmSync(join(folder, old), { force: true });
  return { file, name, bytes, sha256, takenAt: manifest.takenAt };
}

async function readPiece({ file }: BackupFile, offset: number, bytes: number): Promise<Uint8Array> {
  const handle = await open(file, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
