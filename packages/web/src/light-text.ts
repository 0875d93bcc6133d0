import { count } from "./format.ts";
import { type QueueType, texts } from "./texts.ts";
import type { QueueCount, Status } from "./till-api.ts";

/** The kinds of work that can wait, in the order in which they are shown. */
export const QUEUE_TYPES: readonly QueueType[] = ["CentralSync", "EtimsInvoice", "MpesaVerify", "CloudBackup"];

/** What waits, by type, all four always: a till that says less has nothing of the others. */
export function queueOf(status: Status): readonly (QueueCount & { readonly queueType: QueueType })[] {
  return QUEUE_TYPES.map((queueType) => {
    const told = status.queue?.find((entry) => entry.queueType === queueType);
    if (told !== undefined) return { ...told, queueType };
    const central = queueType === "CentralSync";
    const pending = central ? status.pending : 0;
    return { queueType, pending, failed: central ? status.exceptions : 0, oldestAt: null };
  });
}

/** `Red · 3 to send, 2 eTIMS`: what `/light` says too, in the same words. */
export function lightText(status: Status): string {
  return `${texts.lights[status.light]} · ${waitingText(status)}`;
}

export function waitingText(status: Status): string {
  const parts = queueOf(status)
    .filter(({ pending }) => pending > 0)
    .map(({ queueType, pending }) => texts.waiting[queueType](count(pending)));
  return parts.join(", ") || texts.allSent;
}

/** When head office last answered, milliseconds since 1970; null when it never did. */
export function lastSyncMs(status: Status): number | null {
  const told = status.lanes.find(({ name }) => name === "central")?.lastSuccessAt;
  return told ? Date.parse(told) : status.lastSyncTimestamp;
}
