import { mkdirSync } from "node:fs";
import { type BesideLane, openTerminal, type Terminal } from "@tillsync/engine";
import { centralUrl, terminalFile } from "./config/derived.ts";
import type { Values } from "./config/keys.ts";
import { terminalIdentity } from "./terminal-identity.ts";

/** Opens the till of a configuration in this process. @throws SyncError as `openTerminal` does */
export function openConfigured(values: Values, besides?: () => readonly BesideLane[]): Terminal {
  mkdirSync(values["Terminal.DataDir"], { recursive: true });
  const interval = values["Sync.SyncIntervalSeconds"];
  const slow = values["Sync.RetryDelayMinutes"];
  return openTerminal({
    file: terminalFile(values),
    terminal: values["Terminal.Id"] ?? terminalIdentity(values["Terminal.DataDir"]),
    shortId: values["Terminal.ShortId"],
    store: values["Sync.StoreId"],
    currency: values["Terminal.Currency"],
    timeZone: values["Terminal.TimeZone"],
    dayCutoffHour: values["Terminal.DayCutoffHour"],
    profile: values["Sync.Profile"],
    maxBatchChanges: values["Sync.BatchSize"],
    badgeAfter: values["Sync.MaxRetryAttempts"],
    maxSyncRetry: values["Sync.MaxSyncRetry"],
    feedOrders: values["Feed.Orders"],
    keepDays: values["Feed.KeepDays"],
    retention: { attempts: values["Retention.HistoryRows"], days: values["Retention.HistoryDays"] },
    ...(interval === undefined ? {} : { intervalMs: interval * 1000 }),
    ...(slow === undefined ? {} : { slowMs: slow * 60_000 }),
    ...(besides === undefined ? {} : { besides }),
    central: { url: centralUrl(values), key: values["Terminal.Key"] ?? "none" },
  });
}
