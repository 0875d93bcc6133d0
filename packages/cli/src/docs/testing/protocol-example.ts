import { sha256 } from "@tillsync/engine";
import {
  CHAIN_START,
  canonicalText,
  type ExchangeRequest,
  type ExchangeResponse,
  LIMITS,
  linkHash,
  PROTOCOL_VERSION,
  privateHash,
  privateText,
} from "@tillsync/protocol";

// The example of docs/protocol.md: a till's first shift and its first sale. Nothing in it depends on time or chance.

export const TERMINAL = "0190a5da-c967-774b-8cce-b302099a8057";
const INCARNATION = "00112233445566ff";
const SALT = "0123456789abcdef0123456789abcdef";

const secret = privateText({ phone: "+254700000001" }, SALT);

const shiftOpened = canonicalText({
  changeId: "019bc52c-b480-7001-8cce-b302099a8057",
  kind: "shift.opened",
  localId: "shift-1",
  version: 1,
  shiftId: "shift-1",
  businessDate: "2026-01-16",
  occurredAt: "2026-01-16T05:00:00.000Z",
  payload: { operator: "Amina", currency: "KES" },
});

const orderClosed = canonicalText({
  changeId: "019bc52d-9ee0-7002-8cce-b302099a8057",
  kind: "order.closed",
  localId: "order-1",
  version: 1,
  shiftId: "shift-1",
  businessDate: "2026-01-16",
  occurredAt: "2026-01-16T05:01:00.000Z",
  payload: {
    documentType: "sale",
    receiptNumber: "T01-20260116-00001",
    currency: "KES",
    lines: [{ id: "1", item: "bread", quantity: "2", unitPrice: "60.00", amountMinor: 12_000 }],
    tenders: [
      { type: "cash", amountMinor: 15_000 },
      { type: "cash", amountMinor: -3_000 },
    ],
    totalMinor: 12_000,
  },
  private: privateHash(sha256, secret),
});

function hashInput(seq: number, prevHash: string, body: string): string {
  return `tillsync/change/1\n${TERMINAL}\n${INCARNATION}\n${seq}\n${prevHash}\n\n${body}`;
}

const first = { seq: 1, prevHash: CHAIN_START, body: shiftOpened };
const firstHash = linkHash(sha256, { terminal: TERMINAL, incarnation: INCARNATION, ...first });
const second = { seq: 2, prevHash: firstHash, body: orderClosed };
export const HEAD = linkHash(sha256, { terminal: TERMINAL, incarnation: INCARNATION, ...second });

export const REQUEST: ExchangeRequest = {
  protocolVersion: PROTOCOL_VERSION,
  terminal: TERMINAL,
  incarnation: INCARNATION,
  fromSeq: 1,
  prevHash: CHAIN_START,
  changes: [
    { body: shiftOpened, hash: firstHash },
    { body: orderClosed, hash: HEAD, private: secret },
  ],
  headSeq: 2,
  cursor: null,
};

/** What a centre answers to the request. Its epoch, its clock and the cursor are its own. */
export const ANSWER: ExchangeResponse = {
  protocolVersion: PROTOCOL_VERSION,
  serverEpoch: "2b6f0cc9-04d1-4f07-9d6c-0c2b1a2f3d4e",
  durableThrough: 2,
  chainHash: HEAD,
  backedUpThrough: 0,
  need: [],
  give: [],
  entries: [],
  cursor: "7c9e6679-7425-40de-944b-e07fc1f90ae7.1.0.",
  more: false,
  receiptCounter: { businessDate: "2026-01-16", sequence: 1 },
  serverTimeMs: Date.UTC(2026, 0, 16, 5, 1, 1),
  limits: {
    maxChangeBytes: LIMITS.maxChangeBytes,
    maxBatchChanges: LIMITS.maxBatchChanges,
    maxRequestBytes: LIMITS.maxRequestBytes,
  },
  pacing: { notBeforeMs: 0 },
};

/** What the page has to show, by the name in the comment before each block. */
export const EXAMPLE: Readonly<Record<string, string>> = {
  body: `${shiftOpened}\n`,
  "hash input": `${hashInput(1, CHAIN_START, shiftOpened)}\n`,
  hash: `${sha256(hashInput(1, CHAIN_START, shiftOpened))}\n`,
  "private text": `${secret}\n`,
  "private hash": `${sha256(`tillsync/private/1\n${secret}`)}\n`,
  request: `${JSON.stringify(REQUEST, null, 2)}\n`,
  answer: `${JSON.stringify(ANSWER, null, 2)}\n`,
};

/** Bytes of the worked example's hash input, as the page says in words. */
export const HASH_INPUT_BYTES = Buffer.byteLength(hashInput(1, CHAIN_START, shiftOpened));
