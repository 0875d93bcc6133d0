import { texts } from "./texts.ts";

/** What of a till's answers the page shows. Fields that an older till does not have are optional. */
export interface Why {
  readonly code: string;
  readonly message: string;
}

export type Light = "green" | "yellow" | "red";

export interface Lane {
  readonly name: string;
  readonly state: "pending" | "sending" | "retrying" | "parked" | "settled";
  readonly pending: number;
  readonly failures: number;
  readonly lastSuccessAt: string | null;
  readonly nextAttemptAt: string | null;
  readonly lastError: Why | null;
  readonly halted: Why | null;
}

export interface QueueCount {
  readonly queueType: string;
  readonly pending: number;
  readonly failed: number;
  readonly oldestAt: string | null;
}

export interface OpenShift {
  readonly localId: string;
  readonly operator: string;
  readonly businessDate: string;
  readonly openedAt: string;
}

export interface Status {
  readonly shortId: string;
  readonly store: string;
  readonly currency: string;
  /** IANA name of the store's time zone. */
  readonly timeZone?: string;
  readonly light: Light;
  readonly text: string;
  /** Which life of the till's database this is, from 1 on. */
  readonly incarnationOrdinal: number;
  /** Why that life followed another one; null in the first. */
  readonly reborn: { readonly reason: string } | null;
  readonly headSeq: number;
  readonly durableThrough: number;
  readonly pending: number;
  readonly exceptions: number;
  readonly lastSyncTimestamp: number | null;
  readonly shift: OpenShift | null;
  readonly lanes: readonly Lane[];
  readonly stopped: Why | null;
  readonly queue?: readonly QueueCount[];
  readonly connectivity?: readonly { readonly target: string; readonly state: string; readonly since: string | null }[];
}

export interface QueueItem {
  readonly id: string;
  readonly queueType: string;
  readonly entityType: string;
  readonly entityId: string;
  readonly status: "Pending" | "Processing" | "Completed" | "Failed";
  readonly retryCount: number;
  readonly lastError: string | null;
  readonly createdAt: string;
  readonly nextAttemptTime: string | null;
  readonly kind: string;
  readonly receiptNumber: string | null;
}

export interface ConflictSide {
  readonly shortId?: string | null;
  readonly seq: number;
}

/** A version that does not stand. Its id is a number at head office, a text where only the till knows of it. */
export interface Conflict {
  readonly id: number | string;
  readonly entityType: string;
  readonly entityId: string;
  readonly resolution: string;
  readonly createdAt: string;
  readonly message?: string | null;
  readonly local: ConflictSide | null;
  readonly remote: ConflictSide | null;
}

export interface ConflictPage {
  readonly source: "head-office" | "till";
  readonly conflicts: readonly Conflict[];
  readonly next: number | null;
}

export interface BothSides extends Conflict {
  readonly localData: Readonly<Record<string, unknown>> | null;
  readonly remoteData: Readonly<Record<string, unknown>> | null;
}

export interface Attempt {
  readonly id: string | number;
  readonly at: string;
  readonly lane: string;
  readonly attemptNumber: number;
  readonly errorMessage: string | null;
  readonly code: string | null;
  readonly shouldRetry: boolean;
  readonly durationMs: number;
  readonly sent: number;
  readonly correlationId: string;
  readonly outcome: "ok" | "failed";
}

export interface Money {
  readonly currency: string;
  readonly tender?: string;
  readonly amountMinor: number;
}

export interface ShiftRow {
  readonly localId: string;
  readonly operator: string;
  readonly businessDate: string;
  readonly openedAt: string;
  readonly closedAt: string | null;
  readonly changes: number;
  readonly totals: readonly Money[];
  readonly overShort?: readonly Money[];
  readonly settlement?: {
    readonly state: "open" | "waiting" | "settled" | "settled-with-exceptions" | "different";
    readonly at: string | null;
    readonly exceptions: number;
    readonly differences: number;
  };
}

export interface RecentRecord {
  readonly localId: string;
  readonly kind: string;
  readonly seq: number;
  readonly atMs: number;
  readonly receiptNumber: string | null;
  readonly total: string | null;
  readonly orderSyncStatus: string | null;
}

export interface SyncResult {
  readonly sent: number;
  readonly left: number;
  readonly reason: Why | null;
}

export interface Explanation {
  readonly where: string;
  readonly steps: readonly { readonly at: string | null; readonly what: string }[];
}

/** What came back: the data, or what to say instead. `missing` when this till has no such route. */
export type Answer<T> =
  | { readonly ok: true; readonly data: T }
  | { readonly ok: false; readonly message: string; readonly missing: boolean; readonly wantsKey: boolean };

const KEY_NAME = "tillsync-key";

/** Kept for this tab only: the next person at this machine has to know it too. */
export function keepKey(key: string): void {
  sessionStorage.setItem(KEY_NAME, key);
}

export function keyHeaders(): Record<string, string> {
  const key = sessionStorage.getItem(KEY_NAME);
  return key === null ? {} : { authorization: `Bearer ${key}` };
}

/** What a till reads of itself it answers at once; one that takes longer than this hangs. */
const READ_WITHIN_MS = 10_000;

export function get<T>(path: string, signal?: AbortSignal): Promise<Answer<T>> {
  return call(path, { signal: signal ?? AbortSignal.timeout(READ_WITHIN_MS) });
}

export function post<T>(path: string, body: object = {}): Promise<Answer<T>> {
  const headers = { "content-type": "application/json" };
  return call(path, { method: "POST", body: JSON.stringify(body), headers });
}

/** Never throws: a page that cannot reach the till says so where the answer would stand. */
async function call<T>(path: string, options: RequestInit): Promise<Answer<T>> {
  try {
    const response = await fetch(path, { ...options, headers: { ...keyHeaders(), ...options.headers } });
    const body: unknown = await response.json();
    if (response.ok) return { ok: true, data: body as T };
    const { error } = body as { error?: Partial<Why> };
    return {
      ok: false,
      message: error?.message ?? texts.refused(response.status),
      missing: response.status === 404,
      wantsKey: response.status === 401,
    };
  } catch {
    return { ok: false, message: texts.noAnswer, missing: false, wantsKey: false };
  }
}
