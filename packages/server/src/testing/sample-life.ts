import { createHash } from "node:crypto";
import {
  CHAIN_START,
  canonicalText,
  type ExchangeRequest,
  type Kind,
  linkHash,
  PROTOCOL_VERSION,
  type Sha256,
  type WireChange,
} from "@tillsync/protocol";

const sha256: Sha256 = (text) => createHash("sha256").update(text, "utf8").digest("hex");

/** Everything a change's body holds besides its payload; what is absent is made up. */
export interface SampleFields {
  readonly localId: string;
  readonly changeId?: string;
  readonly version?: number;
  readonly businessDate?: string;
  readonly occurredAt?: string;
  readonly private?: string;
}

/** A UUIDv7 that is the same for the same name, and another for another. */
export function sampleChangeId(name: string): string {
  const digits = sha256(name);
  return `0198c0de-${digits.slice(0, 4)}-7${digits.slice(4, 7)}-8${digits.slice(7, 10)}-${digits.slice(10, 22)}`;
}

/** The canonical bytes of a change of any kind. */
export function sampleBody(kind: Kind | string, fields: SampleFields, payload: object): string {
  const { localId, changeId = sampleChangeId(`${kind} ${localId}`), version = 1 } = fields;
  const { businessDate = "2026-01-16", occurredAt = "2026-01-16T10:00:00.000Z", private: secret } = fields;
  return canonicalText({ changeId, kind, localId, version, businessDate, occurredAt, payload, private: secret });
}

/** A sale of one line, paid in cash. `more` goes over the payload. */
export function sampleSale(fields: SampleFields, totalMinor: number, more: object = {}): string {
  return sampleBody("order.closed", fields, {
    documentType: "sale",
    receiptNumber: "T01-20260116-00001",
    currency: "KES",
    lines: [{ id: "1", item: "bread", quantity: "1", unitPrice: "1.00", amountMinor: totalMinor }],
    tenders: [{ type: "cash", amountMinor: totalMinor }],
    totalMinor,
    ...more,
  });
}

/** An edit of an open order that adds one line per event id. */
export function sampleEdit(fields: SampleFields, eventIds: readonly string[], more: object = {}): string {
  const line = (id: string) => ({ id, item: "tea", quantity: "1", unitPrice: "2.00", amountMinor: 200 });
  const events = eventIds.map((id) => ({ id, type: "add", line: line(id) }));
  return sampleBody("order.edited", fields, { currency: "KES", events, ...more });
}

/** One life of a till's journal: changes chained as an engine chains them, and the requests that carry them. */
export class SampleLife {
  readonly terminal: string;
  readonly incarnation: string;
  readonly wires: WireChange[] = [];

  constructor(terminal: string, incarnation = "0123456789abcdef") {
    this.terminal = terminal;
    this.incarnation = incarnation;
  }

  /** Appends a change with these bytes. `damaged`: its bytes are not the ones that its hash was made of. */
  add(body: string, more: Omit<WireChange, "body" | "hash"> & { readonly intactBody?: string } = {}): number {
    const { intactBody = body, ...wire } = more;
    const seq = this.wires.length + 1;
    const { terminal, incarnation } = this;
    const link = { terminal, incarnation, seq, prevHash: this.hashAt(seq - 1), origin: wire.origin, body: intactBody };
    this.wires.push({ body, hash: linkHash(sha256, link), ...wire });
    return seq;
  }

  /** Appends `count` sales, each of an order of its own. */
  addSales(count: number, prefix = "o"): void {
    for (let index = 0; index < count; index++) {
      const seq = this.wires.length + 1;
      const receiptNumber = `T01-20260116-${String(seq).padStart(5, "0")}`;
      const localId = `${prefix}-${seq}`;
      const changeId = sampleChangeId(`${this.terminal} ${this.incarnation} ${localId}`);
      this.add(sampleSale({ localId, changeId }, 100 + (seq % 900), { receiptNumber }));
    }
  }

  hashAt(seq: number): string {
    return seq === 0 ? CHAIN_START : (this.wires[seq - 1]?.hash ?? CHAIN_START);
  }

  /** The exchange that carries `fromSeq` to `toSeq`, both included; everything by default. */
  request(fromSeq = 1, toSeq = this.wires.length, more: Partial<ExchangeRequest> = {}): ExchangeRequest {
    return {
      protocolVersion: PROTOCOL_VERSION,
      terminal: this.terminal,
      incarnation: this.incarnation,
      fromSeq,
      prevHash: this.hashAt(fromSeq - 1),
      changes: this.wires.slice(fromSeq - 1, toSeq),
      headSeq: this.wires.length,
      cursor: null,
      ...more,
    };
  }
}
