import type {
  HistoryEntry,
  ItemView,
  ModulesStatus,
  OrderView,
  QueueItem,
  Recorded,
  ShiftReport,
  TerminalStatus,
} from "@tillsync/engine";

export const HASH = "ab".repeat(32);

/** A till with three changes to send and a head office that does not answer. */
export const STATUS: TerminalStatus = {
  terminal: "01890a5d-ac96-774b-bcce-b302099a8057",
  shortId: "T01",
  store: "main",
  currency: "KES",
  timeZone: "Africa/Nairobi",
  incarnation: "00000000000000aa",
  incarnationOrdinal: 1,
  reborn: null,
  syncState: "Error",
  light: "red",
  text: "3 changes wait for head office.",
  headSeq: 3,
  durableThrough: 0,
  pending: 3,
  exceptions: 0,
  pendingOrders: 1,
  syncedOrders: 0,
  failedOrders: 0,
  pendingTransactions: 1,
  syncedTransactions: 0,
  failedTransactions: 0,
  pendingInventory: 0,
  syncedInventory: 0,
  failedInventory: 0,
  lastSyncTimestamp: null,
  queue: [
    { queueType: "CentralSync", pending: 3, failed: 0, oldestAt: "2026-01-16T10:10:00.000Z" },
    { queueType: "EtimsInvoice", pending: 0, failed: 0, oldestAt: null },
    { queueType: "MpesaVerify", pending: 0, failed: 0, oldestAt: null },
    { queueType: "CloudBackup", pending: 0, failed: 0, oldestAt: null },
  ],
  shift: null,
  lanes: [
    {
      name: "central",
      state: "retrying",
      pending: 3,
      failures: 2,
      badge: false,
      lastAttemptAt: "2026-01-16T10:11:12.345Z",
      lastSuccessAt: null,
      nextAttemptAt: "2026-01-16T10:11:20.345Z",
      lastError: { code: "UNREACHABLE", message: "Head office does not answer." },
      halted: null,
      breaker: "closed",
      stalls: 0,
    },
  ],
  connectivity: [{ target: "central", state: "offline", since: "2026-01-16T10:11:12.345Z", lastAnswerAt: null }],
  modules: {
    ...{ state: "pulling", pulling: ["items.organization"], rows: 4_000, of: 100_000 },
    lastAskedAt: "2026-01-16T10:11:00.000Z",
  },
  storage: {
    state: "low",
    code: null,
    message: "The till's disk is nearly full: free space. Below 64 MiB no reference data is fetched.",
    freeBytes: 200_000_000,
    reserveBytes: 16_777_216,
    lastCommitMs: 4,
    errors: 0,
  },
  retired: { changes: 12_400, bytes: 18_600_000 },
  stopped: null,
};

export function emptyOrder(localId: string): OrderView {
  return {
    localId,
    state: "open",
    version: 1,
    currency: "KES",
    totalMinor: 0,
    lines: [],
    tenders: [],
    receiptNumber: null,
    businessDate: "2026-01-16",
    shiftId: "shift-1",
    events: [],
    header: {},
    orderSyncStatus: "PENDING",
    effect: null,
  };
}

/** A shift in which nothing was sold. */
export function shiftReport(localId: string): ShiftReport {
  const counts = { "shift.opened": 1 };
  const part = { incarnation: STATUS.incarnation, openSeq: 1, closeSeq: 1, chainHead: HASH, counts, totals: [] };
  return {
    localId,
    changes: 1,
    counts,
    totals: [],
    openingFloatMinor: null,
    currency: null,
    cashMoves: [],
    expected: [],
    counted: [],
    overShort: [],
    receipts: [],
    openOrders: 0,
    parts: [part],
  };
}

export function recordedSample(seq: number): Recorded {
  return {
    localId: `order-${seq}`,
    changeId: `01890a5d-ac96-774b-bcce-${String(seq).padStart(12, "0")}`,
    incarnation: STATUS.incarnation,
    seq,
    hash: HASH,
    kind: "order.closed",
    version: 1,
    duplicate: false,
  };
}

/** A status in which so much waits for head office, and nothing else. */
export function waiting(pending: number): Partial<TerminalStatus> {
  const queue = [{ queueType: "CentralSync", pending, failed: 0, oldestAt: null }];
  return { pending, queue } as Partial<TerminalStatus>;
}

export const BREAD = { item: "bread", quantity: "2", unitPrice: "60.00" } as const;

/** An order that is closed at once, as a POS posts it. */
export function sale(localId: string): Record<string, unknown> {
  return { localId, lines: [BREAD], tenders: [{ type: "cash", amountMinor: 12_000 }], operator: "Amina" };
}

/** The sale of a till that head office does not answer. */
export const QUEUE_ITEM: QueueItem = {
  id: "central-00000000000000aa-2",
  queueType: "CentralSync",
  entityType: "Receipt",
  entityId: "order-2",
  status: "Pending",
  retryCount: 2,
  maxRetries: 3,
  lastError: "Head office does not answer.",
  createdAt: "2026-01-16T10:10:00.000Z",
  processedAt: null,
  shiftId: "shift-1",
  lastAttemptTime: "2026-01-16T10:11:12.345Z",
  nextAttemptTime: "2026-01-16T10:11:20.345Z",
  kind: "order.closed",
  receiptNumber: "T01-20260116-00001",
  effect: null,
  incarnation: STATUS.incarnation,
  seq: 2,
};

export const HISTORY_ENTRY: HistoryEntry = {
  id: "7",
  at: "2026-01-16T10:11:12.345Z",
  lane: "central",
  entityType: "Transaction",
  entityId: "order-2",
  attemptNumber: 2,
  errorMessage: "Head office does not answer.",
  code: "UNREACHABLE",
  shouldRetry: true,
  durationMs: 120,
  sent: 0,
  changes: 1,
  correlationId: "01890a5d-ac96-774b-bcce-0000000000c1",
  outcome: "failed",
};

/** An item with the price of today and another one from tomorrow on. */
export const ITEM: ItemView = {
  id: "bread",
  name: "Bread 400 g",
  scope: "organization",
  item: { id: "bread", name: "Bread 400 g", taxId: "A" },
  price: {
    ...{ unitPrice: "60.00", currency: "KES", includesTax: true, effectiveFrom: "2026-01-01T00:00:00.000Z" },
    priceVersion: "prices@17",
  },
  priceChangesAt: "2026-01-17T00:00:00.000Z",
  tax: { id: "A", name: "VAT", rate: "16" },
  barcode: { id: "1", itemId: "bread", barcode: "5449000000996", gtin: "05449000000996" },
};

export const MODULES: ModulesStatus = {
  state: "pulling",
  lastAskedAt: "2026-01-16T10:11:00.000Z",
  nextAskAt: "2026-01-16T10:11:30.000Z",
  error: null,
  modules: [
    {
      ...{ module: "items", scope: "organization", state: "pulling", n: 3, rows: 99_000 },
      lastPulledAt: "2026-01-15T10:11:00.000Z",
      kept: false,
      progress: { phase: "delta", rows: 4_000, of: 100_000 },
      ...{ failures: 0, error: null, nextAttemptAt: null },
    },
  ],
};
