import type { Page, Route } from "playwright-core";

/** What the routes of the sync panel answer in a test; a route that is absent answers 404. */
export interface PanelData {
  failed?: readonly object[];
  processing?: readonly object[];
  pending?: readonly object[];
  attempts?: readonly object[];
  shifts?: readonly object[];
  conflicts?: readonly object[];
  /** Both sides of any of them. */
  conflict?: object;
  /** Who answers about conflicts; head office when absent. */
  conflictSource?: "till";
}

/** What the page asked the till to do, in order: `["POST /api/queue/q-1/retry", {}]`. */
export type Asked = [what: string, body: unknown][];

/** Answers the panel's routes in the till's place, within this browser. `data` may change at any time. */
export async function fakePanel(page: Page, data: PanelData): Promise<Asked> {
  const asked: Asked = [];
  const lists: Readonly<Record<string, (url: URL) => object | undefined>> = {
    "/api/queue": ({ searchParams }) => {
      const items = { Failed: data.failed, Processing: data.processing ?? [], Pending: data.pending }[
        searchParams.get("status") as "Failed" | "Processing" | "Pending"
      ];
      return items && { items: items.slice(0, Number(searchParams.get("limit"))), next: null };
    },
    "/api/sync/history": ({ searchParams }) => {
      const limit = Number(searchParams.get("limit"));
      const next = (data.attempts?.length ?? 0) > limit ? "older" : null;
      return data.attempts && { attempts: data.attempts.slice(0, limit), next };
    },
    "/api/conflicts": () =>
      data.conflicts && { source: data.conflictSource ?? "head-office", conflicts: data.conflicts, next: null },
    "/api/conflicts/17": () => data.conflict,
    "/api/shifts": () => data.shifts && { shifts: data.shifts },
  };
  await page.route(/\/api\/(queue|conflicts|sync\/history|shifts)\b/, (route: Route) => {
    const request = route.request();
    const url = new URL(request.url());
    if (request.method() === "POST") {
      asked.push([`POST ${url.pathname}`, request.postDataJSON()]);
      return route.fulfill({ json: {} });
    }
    const json = lists[url.pathname]?.(url);
    return json === undefined ? route.fulfill(NOT_FOUND) : route.fulfill({ json });
  });
  return asked;
}

const NOT_FOUND = { status: 404, json: { error: { code: "NOT_FOUND", message: "No such route." } } };

export const LONG_ERROR = `TypeError: ${"cannotReadPropertyOfUndefined".repeat(40)} ${"at interpret (/srv/app.js:12:7) ".repeat(120)}`;

export const FAILED_ITEM = {
  id: "central:00000000000000aa:17",
  queueType: "CentralSync",
  entityType: "Order",
  entityId: "order-17",
  status: "Failed",
  retryCount: 3,
  maxRetries: 5,
  lastError: LONG_ERROR.slice(0, 5_000),
  createdAt: "2026-01-16T10:11:12.345Z",
  processedAt: null,
  shiftId: "shift-1",
  lastAttemptTime: "2026-01-16T10:12:12.345Z",
  nextAttemptTime: null,
  kind: "order.closed",
  receiptNumber: "T01-20260116-00017",
  effect: "parked",
  incarnation: "00000000000000aa",
  seq: 17,
};

export const PENDING_ITEM = {
  ...FAILED_ITEM,
  id: "central:00000000000000aa:18",
  entityId: "order-18",
  status: "Pending",
  lastError: null,
  nextAttemptTime: "2026-01-16T10:13:12.345Z",
  receiptNumber: "T01-20260116-00018",
  effect: null,
  seq: 18,
};

export const PROCESSING_ITEM = {
  ...PENDING_ITEM,
  id: "central:00000000000000aa:16",
  entityId: "table-4",
  status: "Processing",
  kind: "order.edited",
  receiptNumber: null,
  seq: 16,
};

const ATTEMPT = {
  id: "1",
  at: "2026-01-16T10:12:12.345Z",
  lane: "central",
  entityType: "Batch",
  entityId: "17-18",
  attemptNumber: 1,
  errorMessage: null,
  code: null,
  shouldRetry: false,
  durationMs: 84,
  sent: 12,
  changes: 12,
  correlationId: "0190a5da-c967-774b-8cce-b302099a8057",
  outcome: "ok",
};

export const FAILED_ATTEMPT = {
  ...ATTEMPT,
  id: "2",
  attemptNumber: 3,
  errorMessage: "Head office does not answer (connect ECONNREFUSED 127.0.0.1:8080).",
  code: "UNREACHABLE",
  shouldRetry: true,
  durationMs: 5_012,
  sent: 0,
  outcome: "failed",
};

/** `count` attempts, newest first, every third one failed. */
export function attempts(count: number): object[] {
  return Array.from({ length: count }, (_, index) => {
    const at = new Date(Date.UTC(2026, 0, 16, 10, 12) - index * 30_000).toISOString();
    return { ...(index % 3 === 0 ? FAILED_ATTEMPT : ATTEMPT), id: String(count - index), at };
  });
}

const SHIFT = {
  localId: "shift-2",
  operator: "Otieno",
  businessDate: "2026-01-16",
  openedAt: "2026-01-16T11:00:00.000Z",
  closedAt: null,
  changes: 57,
  totals: [
    { currency: "KES", tender: "cash", amountMinor: 1_245_000 },
    { currency: "KES", tender: "mpesa", amountMinor: 873_050 },
  ],
  openingFloatMinor: 200_000,
  counted: [],
  overShort: [],
  settlement: { state: "open", at: null, exceptions: 0, differences: 0 },
};

/** One shift in every state of its settlement, newest first. */
export const SHIFTS = [
  SHIFT,
  ...(["waiting", "settled", "settled-with-exceptions", "different"] as const).map((state, index) => ({
    ...SHIFT,
    localId: `shift-${index + 3}`,
    operator: index % 2 === 0 ? "Amina" : "Otieno",
    businessDate: `2026-01-${15 - index}`,
    openedAt: `2026-01-${15 - index}T03:02:00.000Z`,
    closedAt: `2026-01-${15 - index}T11:04:30.000Z`,
    overShort: index === 1 ? [{ currency: "KES", tender: "cash", amountMinor: -5_000 }] : [],
    settlement: {
      state,
      at: state === "waiting" ? null : `2026-01-${15 - index}T11:05:02.000Z`,
      exceptions: state === "settled-with-exceptions" ? 2 : 0,
      differences: state === "different" ? 1 : 0,
    },
  })),
];
