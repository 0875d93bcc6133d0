import {
  type ChangeBody,
  foldEvents,
  foldHeader,
  formatMinor,
  type LineEvent,
  type OrderHeader,
  type OrderLine,
  parseBody,
  SyncError,
  type Tender,
} from "@tillsync/protocol";
import type { DocumentState } from "../ingest/ports.ts";

/** A document as it stands, with the change that made it so. */
export interface UpdateRow {
  readonly kind: string;
  readonly localId: string;
  readonly state: DocumentState;
  readonly version: number;
  readonly contentHash: string | null;
  readonly deviceId: string;
  readonly receivedAtMs: number;
  readonly body: Buffer | null;
  /** Line events of an open order. */
  readonly events: readonly unknown[] | null;
  /** Bodies of its edits, in base64. */
  readonly edits: readonly string[] | null;
}

export function isGone(state: DocumentState): boolean {
  return state === "deleted" || state === "voided";
}

/**
 * A document as 004's `SyncableOrder` or `SyncableTransaction`, as JSON text. One that came from a device is given out as
 * it came in, byte for byte in its numbers; one of our own tills is written in the same words.
 */
export function asSyncable(row: UpdateRow): string {
  const body = readable(row.body);
  const what = row.kind.startsWith("transaction.") ? "transaction" : "order";
  const document = body === undefined ? "null" : documentText(body, row);
  const device = body && "device" in body.payload ? body.payload.device : row.deviceId;
  const members = [
    `"${what}":${document}`,
    `"localId":${JSON.stringify(row.localId)}`,
    `"syncStatus":"SYNCED"`,
    `"syncVersion":${row.version}`,
    `"deviceId":${JSON.stringify(device)}`,
    ...(row.contentHash === null ? [] : [`"serverHash":"${row.contentHash}"`]),
    `"syncedAt":${Math.round(row.receivedAtMs)}`,
    ...(isGone(row.state) ? ['"deleted":true'] : []),
  ];
  return `{${members.join(",")}}`;
}

/** Bytes that are missing or cannot be read leave the rest of the row; a person is told of them elsewhere. */
function readable(bytes: Buffer | null): ChangeBody | undefined {
  if (bytes === null) return undefined;
  try {
    return parseBody(bytes.toString("utf8"));
  } catch (error) {
    if (error instanceof SyncError) return undefined;
    throw error;
  }
}

function documentText(body: ChangeBody, row: UpdateRow): string {
  switch (body.kind) {
    case "order.submitted":
    case "transaction.submitted":
      return body.payload.content;
    case "order.closed":
      return closedOrder(body);
    case "order.edited":
      return openOrder(body, (row.events ?? []) as readonly LineEvent[], headerOf(row.edits ?? []));
    case "transaction.recorded":
      return recordedTransaction(body);
    default:
      return "null";
  }
}

/** The header that all edits make together. Bytes that cannot be read say nothing of it. */
function headerOf(edits: readonly string[]): OrderHeader {
  const bodies = edits.map((text) => readable(Buffer.from(text, "base64")));
  return foldHeader(bodies.filter((body) => body?.kind === "order.edited"));
}

/** A JSON object from members that are JSON texts already; `undefined` is left out. */
function object(members: Readonly<Record<string, string | undefined>>): string {
  const texts = Object.entries(members).flatMap(([name, text]) => (text === undefined ? [] : [`"${name}":${text}`]));
  return `{${texts.join(",")}}`;
}

const json = (value: unknown): string | undefined => (value === undefined ? undefined : JSON.stringify(value));

function closedOrder({ localId, businessDate, occurredAt, payload }: ChangeBody & { kind: "order.closed" }): string {
  const { currency, receiptNumber, orderNumber, documentType, totalMinor, lines, tenders } = payload;
  return object({
    id: json(localId),
    orderNumber: json(orderNumber ?? receiptNumber),
    receiptNumber: json(receiptNumber),
    status: '"COMPLETED"',
    type: json(documentType),
    currency: json(currency),
    items: items(lines, currency),
    total: formatMinor(totalMinor, currency),
    payments: `[${tenders.map((tender) => payment(tender, currency)).join(",")}]`,
    customerId: json(payload.customerId),
    originalOrderId: json(payload.original?.localId),
    businessDate: json(businessDate),
    createdAt: String(Date.parse(occurredAt)),
  });
}

function openOrder(
  { localId, businessDate, occurredAt, payload }: ChangeBody & { kind: "order.edited" },
  events: readonly LineEvent[],
  header: OrderHeader,
): string {
  const { lines, totalMinor } = foldEvents(payload.currency, events);
  return object({
    id: json(localId),
    status: '"OPEN"',
    currency: json(payload.currency),
    items: items(lines, payload.currency),
    total: formatMinor(totalMinor, payload.currency),
    label: json(header.label),
    operator: json(header.operator),
    customerId: json(header.customerId),
    covers: json(header.covers),
    businessDate: json(businessDate),
    createdAt: String(Date.parse(occurredAt)),
  });
}

function recordedTransaction({
  localId,
  businessDate,
  occurredAt,
  payload,
}: ChangeBody & { kind: "transaction.recorded" }): string {
  const { type, currency, amountMinor, reference, item, quantity, orderLocalId, reason } = payload;
  return object({
    id: json(localId),
    referenceNumber: json(reference),
    type: json(type),
    currency: json(currency),
    amount: formatMinor(amountMinor, currency),
    orderId: json(orderLocalId),
    productId: json(item),
    quantity,
    notes: json(reason),
    businessDate: json(businessDate),
    createdAt: String(Date.parse(occurredAt)),
  });
}

function items(lines: readonly OrderLine[], currency: string): string {
  const texts = lines.map((line) =>
    object({
      id: json(line.id),
      productId: json(line.item),
      name: json(line.description ?? line.item),
      quantity: line.quantity,
      unitPrice: line.unitPrice,
      total: formatMinor(line.amountMinor, currency),
    }),
  );
  return `[${texts.join(",")}]`;
}

function payment({ type, amountMinor, reference }: Tender, currency: string): string {
  return object({ method: json(type), amount: formatMinor(amountMinor, currency), reference: json(reference) });
}
