import { SyncError } from "@tillsync/protocol";
import type { FastifyRequest, onRequestAsyncHookHandler, RouteOptions } from "fastify";
import type { Authenticate, Caller } from "../directory/authenticate.ts";
import type { KeyRole } from "../directory/enroll.ts";
import { isFromThisMachine } from "./loopback.ts";

/** Who may use a route: anyone, or whoever has a key of one of these roles. */
export type Access = "anyone" | readonly KeyRole[];

/**
 * Every route of the centre. What is not in here cannot be registered, and would be refused if it were. A role says
 * which doors open; what lies behind them is bounded by the key's store and terminal.
 */
export const ACCESS: Readonly<Record<string, Access>> = {
  "GET /health": "anyone",
  "GET /health/live": "anyone",
  "GET /health/ready": "anyone",
  "GET /": "anyone",
  "GET /light": "anyone",
  "GET /pages/:file": "anyone",
  "GET /docs": "anyone",
  "GET /docs/openapi.json": "anyone",
  "POST /api/token": "anyone",
  "GET /metrics": ["admin"],
  "POST /api/sync/exchange": ["terminal"],
  "POST /api/sync/batch": ["foreign"],
  "POST /api/sync/order": ["foreign"],
  "POST /api/sync/transaction": ["foreign"],
  "GET /api/sync/updates": ["foreign"],
  "GET /api/sync/gateway": ["terminal"],
  "GET /api/sync/modules/:module": ["terminal", "admin"],
  "PUT /api/admin/modules/:module": ["admin"],
  "POST /api/inventory/events": ["foreign"],
  "PUT /api/backups/:terminal": ["terminal"],
  "GET /api/backups/:terminal": ["terminal", "admin"],
  "GET /api/backups/:terminal/:sha256": ["terminal", "admin"],
  "GET /api/admin/overview": ["admin"],
  "GET /api/admin/totals": ["admin"],
  "GET /api/admin/terminals/:terminal/ledger": ["admin", "terminal"],
  "GET /api/admin/terminals/:terminal/digests": ["admin", "terminal"],
  "POST /api/admin/terminals/:terminal/repair": ["admin", "terminal"],
  "GET /api/admin/find/:key": ["admin", "terminal"],
  "GET /api/admin/shifts/:shift/settlement": ["admin", "terminal"],
  "GET /api/admin/days/:businessDate": ["admin"],
  "POST /api/admin/days/:businessDate/close": ["admin"],
  "POST /api/admin/backup-completed": ["admin"],
  "POST /api/admin/modules/:module/confirm": ["admin"],
  "GET /api/admin/terminals": ["admin"],
  "POST /api/admin/terminals": ["admin"],
  "POST /api/admin/terminals/:terminal/replace": ["admin"],
  "POST /api/admin/terminals/:terminal/rename": ["admin"],
  "POST /api/admin/terminals/:terminal/move": ["admin"],
  "POST /api/admin/terminals/:terminal/retire": ["admin"],
  "POST /api/admin/terminals/:terminal/access": ["admin"],
  "GET /api/admin/acts": ["admin"],
  "GET /api/admin/kinds": ["admin"],
  "PUT /api/admin/terminals/:terminal/kind": ["admin"],
  "GET /api/admin/tasks": ["admin"],
  "POST /api/admin/tasks/:kind/:subject/resolve": ["admin"],
  "GET /api/conflicts": ["admin", "terminal"],
  "GET /api/conflicts/:id": ["admin", "terminal"],
  "POST /api/conflicts/:id/resolve": ["admin", "terminal"],
  "GET /api/admin/orders/:localId": ["admin"],
  "PUT /api/admin/orders/:localId": ["admin"],
  "DELETE /api/admin/orders/:localId": ["admin"],
  "GET /api/admin/transactions/:localId": ["admin"],
  "PUT /api/admin/transactions/:localId": ["admin"],
  "DELETE /api/admin/transactions/:localId": ["admin"],
};

/** Who a request from this machine is when it brings no key; absent where there is no such thing. For the demo. */
export interface OpenDoors {
  /** A browser that looks at the status page, or a monitor that reads the metrics. */
  readonly pages?: (() => Promise<Caller>) | undefined;
  /** A device of somebody else's (`foreign.open`). */
  readonly devices?: (() => Promise<Caller>) | undefined;
}

/** What a machine that was replaced still needs, to have everything it sold at the centre. */
const OPEN_TO_DRAINING = new Set(["POST /api/sync/exchange"]);

const OPEN_PAGES = new Set(["GET /api/admin/overview", "GET /metrics"]);

declare module "fastify" {
  interface FastifyRequest {
    /** Who asks; null on routes that are open to anyone. */
    caller: Caller | null;
  }
}

/** Fastify `onRequest` hook: deny by default, before a byte of the body is read. */
export function guard(authenticate: Authenticate, doors: OpenDoors = {}): onRequestAsyncHookHandler {
  return async (request) => {
    // Nothing is registered there: said at once, with or without a key, so that nobody's body is read for nothing.
    if (request.is404) throw new SyncError("NOT_FOUND", "There is nothing at this address.");
    const route = routeName(request.method, request.routeOptions.url ?? "");
    const access = Object.hasOwn(ACCESS, route) ? ACCESS[route] : undefined;
    if (access === "anyone") return;
    if (access === undefined) throw new SyncError("FORBIDDEN", "This address is not open to anyone.");
    const open = OPEN_PAGES.has(route) ? doors.pages : access.includes("foreign") ? doors.devices : undefined;
    if (open && request.headers.authorization === undefined && isFromThisMachine(request)) {
      request.caller = await open();
      return;
    }
    const caller = await authenticate(presentedKey(request));
    if (caller === undefined) throw unauthenticated("This key is not known or was revoked, or this token is over.");
    if (!access.includes(caller.role)) {
      const expected = access.join(" or ");
      throw new SyncError("FORBIDDEN", `A key of role ${caller.role} does not open this; it takes ${expected}.`, {
        expected,
        got: caller.role,
      });
    }
    if (caller.isDraining === true && !OPEN_TO_DRAINING.has(route)) {
      const message = "This machine was replaced or is leaving: it may deliver what it has recorded, and nothing else.";
      throw new SyncError("FORBIDDEN", message, { expected: "a machine that is not draining" });
    }
    request.caller = caller;
  };
}

/** Fastify `onRoute` hook: an app with a route that nobody gave an access to does not start. */
export function refuseUnlisted(route: RouteOptions): void {
  for (const method of [route.method].flat()) {
    const name = routeName(method, route.url);
    if (!Object.hasOwn(ACCESS, name)) throw new Error(`${name} is not in ACCESS: say who may use it`);
  }
}

/** Who may GET may ask for the head of it. */
export function routeName(method: string, url: string): string {
  return `${method === "HEAD" ? "GET" : method} ${url}`;
}

/** The caller of a route that needs a key. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Error("a route that needs a key was reached without one");
  return request.caller;
}

function presentedKey(request: FastifyRequest): string {
  const key = /^Bearer ([A-Za-z0-9_.-]{1,2048})$/i.exec(request.headers.authorization ?? "")?.[1];
  if (key === undefined) throw unauthenticated("An access key is needed: send Authorization: Bearer <key>.");
  return key;
}

function unauthenticated(message: string): SyncError {
  return new SyncError("UNAUTHENTICATED", message);
}
