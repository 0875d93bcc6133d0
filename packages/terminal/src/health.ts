import type { LaneStatus, TerminalStatus } from "@tillsync/engine";
import type { Connectivity } from "@tillsync/lanes";

/** 001's parts of a till's health. Nothing in it needs a key: no names, no amounts. */
export interface Health {
  /** `stopped` when nothing can be sold; whatever is wrong with head office, a till sells. */
  readonly status: "ok" | "stopped";
  readonly terminal: string;
  readonly database: "ok" | "failed";
  /** State of the lane to head office. */
  readonly central: LaneStatus["state"] | null;
  readonly pending: number;
  readonly parts: {
    readonly database: "up" | "down";
    /** By what exchanges and probes have shown, never by a call of its own: who asks for health must not make traffic. */
    readonly central: Connectivity;
    /** The relay to Kafka runs at the centre, not here. */
    readonly kafka: "disabled";
    /** The disk under the database; `ok` when there is nothing to say. */
    readonly storage: TerminalStatus["storage"]["state"];
    readonly sync: "idle" | "syncing" | "retrying" | "halted" | "stopped";
  };
  /** What is wrong with the disk and what to do; empty when nothing is. */
  readonly storage: string;
  readonly counts: { readonly pending: number; readonly failed: number };
}

export function healthOf(status: TerminalStatus): Health {
  const lane = status.lanes.find(({ name }) => name === "central");
  const up = status.stopped === null;
  return {
    status: up ? "ok" : "stopped",
    terminal: status.shortId,
    database: up ? "ok" : "failed",
    central: lane?.state ?? null,
    pending: status.pending,
    parts: {
      database: up ? "up" : "down",
      central: status.connectivity.find(({ target }) => target === "central")?.state ?? "unknown",
      kafka: "disabled",
      storage: status.storage.state,
      sync: syncOf(status, lane),
    },
    storage: status.storage.message,
    counts: { pending: status.pending, failed: status.queue.reduce((sum, { failed }) => sum + failed, 0) },
  };
}

function syncOf(status: TerminalStatus, lane: LaneStatus | undefined): Health["parts"]["sync"] {
  if (status.stopped) return "stopped";
  if (lane?.halted) return "halted";
  if (lane?.state === "sending") return "syncing";
  return lane?.state === "retrying" ? "retrying" : "idle";
}
