import type { TerminalStatus } from "@tillsync/engine";

/** What the embedded light shows: a colour, what waits by type, and when head office last answered. */
export interface LightState {
  readonly light: TerminalStatus["light"];
  /** Changes that head office lacks. */
  readonly pending: number;
  /** What waits, by type, without those of which nothing does. */
  readonly waiting: Readonly<Record<string, number>>;
  /** ISO 8601; null before the first time. */
  readonly lastSyncAt: string | null;
}

interface WithQueue {
  readonly queue?: readonly { readonly queueType: string; readonly pending: number }[];
}

/** No names, no amounts and no messages: everybody may see it. */
export function lightOf(status: TerminalStatus & WithQueue): LightState {
  const { light, pending, lastSyncTimestamp: lastMs } = status;
  const queue = status.queue ?? [{ queueType: "CentralSync", pending }];
  const waiting = queue.filter((entry) => entry.pending > 0).map((entry) => [entry.queueType, entry.pending] as const);
  const lastSyncAt = lastMs === null ? null : new Date(lastMs).toISOString();
  return { light, pending, waiting: Object.fromEntries(waiting), lastSyncAt };
}
