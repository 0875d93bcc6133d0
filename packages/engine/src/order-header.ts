import {
  HEADER_FIELDS,
  type HeaderEdit,
  headerWrittenMs,
  MAX_CLOCK_OFFSET_MS,
  type OrderEdited,
  type OrderHeader,
  offsetBehind,
} from "@tillsync/protocol";
import { othersOf } from "./others.ts";
import type { Recording } from "./recording.ts";
import { clockOffsetMs } from "./records/edits.ts";
import type { OrderEdit } from "./verbs.ts";
import { headerEditsOf } from "./view.ts";

type Part = Pick<OrderEdited, "header" | "clockOffsetMs">;

interface Made {
  /** The header that the author of the edit sees. */
  readonly shown: OrderHeader;
  readonly hasEvents: boolean;
  readonly occurredAt: string;
}

/** What an edit writes of the header, and with which correction of this till's clock. */
export function headerOf(recording: Recording, edit: OrderEdit, { shown, hasEvents, occurredAt }: Made): Part {
  const header = writtenBy(edit, shown, hasEvents);
  if (header === undefined) return {};
  const { desk, tx } = recording;
  const known = headerEditsOf([...desk.journal.ofEntity(edit.localId), ...othersOf(tx, edit.localId)]);
  return { header, ...clockOffsetBehind(known, occurredAt, clockOffsetMs(tx)) };
}

/**
 * Only what differs from what is shown: a field that a point of sale sends along unchanged must not undo what another
 * terminal writes meanwhile. Who made an edit is written with it, though it was the same person before.
 */
export function writtenBy(edit: OrderEdit, shown: OrderHeader, hasEvents: boolean): Part["header"] {
  const given = HEADER_FIELDS.filter((field) => edit[field] !== undefined);
  const changed = given.filter((field) => (edit[field] ?? null) !== (shown[field] ?? null));
  const isWritten = changed.length > 0 || (hasEvents && given.includes("operator"));
  if (!isWritten) return undefined;
  const fields = given.filter((field) => field === "operator" || changed.includes(field));
  return Object.fromEntries(fields.map((field) => [field, edit[field]]));
}

/** As measured, and more where the edit would not come behind every header that this till knows of the order. */
export function clockOffsetBehind(
  known: readonly HeaderEdit[],
  occurredAt: string,
  measuredMs: number | undefined,
): Pick<Part, "clockOffsetMs"> {
  const own = { occurredAtMs: Date.parse(occurredAt), clockOffsetMs: measuredMs };
  const offsetMs = offsetBehind(headerWrittenMs(known), own);
  if (offsetMs === undefined || offsetMs === 0) return {};
  return { clockOffsetMs: Math.max(-MAX_CLOCK_OFFSET_MS, Math.min(offsetMs, MAX_CLOCK_OFFSET_MS)) };
}
