export { centreDestination } from "./centre.ts";
export type { BackupDestination, BackupFile, Piece, Standing } from "./destination.ts";
export { folderDestination } from "./folder.ts";
export { BackupLane, type BackupLaneOptions, type BackupLaneView, type KeptLane, type LaneClock } from "./lane.ts";
export { BACKUP_NAME, backupName, type Manifest } from "./manifest.ts";
export { digestOf, type Key, type Lock, makeKeyPair, type Packed, packBackup, unpackBackup } from "./pack.ts";
