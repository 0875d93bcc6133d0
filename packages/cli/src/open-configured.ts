import { mkdirSync } from "node:fs";
import { type BesideLane, type Credential, openTerminal, type Terminal } from "@tillsync/engine";
import { centralUrl, terminalFile } from "./config/derived.ts";
import type { Values } from "./config/keys.ts";
import { credentialOf, identityOf } from "./machine.ts";

export interface Opening {
  /** What the till shows to the centre; that of the configuration when absent. */
  readonly key?: string | Credential;
  /** What runs beside the till and is seen in its queue. */
  readonly besides?: () => readonly BesideLane[];
}

/**
 * Opens the till of a configuration in this process. Who it is, its grant says where it was enrolled with a key of its own.
 *
 * @throws SyncError as `openTerminal` does
 */
export function openConfigured(values: Values, { key = credentialOf(values), besides }: Opening = {}): Terminal {
  mkdirSync(values["Terminal.DataDir"], { recursive: true });
  const { terminal, shortId, store, currency } = identityOf(values);
  const interval = values["Sync.SyncIntervalSeconds"];
  const slow = values["Sync.RetryDelayMinutes"];
  return openTerminal({
    file: terminalFile(values),
    ...{ terminal, shortId, store, currency },
    timeZone: values["Terminal.TimeZone"],
    dayCutoffHour: values["Terminal.DayCutoffHour"],
    profile: values["Sync.Profile"],
    maxBatchChanges: values["Sync.BatchSize"],
    badgeAfter: values["Sync.MaxRetryAttempts"],
    maxSyncRetry: values["Sync.MaxSyncRetry"],
    feedOrders: values["Feed.Orders"],
    keepDays: values["Feed.KeepDays"],
    retention: {
      attempts: values["Retention.HistoryRows"],
      days: values["Retention.HistoryDays"],
      journalDays: values["Retention.JournalDays"],
    },
    ...(interval === undefined ? {} : { intervalMs: interval * 1000 }),
    ...(slow === undefined ? {} : { slowMs: slow * 60_000 }),
    ...(besides === undefined ? {} : { besides }),
    central: { url: centralUrl(values), key },
  });
}
