import { basename, join } from "node:path";
import { type BackupFile, type BackupLane, centreDestination, folderDestination } from "@tillsync/connectors/backup";
import type { BesideLane, Credential, Terminal } from "@tillsync/engine";
import { PACES } from "@tillsync/lanes";
import type { BackupView, TillBackups } from "@tillsync/terminal";
import { centralUrl } from "../config/derived.ts";
import type { Values } from "../config/keys.ts";
import { besideLane } from "./beside-lane.ts";
import { lockOf } from "./keys.ts";
import { runBackupLane } from "./run-lane.ts";

const HOUR_MS = 60 * 60_000;

/** Where a till keeps its backups until they are sent. */
export function backupFolder(values: Values): string {
  return join(values["Terminal.DataDir"], "backups");
}

/** The lane of a configured till, which begins once the till is there. Without anybody to encrypt for there is none. */
export class ConfiguredBackups implements TillBackups {
  readonly #values: Values;
  readonly #credential: string | Credential;
  #lane: BackupLane | undefined;

  /** @param credential what the till shows to the centre */
  constructor(values: Values, credential: string | Credential) {
    this.#values = values;
    this.#credential = credential;
  }

  get destination(): string {
    return this.#values["Backup.Folder"] ?? "centre";
  }

  /** For the till's settings: what people see of the lane. */
  readonly besides = (): readonly BesideLane[] => (this.#lane === undefined ? [] : [besideLane(this.#lane)]);

  /** @returns undefined when this till takes no backups */
  start(terminal: Terminal): TillBackups | undefined {
    const values = this.#values;
    const lock = lockOf({}, { recipient: values["Backup.Recipient"], passphrase: values["Backup.Passphrase"] });
    if (lock === undefined) return undefined;
    const minutes = values["Sync.RetryDelayMinutes"];
    this.#lane = runBackupLane({
      terminal,
      folder: backupFolder(values),
      lock,
      destination: destinationOf(values, terminal, this.#credential),
      everyMs: values["Backup.EveryHours"] * HOUR_MS,
      slowMs: minutes === undefined ? PACES[values["Sync.Profile"]].slowMs : minutes * 60_000,
    });
    return this;
  }

  list(): BackupView[] {
    const { waiting = null, sent = null } = this.#lane?.view ?? {};
    const here = waiting === null ? [] : [viewOf(waiting)];
    return [
      ...here,
      ...(sent === null ? [] : [{ ...fields(sent), file: null, wholeAt: new Date(sent.wholeAt).toISOString() }]),
    ];
  }

  async take(): Promise<BackupView> {
    if (this.#lane === undefined) throw new Error("a backup was asked of a till that takes none");
    return viewOf(await this.#lane.takeNow());
  }

  async stop(): Promise<void> {
    await this.#lane?.stop();
  }
}

function destinationOf(values: Values, terminal: Terminal, credential: string | Credential) {
  const { terminal: id, shortId } = terminal.status();
  const folder = values["Backup.Folder"];
  if (folder !== undefined)
    return folderDestination({ folder, till: `${shortId}-${id.slice(0, 8)}`, keep: values["Backup.Keep"] });
  const key = typeof credential === "string" ? credential : () => credential.shown("backup");
  return centreDestination({ url: centralUrl(values), key, terminal: id });
}

const fields = ({ name, bytes, sha256, takenAt }: Omit<BackupFile, "file">) => ({ name, bytes, sha256, takenAt });

function viewOf(backup: BackupFile): BackupView {
  return { ...fields(backup), name: basename(backup.file), file: backup.file, wholeAt: null };
}
