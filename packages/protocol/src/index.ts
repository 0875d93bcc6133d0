export { type Canonical, canonicalText, MAX_DEPTH, parseCanonical } from "./canonical.ts";
export { CHAIN_START, type Link, linkHash, type Origin, privateHash, privateText, type Sha256 } from "./chain.ts";
export {
  type ChangeBody,
  type Entity,
  type Envelope,
  entityOf,
  envelope,
  isKind,
  type Kind,
  PAYLOADS,
  type PayloadOf,
} from "./change.ts";
export { ERROR_CODES, type ErrorCode, type ErrorDetails, isErrorCode, SyncError, type Who } from "./errors.ts";
export {
  type Effect,
  type ExchangeRequest,
  type ExchangeResponse,
  exchangeRequest,
  exchangeResponse,
  type FeedEntry,
  type Repair,
  type WireChange,
} from "./exchange.ts";
export { businessDate, hash, incarnationId, instant, localId, makeUuidv7, seq, shortId, uuid, uuidv7 } from "./ids.ts";
export { LIMITS } from "./limits.ts";
export { currency, decimal, formatMinor, lineAmountMinor, minor, minorDigits, minorOf } from "./money.ts";
export {
  checkTotals,
  foldEvents,
  type LineEvent,
  lineEvent,
  type OpenOrder,
  type OrderClosed,
  type OrderEdited,
  type OrderLine,
  orderClosed,
  orderLine,
  type Tender,
  tender,
} from "./order.ts";
export { parseAs, parseBody, parseField } from "./parse.ts";
export { formatReceiptNumber, parseReceiptNumber, printedTerminal, type ReceiptNumber } from "./receipt-number.ts";
export { PROTOCOL_FLOOR, PROTOCOL_HISTORY, PROTOCOL_VERSION } from "./version.ts";
