export { type Amount, AmountSums, MAX_AMOUNTS, OTHER_TENDERS, plusMinor } from "./amounts.ts";
export { type Canonical, canonicalText, MAX_DEPTH, parseCanonical } from "./canonical.ts";
export { CASH, CASH_MOVES, type CashMoveType, cashDirection, NO_TENDER } from "./cash.ts";
export { CHAIN_START, type Link, linkHash, type Origin, privateHash, privateText, type Sha256 } from "./chain.ts";
export { ChainCheck, type Flaw, type FoundRow } from "./chain-check.ts";
export { type Gift, type Healing, heal } from "./chain-heal.ts";
export {
  CENTRAL_KINDS,
  type ChangeBody,
  type Entity,
  type Envelope,
  entityOf,
  envelope,
  exceptionId,
  isKind,
  type Kind,
  PAYLOADS,
  type PayloadOf,
} from "./change.ts";
export { ERROR_CODES, type ErrorCode, type ErrorDetails, isErrorCode, SyncError, type Who } from "./errors.ts";
export {
  type ChainPlace,
  type Comparison,
  type Effect,
  type ExchangeRequest,
  type ExchangeResponse,
  exchangeRequest,
  exchangeResponse,
  type FeedEntry,
  type FeedScope,
  type Missing,
  missing,
  type Repair,
  type Settlement,
  type WireChange,
} from "./exchange.ts";
export {
  ASSERTION_SECONDS,
  type AssertionClaims,
  assertionClaims,
  type GrantClaims,
  grantClaims,
  publicKey,
  SIGNED_TYPES,
  TOKEN_SECONDS,
  type TokenAnswer,
  type TokenRequest,
  thumbprint,
  thumbprintText,
  tokenAnswer,
  tokenRequest,
} from "./identity.ts";
export {
  businessDate,
  CENTRAL_LIFE,
  changeId,
  hash,
  incarnationId,
  instant,
  localId,
  makeUuidv7,
  seq,
  shortId,
  uuid,
  uuidFromHash,
  uuidv7,
} from "./ids.ts";
export { type InventoryEvent, readInstant, readInventoryEvent, withoutBookkeeping } from "./inventory-event.ts";
export { type ScanOptions, scanJson } from "./json/scan.ts";
export { LIMITS } from "./limits.ts";
export { type ReadChange, type Stretch, StretchSums, sameContent } from "./manifest.ts";
export { minorDigits } from "./minor-digits.ts";
export {
  BARCODE_FLAGS,
  type BarcodeFlag,
  checkDigit,
  EMPTY_MODULE_HASH,
  formatHave,
  formatModuleCursor,
  type GatewayAnswer,
  type GatewayModule,
  gatewayAnswer,
  gatewayModule,
  type Have,
  isModule,
  isTombstone,
  MODULE_ORDER,
  MODULES,
  type Module,
  ModuleHash,
  type ModuleName,
  type ModulePosition,
  moduleCursor,
  moduleReset,
  type PageHeader,
  pageHeader,
  parseHave,
  parseModuleCursor,
  pullOrder,
  type ReadBarcode,
  type RowChange,
  type RowOf,
  type RowText,
  readGtin,
  readRow,
  readRowChange,
  rowHash,
  rowId,
  SCOPES,
  type Scope,
  tombstoneText,
} from "./modules/index.ts";
export {
  currency,
  decimal,
  formatMinor,
  lineAmountMinor,
  minor,
  minorOf,
  multiplyDecimals,
  readDecimal,
  readMinor,
  subtractDecimals,
} from "./money.ts";
export {
  isKeptObject,
  isWellFormedJson,
  type KeptJson,
  keptText,
  NumberText,
  parseKeepingNumbers,
  plainJson,
} from "./number-text.ts";
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
export {
  foldHeader,
  HEADER_FIELDS,
  type HeaderEdit,
  headerWrittenMs,
  MAX_CLOCK_OFFSET_MS,
  type OrderHeader,
} from "./order-header.ts";
export { parseAs, parseBody, parseField } from "./parse.ts";
export { ERASED, fitsPrivate, type PrivatePart, privatePart, wantedPrivate } from "./private-part.ts";
export {
  bytesHash,
  RANGE_CHANGES,
  type RangeDigest,
  type RangeFacts,
  rangeDigest,
  rangeLine,
  rangesOf,
  runsOf,
} from "./range-digest.ts";
export { formatReceiptNumber, parseReceiptNumber, printedTerminal, type ReceiptNumber } from "./receipt-number.ts";
export {
  type CustomerEdited,
  customerPrivate,
  MAX_EDIT_FIELDS,
  readCustomerEdit,
  recordField,
} from "./records/customer.ts";
export {
  DELETED,
  type FieldValue,
  isSame,
  type Loss,
  MERGE_POLICIES,
  type MergePolicy,
  mergeEdit,
  NO_RECORD,
  type RecordEdit,
  type SharedRecord,
  visible,
  type Written,
} from "./records/merge.ts";
export { compareStamps, effectiveAtMs, offsetBehind, type Stamp } from "./records/stamp.ts";
export type { SubmissionFlag, Submitted } from "./submitted.ts";
export { isToldWhole, toldCheck } from "./told-check.ts";
export {
  isOlder,
  PROTOCOL_FLOOR,
  PROTOCOL_HISTORY,
  PROTOCOL_VERSION,
  RELEASE,
  RELEASE_FORM,
  RELEASE_HEADER,
} from "./version.ts";
