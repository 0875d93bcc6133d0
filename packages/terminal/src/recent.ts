import type { Recorded, Terminal } from "@tillsync/engine";
import { formatMinor } from "@tillsync/protocol";

/** Lines of the status page's list: what fits on a screen. */
const MAX_RECENT = 20;

/** One line of the status page's list, newest first. */
export interface RecentRecord {
  readonly localId: string;
  readonly kind: string;
  readonly seq: number;
  /** When it was recorded, milliseconds since 1970. */
  readonly atMs: number;
  readonly receiptNumber: string | null;
  /** As people write it: `12.50 KES`. */
  readonly total: string | null;
  readonly orderSyncStatus: string | null;
}

/** Remembers the last records of this process, for the status page. The journal remembers all of them. */
export function watchRecent(terminal: Terminal): { list(): RecentRecord[]; stop(): void } {
  const last: Recorded[] = [];
  const stop = terminal.subscribe((event) => {
    if (event.type === "recorded" && last.unshift(event.recorded) > MAX_RECENT) last.pop();
  });
  return { list: () => last.map((recorded) => describe(terminal, recorded)), stop };
}

function describe(terminal: Terminal, recorded: Recorded): RecentRecord {
  const order = recorded.kind.startsWith("order.") ? terminal.order(recorded.localId) : undefined;
  return {
    localId: recorded.localId,
    kind: recorded.kind,
    seq: recorded.seq,
    atMs: timeOf(recorded.changeId),
    receiptNumber: recorded.receiptNumber ?? order?.receiptNumber ?? null,
    total: order ? `${formatMinor(order.totalMinor, order.currency)} ${order.currency}` : null,
    orderSyncStatus: order?.orderSyncStatus ?? null,
  };
}

/** A UUIDv7 begins with 48 bits of milliseconds (RFC 9562 section 5.7). */
function timeOf(changeId: string): number {
  return Number.parseInt(changeId.slice(0, 8) + changeId.slice(9, 13), 16);
}
