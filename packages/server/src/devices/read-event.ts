import {
  type KeptJson,
  readInventoryEvent,
  readMinor,
  type Sha256,
  type SubmissionFlag,
  withoutBookkeeping,
} from "@tillsync/protocol";
import type { Device } from "../directory/devices.ts";
import type { Submission } from "../ingest/submit.ts";
import { contentOf } from "./read-item.ts";

export interface EventContext {
  readonly device: Device;
  readonly currency: string;
  readonly sha256: Sha256;
  readonly nowMs: number;
}

/**
 * A `PosTransaction` or `InventoryUpdate` of requirement 001 as a document of its own. An `Id` that is a number counts
 * in one till's database only, so the device's short id is put before it.
 *
 * @throws SyncError INVALID_INPUT, TOO_LARGE, naming the field
 */
export function readEvent(
  value: KeptJson,
  field: string,
  context: EventContext,
): { id: string; submission: Submission } {
  const { device, currency, sha256, nowMs } = context;
  const event = readInventoryEvent(value, field);
  const { content } = contentOf(value, field || "(root)", sha256);
  // 001's client counts its attempts in the record itself: sent again, it is the same event all the same.
  const { contentHash } = contentOf(withoutBookkeeping(value), field || "(root)", sha256);
  const flags: SubmissionFlag[] = [];
  const amount = event.totalAmount === undefined ? undefined : readMinor(event.totalAmount, currency);
  if (event.totalAmount !== undefined && amount === undefined) flags.push("TOTAL_UNREADABLE");
  if (amount?.rounded) flags.push("ROUNDED");
  if (event.stockDelta === undefined) flags.push("STOCK_UNREADABLE");
  const { item, type, quantity, unitPrice, stockDelta } = event;
  const payload = {
    device: device.deviceId,
    content,
    contentHash,
    currency,
    totalMinor: amount?.minor,
    type,
    item,
    quantity,
    unitPrice,
    stockDelta,
    flags: flags.length > 0 ? flags : undefined,
  };
  const occurredAt = event.occurredAt ?? new Date(nowMs).toISOString();
  const localId = event.numbered ? `${device.shortId}:${event.id}` : event.id;
  const submission = {
    kind: `${event.entity}.submitted` as const,
    localId,
    version: 1,
    businessDate: occurredAt.slice(0, 10),
    occurredAt,
    payload,
  };
  return { id: event.id, submission };
}
