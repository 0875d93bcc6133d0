import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTerminal, type Terminal } from "@tillsync/engine";
import {
  type DoorExample,
  type FuzzFigures,
  FuzzTally,
  type HostileRequest,
  hostileRequest,
  Mutator,
} from "@tillsync/protocol/testing";
import type { FastifyInstance, InjectOptions } from "fastify";
import { terminalApp } from "../app.ts";
import { FakeTerminal } from "./fake-terminal.ts";
import { BREAD, sale } from "./samples.ts";

const KEY = "local-key-0123456789";
/** The port of the discard service, which no machine of today runs. */
const NOBODY = "http://127.0.0.1:9";
/** Few enough for documents to be met again, open and closed. */
const DIFFERENT_IDS = 200;
const TENDERS = [{ type: "cash", amountMinor: 12_000 }];
const END = { operator: "Amina", reason: "a mistake" };
const OF_ORDER = { params: { localId: "order-1" } };

/** Good requests for the till's routes that take something; every other one is asked without. */
const EXAMPLES: Readonly<Record<string, readonly DoorExample[]>> = {
  "POST /api/orders": [
    { body: sale("order-1") },
    { body: { localId: "order-2", add: [BREAD], table: "7", guests: 2, occurredAt: "2026-01-16T10:00:00.000Z" } },
    {
      body: {
        ...sale("order-3"),
        private: { phone: "0722000000" },
        lines: [{ ...BREAD, id: "1", amountMinor: 12_000 }],
      },
    },
  ],
  "GET /api/orders": [{ query: { state: "open" } }],
  "GET /api/orders/:localId": [OF_ORDER],
  "POST /api/orders/:localId/hold": [
    {
      ...OF_ORDER,
      body: { add: [BREAD], void: [{ line: "1", reason: "x" }], notes: [{ line: "1", text: "hot" }], served: ["1"] },
    },
  ],
  "POST /api/orders/:localId/pay": [{ ...OF_ORDER, body: { tenders: TENDERS } }],
  "POST /api/orders/:localId/void": [{ ...OF_ORDER, body: { ...END, voidLocalId: "void-1" } }],
  "DELETE /api/orders/:localId": [
    { ...OF_ORDER, query: END },
    { ...OF_ORDER, body: END },
  ],
  "POST /api/transactions": [{ body: { localId: "t-1", type: "payout", amountMinor: -50_000, reason: "milk" } }],
  "POST /api/inventory": [{ body: { localId: "i-1", item: "bread", delta: "12", type: "delivery" } }],
  "PUT /api/records/customers/:id": [
    { params: { id: "c-1" }, body: { set: { name: "Wanjiku", phone: null }, add: { points: 3 }, editId: "e-1" } },
    { params: { id: "c-1" }, body: { deleted: true, operator: "Amina", reason: "asked for it" } },
  ],
  "GET /api/records/customers/:id": [{ params: { id: "c-1" } }],
  "GET /api/conflicts": [{ query: { state: "open", limit: "10", after: "17" } }],
  "GET /api/conflicts/:id": [{ params: { id: "17" } }],
  "POST /api/conflicts/:id/resolve": [
    { params: { id: "17" }, body: { keep: "merge", fields: ["phone"], actor: "Amina", reason: "phoned her" } },
  ],
  "POST /api/shifts/open": [{ body: { localId: "s-1", operator: "Amina", businessDate: "2026-01-16" } }],
  "POST /api/shifts/close": [
    { body: {} },
    { body: { localId: "s-1", operator: "Amina", counted: [{ tender: "cash", amountMinor: 5 }] } },
  ],
  "POST /api/shifts/cash": [
    { body: { localId: "c-1", direction: "out", amountMinor: 5, reason: "milk", type: "Pickup", operator: "Amina" } },
  ],
  "GET /api/shifts": [{ query: { limit: "5" } }],
  "GET /api/receipts": [{ query: { businessDate: "2026-01-16" } }],
  "POST /api/sync/now": [{ body: {} }],
  "GET /api/queue": [
    { query: { type: "CentralSync", status: "Pending", limit: "2", after: "central-00000000000000aa-1" } },
  ],
  "GET /api/sync/history": [{ query: { limit: "2", before: "17" } }],
  "GET /api/explain/:key": [{ params: { key: "order-1" } }],
};

/** Streams never end, and have tests of their own. */
const STREAMS = ["GET /api/events", "GET /light/events"];

/** Every route of a till's door but the streams, `POST /api/orders` and so on. */
export function terminalRoutes(app: FastifyInstance): string[] {
  const routes: string[] = [];
  const path: string[] = [];
  for (const line of app.printRoutes({ commonPrefix: false }).split("\n")) {
    const match = /^([│├└─\s]*)(\S+)(?: \(([A-Z, ]+)\))?/u.exec(line);
    if (match === null) continue;
    const [, indent = "", part = "", methods] = match;
    path.length = indent.length / 4 - 1;
    path.push(part);
    for (const method of methods?.split(", ") ?? []) routes.push(`${method} ${path.join("")}`);
  }
  return routes.filter((route) => !route.startsWith("HEAD") && !STREAMS.includes(route));
}

/** The same of a door that is made for the purpose. */
export async function terminalRoutesOfDoor(): Promise<string[]> {
  const app = terminalApp({ terminal: new FakeTerminal() });
  await app.ready();
  return terminalRoutes(app);
}

/** A hostile request for one of a till's routes. */
export function terminalRequest(
  mutator: Mutator,
  routes: readonly string[],
  key: string | undefined,
): HostileRequest & { readonly route: string } {
  const { chance } = mutator;
  const route = chance.oneIn(3) ? chance.pick(routes) : chance.pick(Object.keys(EXAMPLES));
  const example = renamed(chance.pick(EXAMPLES[route] ?? [{}]), chance.below(DIFFERENT_IDS));
  return { route, ...hostileRequest(mutator, { route, example, key, packs: false }) };
}

/** The example about another document: what is there already is only told again. */
function renamed({ params, body, ...rest }: DoorExample, number: number): DoorExample {
  const rename = <T extends object>(value: T): T =>
    "localId" in value ? { ...value, localId: `${String(value.localId)}-${number}` } : value;
  return {
    ...rest,
    ...(params === undefined ? {} : { params: rename(params) }),
    ...(typeof body === "object" && body !== null ? { body: rename(body) } : {}),
  };
}

/** The till's door with a terminal in memory behind it. */
export async function fuzzTerminalDoor(options: { seed: number; inputs: number }): Promise<FuzzFigures> {
  return fuzzDoor(new FakeTerminal(), options);
}

/** The same with the real engine on a real disk, and a head office nobody can reach. */
export async function fuzzTerminalSales(options: { seed: number; inputs: number }): Promise<FuzzFigures> {
  const folder = mkdtempSync(join(tmpdir(), "tillsync-fuzz-"));
  const terminal = openTerminal({
    file: join(folder, "till.db"),
    terminal: "0190a5da-c967-774b-8cce-b302099a8057",
    shortId: "T01",
    store: "STORE001",
    currency: "KES",
    central: { url: NOBODY, key: "nobody-checks-this" },
  });
  try {
    return await fuzzDoor(terminal, options);
  } finally {
    await terminal.close(0);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fuzzDoor(terminal: Terminal, { seed, inputs }: { seed: number; inputs: number }): Promise<FuzzFigures> {
  const app = terminalApp({ terminal, key: KEY });
  await app.ready();
  const routes = terminalRoutes(app);
  const mutator = new Mutator(seed);
  const tally = new FuzzTally();
  while (tally.figures.inputs < inputs) {
    // Most of what is asked needs an open shift, and some of it closes it.
    if (tally.figures.inputs % 20 === 0) openShift(terminal, tally.figures.inputs);
    await askOnce(app, terminalRequest(mutator, routes, KEY), tally);
  }
  await app.close();
  return tally.figures;
}

function openShift(terminal: Terminal, number: number): void {
  if (terminal.shift() === null)
    terminal.openShift({ localId: `shift-${number}`, operator: "Amina", businessDate: "2026-01-16" });
}

async function askOnce(
  app: FastifyInstance,
  request: HostileRequest & { readonly route: string },
  tally: FuzzTally,
): Promise<void> {
  const { route, body, method, url, headers } = request;
  const what = `${route} as ${method} ${url.slice(0, 200)} ${JSON.stringify(headers).slice(0, 300)}`;
  try {
    const answer = await app.inject({
      method: method as NonNullable<InjectOptions["method"]>,
      url,
      headers: { host: "127.0.0.1:7070", ...headers },
      ...(body === undefined ? {} : { payload: body }),
    });
    const text = method === "HEAD" && answer.statusCode !== 500 ? HEAD_BODY : answer.payload;
    tally.answer(what, body ?? "", { status: answer.statusCode, body: text });
  } catch (error) {
    tally.read(what, body ?? "", () => {
      throw error;
    });
  }
}

/** A HEAD has no body, whatever its status says. */
const HEAD_BODY = JSON.stringify({ error: { code: "NOT_FOUND", message: "(a HEAD)", retryable: false } });
