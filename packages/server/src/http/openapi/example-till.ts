import {
  CHAIN_START,
  canonicalText,
  type ExchangeRequest,
  linkHash,
  PROTOCOL_VERSION,
  type WireChange,
} from "@tillsync/protocol";
import { sha256 } from "../../ledger/sha256.ts";

// A till's first shift, sales and cash taken out, for the examples. Nothing in it depends on time or chance.

export const TERMINAL = "0190a5da-c967-774b-8cce-b302099a8057";
export const INCARNATION = "00112233445566ff";

function sale(number: number, quantity: number): string {
  const totalMinor = quantity * 6_000;
  return canonicalText({
    changeId: `019bc52d-9ee0-700${number}-8cce-b302099a8057`,
    kind: "order.closed",
    localId: `till-order-${number}`,
    version: 1,
    shiftId: "shift-1",
    businessDate: "2026-01-16",
    occurredAt: `2026-01-16T05:0${number}:00.000Z`,
    payload: {
      documentType: "sale",
      receiptNumber: `T01-20260116-0000${number}`,
      currency: "KES",
      lines: [{ id: "1", item: "bread", quantity: String(quantity), unitPrice: "60.00", amountMinor: totalMinor }],
      tenders: [{ type: "cash", amountMinor: totalMinor }],
      totalMinor,
    },
  });
}

const shiftOpened = canonicalText({
  changeId: "019bc52c-b480-7000-8cce-b302099a8057",
  kind: "shift.opened",
  localId: "shift-1",
  version: 1,
  shiftId: "shift-1",
  businessDate: "2026-01-16",
  occurredAt: "2026-01-16T05:00:00.000Z",
  payload: { operator: "Amina", currency: "KES" },
});

const cashOut = canonicalText({
  changeId: "019bc52d-9ee0-7009-8cce-b302099a8057",
  kind: "transaction.recorded",
  localId: "till-transaction-1",
  version: 1,
  shiftId: "shift-1",
  businessDate: "2026-01-16",
  occurredAt: "2026-01-16T05:01:30.000Z",
  payload: { type: "cash-out", currency: "KES", amountMinor: -2_000, reason: "milk" },
});

/** The changes with these bodies, chained behind `prevHash` from `fromSeq` on. */
function chained(bodies: readonly string[], fromSeq: number, prevHash: string): WireChange[] {
  const wires: WireChange[] = [];
  for (const [index, body] of bodies.entries()) {
    const before = wires.at(-1)?.hash ?? prevHash;
    const link = { terminal: TERMINAL, incarnation: INCARNATION, seq: fromSeq + index, prevHash: before, body };
    wires.push({ body, hash: linkHash(sha256, link) });
  }
  return wires;
}

function request(fromSeq: number, prevHash: string, changes: readonly WireChange[]): ExchangeRequest {
  const headSeq = fromSeq + changes.length - 1;
  const life = { protocolVersion: PROTOCOL_VERSION, terminal: TERMINAL, incarnation: INCARNATION };
  return { ...life, fromSeq, prevHash, changes: [...changes], headSeq, cursor: null };
}

const first = chained([shiftOpened, sale(1, 2), cashOut], 1, CHAIN_START);
const head = first.at(-1)?.hash ?? CHAIN_START;

/** A shift, a sale and cash taken out. */
export const FIRST_BATCH = request(1, CHAIN_START, first);
/** Nothing to say: the till only asks for news. */
export const NOTHING_NEW: ExchangeRequest = { ...request(4, head, []) };
/** Changes behind one that the centre lacks. */
export const GAP = request(9, head, chained([sale(2, 1)], 9, head));
/** Another sale in the place of the first: the till's database was copied. */
export const FORK = request(2, first[0]?.hash ?? "", chained([sale(3, 5)], 2, first[0]?.hash ?? ""));
/** Bytes that do not give the hash that came with them. */
export const BROKEN: ExchangeRequest = request(4, head, [{ body: sale(2, 1), hash: "0".repeat(64) }]);
