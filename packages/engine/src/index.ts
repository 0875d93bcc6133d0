export type { Observation } from "@tillsync/lanes";
export type { Attempt } from "./attempt.ts";
export { KEPT_ATTEMPTS, KEPT_DAYS, type Retention } from "./attempt-log.ts";
export type { BesideLane } from "./beside-lane.ts";
export { type Credential, fixedKey, showing } from "./credential.ts";
export { type History, type HistoryEntry, type HistoryPage, MAX_HISTORY_PAGE } from "./history.ts";
export {
  type ChangeDraft,
  type Head,
  Journal,
  type JournalRow,
  type Life,
  ordinalOf,
  positionOf,
  seqOf,
} from "./journal.ts";
export type { KindCounts } from "./kind-tally.ts";
export { linesOf } from "./lines.ts";
export { type ItemPrice, type ItemQuestion, type Items, type ItemView, MAX_ITEMS } from "./modules/items.ts";
export type { ModuleStatus, ModulesStatus, ModulesSummary } from "./modules/status.ts";
export { openTerminal, type TerminalOptions } from "./open.ts";
export { clockOffsetBehind, writtenBy } from "./order-header.ts";
export { KEEP_DAYS, type OrdersFeed, type OtherRow } from "./others.ts";
export type { OwnRows } from "./own-rows.ts";
export type {
  Clock,
  FetchRequest,
  Ids,
  Lines,
  LocalStore,
  Ports,
  Probe,
  Room,
  Sql,
  SqlValue,
  Transport,
  Witness,
  Witnessed,
} from "./ports.ts";
export { MAX_QUEUE_PAGE, type QueueFilter, type QueuePage } from "./queue.ts";
export {
  parseQueueId,
  QUEUE_STATUSES,
  QUEUE_TYPES,
  type QueueCount,
  type QueueItem,
  type QueuePlace,
  type QueueStatus,
  type QueueType,
  queueIdOf,
} from "./queue-item.ts";
export type { CustomerDraft } from "./records/customers.ts";
export {
  type CustomerQuestion,
  type CustomerView,
  type LookUp,
  MAX_CUSTOMERS,
  type OfferQuestion,
  type RowView,
} from "./records/look-up.ts";
export { KEEP_WHOLE_DAYS, type Retired } from "./retirement/retirement.ts";
export type { Stub } from "./retirement/stub.ts";
export type { TerminalSettings } from "./settings.ts";
export type { ShiftSettlement } from "./settlement.ts";
export { checkSnapshot, type Snapshot } from "./snapshot.ts";
export { STORAGE_OK, type StorageState, type StorageStatus } from "./storage-status.ts";
export { systemClock } from "./system/clock.ts";
export { readAnswer } from "./system/http-answer.ts";
export { httpProbe, judge } from "./system/http-probe.ts";
export { type HttpTransportOptions, httpTransport } from "./system/http-transport.ts";
export { systemIds } from "./system/ids.ts";
export { type MachineCredential, machineCredential } from "./system/machine-credential.ts";
export {
  ensureMachineKey,
  GRANT_FILE,
  grantSays,
  KEY_FILE,
  keepGrantText,
  type MachineKey,
  readGrantText,
  readMachineKey,
} from "./system/machine-key.ts";
export { markRestored } from "./system/restored-witness.ts";
export { sha256 } from "./system/sha256.ts";
export { openWitness } from "./system/witness-file.ts";
export { startTerminal } from "./terminal.ts";
export { refuseUnsettled, sayUnsettled, type Unsettled, unsettledOf } from "./unsettled.ts";
export type {
  CashMove,
  ClosedShift,
  ConnectivityStatus,
  CountedTender,
  ExplainStep,
  Explanation,
  InventoryDraft,
  LaneStatus,
  LineDraft,
  OrderDraft,
  OrderEdit,
  OrderView,
  ParkedChange,
  Payment,
  ReceiptGap,
  ReceiptSeries,
  Recorded,
  RowsToRepair,
  Shift,
  ShiftClosing,
  ShiftOpening,
  ShiftPart,
  ShiftReport,
  ShiftSummary,
  Stall,
  SyncResult,
  Terminal,
  TerminalEvent,
  TerminalStatus,
  TerminalTransaction,
  TransactionDraft,
} from "./verbs.ts";
export { type Folded as OrderState, foldOrder, headerEditsOf } from "./view.ts";
