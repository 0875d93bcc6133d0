import type { QueueCount, QueueItem, QueueType } from "./queue-item.ts";
import type { LaneStatus } from "./verbs.ts";

/** A lane that runs beside the engine, on a store of its own, as status and queue show it. */
export interface BesideLane {
  readonly queueType: Exclude<QueueType, "CentralSync">;
  readonly status: LaneStatus;
  /** The oldest change that it still needs the bytes of: nothing from there on is retired. Absent when it needs none. */
  readonly needsFrom?: { readonly incarnation: string; readonly seq: number };
  readonly count: QueueCount;
  readonly items: readonly QueueItem[];
}
