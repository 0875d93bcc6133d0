import { PACES, type Pace, type Profile } from "@tillsync/lanes";
import { currency, parseField, SyncError, shortId, uuid } from "@tillsync/protocol";
import type { Retention } from "./attempt-log.ts";
import type { BesideLane } from "./beside-lane.ts";
import { KEEP_DAYS, type OrdersFeed, type OthersSettings } from "./others.ts";
import type { LocalStore } from "./ports.ts";

/** Failures in a row after which the badge shows, when nobody says otherwise (001). */
export const BADGE_AFTER = 3;

/** Who this terminal is, and how its shop works. */
export interface TerminalSettings {
  /** 004 `deviceId`: a UUID made once. */
  readonly terminal: string;
  /** What people and receipts call it; unique in its store. */
  readonly shortId: string;
  /** Code of the store. */
  readonly store: string;
  /** ISO 4217. */
  readonly currency: string;
  /** IANA name; business dates default to the calendar there. Default UTC. */
  readonly timeZone?: string;
  /** The hour, 0 to 23 on the store's clock, at which the next business date begins. Default 0: at midnight. */
  readonly dayCutoffHour?: number;
  /** Default `continuous`. */
  readonly profile?: Profile;
  /** Overrides the profile's interval, milliseconds. */
  readonly intervalMs?: number;
  /** Changes in one exchange at most; default and ceiling `LIMITS.maxBatchChanges`. */
  readonly maxBatchChanges?: number;
  /** Failures in a row after which `status` raises its badge (001 `MaxRetryAttempts`); nothing stops. Default 3. */
  readonly badgeAfter?: number;
  /** Overrides the profile's slow period, milliseconds. */
  readonly slowMs?: number;
  /** Attempts in a row at a module of reference data before the slow period (003 `maxSyncRetry`); nothing gives up. Default 5. */
  readonly maxSyncRetry?: number;
  /** What this terminal is told of others' orders: all of the store (default), open ones, or nothing. */
  readonly feedOrders?: OrdersFeed;
  /** Days that others' closed orders are kept. Default 35. */
  readonly keepDays?: number;
  /** How much of the history of attempts is kept. */
  readonly retention?: Retention;
  /** Lanes that somebody else runs beside this engine, as people are to see them. It must not throw. */
  readonly besides?: () => readonly BesideLane[];
}

/** @throws SyncError CONFIG_INVALID naming the setting */
export function checkSettings(settings: TerminalSettings): void {
  check("terminal", () => parseField("terminal", uuid, settings.terminal));
  check("shortId", () => parseField("shortId", shortId, settings.shortId));
  check("currency", () => parseField("currency", currency, settings.currency));
  check("timeZone", () => new Intl.DateTimeFormat("en-CA", { timeZone: settings.timeZone ?? "UTC" }));
  const { dayCutoffHour: hour = 0 } = settings;
  if (!Number.isInteger(hour) || hour < 0 || hour > 23) {
    const details = { field: "dayCutoffHour", expected: "a whole hour from 0 to 23", got: String(hour) };
    throw new SyncError("CONFIG_INVALID", `The terminal's settings: dayCutoffHour: ${details.expected}.`, details);
  }
}

function check(field: string, read: () => unknown): void {
  try {
    read();
  } catch (cause) {
    const { message } = cause as Error;
    const details = cause instanceof SyncError ? cause.details : { field };
    throw new SyncError("CONFIG_INVALID", `The terminal's settings: ${message}`, details, cause);
  }
}

/** Writes down whose database this is, or sees that it is the right one. @throws SyncError CONFIG_INVALID */
export function ensureIdentity({ terminal, shortId, store }: TerminalSettings, database: LocalStore): void {
  const kept = database.read.get<{ terminal: string; shortId: string }>(
    "SELECT terminal, short_id AS shortId FROM identity",
  );
  if (kept === undefined) {
    const sql = "INSERT INTO identity (only, terminal, short_id, store) VALUES (1, ?, ?, ?)";
    database.transaction((tx) => tx.run(sql, terminal, shortId, store));
  } else if (kept.terminal !== terminal) {
    const message = `This database belongs to terminal ${kept.terminal}, not to ${terminal}; give each terminal a folder of its own.`;
    throw new SyncError("CONFIG_INVALID", message, { field: "terminal", expected: kept.terminal, got: terminal });
  } else if (kept.shortId !== shortId) {
    // Head office calls it otherwise now. What it printed before stands on its receipts, and in their changes.
    database.transaction((tx) => tx.run("UPDATE identity SET short_id = ?", shortId));
  }
}

export function othersOf({ feedOrders = "store", keepDays = KEEP_DAYS }: TerminalSettings): OthersSettings {
  return { scope: feedOrders, keepDays };
}

export function paceOf(settings: TerminalSettings, profile: Profile): Pace {
  const { intervalMs, slowMs } = PACES[profile];
  return { intervalMs: settings.intervalMs ?? intervalMs, slowMs: settings.slowMs ?? slowMs };
}
