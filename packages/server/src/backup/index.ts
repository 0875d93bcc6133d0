export { type BackupFolder, basesIn, findBackupFolder, openBackupFolder, type StoredBackup } from "./backup-folder.ts";
export { type Completed, completedByOperator } from "./completed.ts";
export { reachCluster } from "./reach-cluster.ts";
export { type Restored, restoreServer, type Until } from "./restore-server.ts";
export { type RunningCluster, type TakenBackup, takeBackup } from "./take-backup.ts";
export { WalArchive } from "./wal-archive.ts";
