import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CHAIN_START,
  canonicalText,
  type ExchangeRequest,
  type ExchangeResponse,
  linkHash,
  PROTOCOL_VERSION,
  type WireChange,
} from "@tillsync/protocol";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openPool } from "./db/pool.ts";
import { type Enrolled, enroll } from "./directory/enroll.ts";
import { startPostgres } from "./embedded/index.ts";
import type { Found } from "./ledger/find.ts";
import type { LedgerPage } from "./ledger/ledger.ts";
import type { Overview } from "./ledger/overview.ts";
import { sha256 } from "./ledger/sha256.ts";
import type { Totals } from "./ledger/totals.ts";
import { type RunningServer, startServer } from "./main.ts";
import { freshDatabase } from "./testing/fresh-database.ts";
import { type MigratedDatabase, migratedDatabase } from "./testing/migrated-database.ts";

const LIFE = "0123456789abcdef";
const log = pino({ level: "silent" });
const PLACE = { org: "demo", store: "main", currency: "KES" };
let database: MigratedDatabase;
let server: RunningServer;
let till: Enrolled;
let admin: Enrolled;

beforeAll(async () => {
  database = await migratedDatabase();
  server = await startServer({ databaseUrl: database.url, host: "127.0.0.1", port: 0, log });
  till = await enroll(server.pool, { ...PLACE, role: "terminal", name: "T01", terminal: { shortId: "T01" } }, 0);
  admin = await enroll(server.pool, { ...PLACE, role: "admin", name: "head office" }, 0);
});
afterAll(async () => {
  await server.close();
  await database.drop();
});

describe("what the centre shows of a sale", () => {
  const bodies = [
    shiftOpened(1),
    sale(2, "o-1", 1250),
    sale(3, "o-2", 300),
    canonicalText({ ...JSON.parse(sale(4, "o-3", 500)), kind: "order.unheard" }),
    "not even JSON",
  ];

  beforeAll(async () => {
    const answer = await post<ExchangeResponse>(request(chain(bodies), { headSeq: 7 }));
    expect(answer).toMatchObject({ status: 200, body: { durableThrough: 5 } });
  });

  it("is in the ledger, every hash computed again", async () => {
    const ledger = await get<LedgerPage>(`/api/admin/terminals/${till.terminal}/ledger`);
    const wire = chain(bodies);
    expect(ledger).toMatchObject({
      terminal: till.terminal,
      incarnation: LIFE,
      ordinal: 1,
      durableThrough: 5,
      nextSeq: null,
    });
    expect(ledger.changes.map(({ seq, hash, intact }) => ({ seq, hash, intact }))).toEqual(
      wire.map(({ hash }, index) => ({ seq: index + 1, hash, intact: true })),
    );
    expect(ledger.changes.map(({ effect }) => effect)).toEqual(["applied", "applied", "applied", "parked", "parked"]);
    expect(ledger.changes[1]).toMatchObject({
      localId: "o-1",
      document: {
        entity: "order",
        state: "closed",
        receiptNumber: "T01-20260116-00002",
        businessDate: "2026-01-16",
        currency: "KES",
        totalMinor: 1250,
      },
    });
    expect(ledger.changes[3]?.document).toBeNull();
  });

  it("comes in pages, each checked against the hash before it", async () => {
    const pages: LedgerPage[] = [];
    for (let from: number | null = 1; from !== null; from = pages.at(-1)?.nextSeq ?? null) {
      pages.push(
        await get<LedgerPage>(
          `/api/admin/terminals/${till.terminal}/ledger?incarnation=${LIFE}&fromSeq=${from}&limit=2`,
          till,
        ),
      );
    }
    expect(pages.map(({ changes }) => changes.length)).toEqual([2, 2, 1]);
    expect(pages.flatMap(({ changes }) => changes).every(({ intact }) => intact)).toBe(true);
  });

  it("shows a flipped bit in stored bytes, and in that row alone", async () => {
    const flip = () =>
      asSuperuser("UPDATE tillsync.change_body SET body = set_byte(body, 5, get_byte(body, 5) # 1) WHERE seq = 3");
    await flip();
    const { changes } = await get<LedgerPage>(`/api/admin/terminals/${till.terminal}/ledger`);
    expect(changes.filter(({ intact }) => !intact).map(({ seq }) => seq)).toEqual([3]);
    await flip();
  });

  it("is found by receipt, localId, and among the parked ones by what is in their bytes", async () => {
    const byReceipt = await get<Found>("/api/admin/find/T01-20260116-00002");
    expect(byReceipt).toEqual(await get<Found>("/api/admin/find/o-1", till));
    expect(byReceipt.changes).toMatchObject([
      { shortId: "T01", ordinal: 1, seq: 2, effect: "applied", body: bodies[1] },
    ]);
    expect(byReceipt.documents).toMatchObject([{ localId: "o-1", totalMinor: 1250 }]);
    const parked = await get<Found>("/api/admin/find/T01-20260116-00004");
    expect(parked.changes).toMatchObject([{ seq: 4, effect: "parked", code: "KIND_UNKNOWN" }]);
    expect(parked.documents).toEqual([]);
    expect((await fetchJson("/api/admin/find/T01-20260116-99999", admin)).status).toBe(404);
  });

  it("adds up", async () => {
    const { documents, changes } = await get<Totals>("/api/admin/totals");
    const closed = documents.filter(({ entity, state }) => entity === "order" && state === "closed");
    expect(closed).toMatchObject([{ documentType: "sale", currency: "KES", count: 2, totalMinor: 1550 }]);
    expect(changes.reduce((sum, { count }) => sum + count, 0)).toBe(5);
  });

  it("is on the overview with what is still to come and what waits for a person", async () => {
    const { terminals, store } = await get<Overview>("/api/admin/overview");
    expect(store).toEqual({ org: "demo", code: "main", currency: "KES" });
    expect(terminals).toMatchObject([
      {
        shortId: "T01",
        lives: [
          {
            ordinal: 1,
            durableThrough: 5,
            headSeq: 7,
            pending: 2,
            unsettled: { pending: 0, waiting: 0, parked: 2 },
            forks: 0,
          },
        ],
      },
    ]);
  });

  it("shows the fork and both of its bodies", async () => {
    const fork = chain([sale(1, "o-other", 999)]);
    expect(await post(request(fork))).toMatchObject({ status: 409, body: { error: { code: "FORK" } } });
    const found = await get<Found>("/api/admin/find/o-other");
    expect(found.forks).toMatchObject([{ seq: 1, body: fork[0]?.body }]);
    const { terminals } = await get<Overview>("/api/admin/overview");
    expect(terminals[0]?.lives[0]?.forks).toBe(1);
  });
});

describe("startServer", () => {
  it("says in one sentence that the port is taken", async () => {
    const port = Number(new URL(server.url).port);
    const second = startServer({ databaseUrl: database.url, host: "127.0.0.1", port, log });
    await expect(second).rejects.toMatchObject({
      code: "PORT_IN_USE",
      message: expect.stringContaining(`Port ${port} on 127.0.0.1 is in use`),
    });
  });

  it("says in one sentence that PostgreSQL does not answer, and where, without the password", async () => {
    const dead = startServer({ databaseUrl: "postgresql://u:secret@127.0.0.1:1/x", host: "127.0.0.1", port: 0, log });
    const failure = await dead.catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "UNAVAILABLE",
      message: "PostgreSQL at 127.0.0.1:1 cannot be used: it does not answer.",
    });
  });

  it("says in one sentence what a login lacks that may neither make nor use the roles", async () => {
    const bare = await freshDatabase();
    const start = startServer({ databaseUrl: bare.url, host: "127.0.0.1", port: 0, log });
    const message = expect.stringContaining("tillsync_migrator, tillsync_app and tillsync_relay");
    await expect(start).rejects.toMatchObject({ code: "CONFIG_INVALID", message, details: { field: "DATABASE_URL" } });
    await bare.drop();
  });

  it("answers what is no HTTP, or too much of it, like everything else", async () => {
    for (const [bytes, status, code] of [
      ["nonsense\r\n\r\n", 400, "INVALID_INPUT"],
      [`GET / HTTP/1.1\r\nhost: x\r\nlong: ${"x".repeat(20_000)}\r\n\r\n`, 431, "TOO_LARGE"],
    ] as const) {
      const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
      socket.write(bytes);
      const answer = Buffer.concat(await socket.toArray()).toString();
      expect(answer).toContain(`HTTP/1.1 ${status} `);
      expect(JSON.parse(answer.slice(answer.indexOf("{")))).toMatchObject({ error: { code } });
    }
  });

  it("migrates under a lock when several start together", async () => {
    const options = { databaseUrl: database.url, host: "127.0.0.1", port: 0, log };
    const servers = await Promise.all([startServer(options), startServer(options), startServer(options)]);
    for (const { url } of servers) expect((await fetch(`${url}/health`)).status).toBe(200);
    await Promise.all(servers.map((each) => each.close()));
  });

  it("closes although a client hangs in the middle of a request", async () => {
    const short = await startServer({ databaseUrl: database.url, host: "127.0.0.1", port: 0, log, closeWithinMs: 50 });
    const socket = connect(Number(new URL(short.url).port), "127.0.0.1");
    await once(socket, "connect");
    const requested = once(short.app.server, "request");
    socket.write(`POST /api/sync/exchange HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${till.key}\r\n`);
    socket.write("content-type: application/json\r\ncontent-length: 1000\r\n\r\n{");
    await requested;
    const ended = once(socket, "close");
    socket.resume().on("error", () => {});
    await Promise.all([short.close(), short.close()]);
    await ended;
  });
});

describe("a server whose PostgreSQL goes away", () => {
  it("says what is down, stays up, and serves again by itself", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "tillsync-main-"));
    let postgres = await startPostgres({ dataDir });
    const own = await startServer({ databaseUrl: postgres.adminUrl, host: "127.0.0.1", port: 0, log });
    const health = async (path: string) => {
      const answer = await fetch(`${own.url}${path}`);
      return { status: answer.status, body: await answer.json() };
    };
    expect(await health("/health")).toMatchObject({ status: 200, body: { status: "ok", parts: { database: "up" } } });
    const { key, terminal } = await enroll(
      own.pool,
      { ...PLACE, role: "terminal", name: "T01", terminal: { shortId: "T01" } },
      0,
    );

    await postgres.stop("immediate");
    for (const path of ["/health", "/health/ready"]) {
      expect(await health(path)).toMatchObject({
        status: 503,
        body: { status: "down", parts: { database: "down" }, error: { part: "database" } },
      });
    }
    expect((await health("/health/live")).status).toBe(200);
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const payload = JSON.stringify({ ...request([]), terminal });
    const exchange = () => fetch(`${own.url}/api/sync/exchange`, { method: "POST", headers, body: payload });
    const refused = await exchange();
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await refused.json()).toMatchObject({ error: { code: "UNAVAILABLE", retryable: true } });

    postgres = await startPostgres({ dataDir, port: postgres.port });
    expect((await health("/health")).status).toBe(200);
    expect((await exchange()).status).toBe(200);
    await own.close();
    await postgres.stop("immediate");
    rmSync(dataDir, { recursive: true, force: true });
  });
});

function request(changes: WireChange[], more: Partial<ExchangeRequest> = {}): ExchangeRequest {
  const terminal = till.terminal ?? "";
  return {
    protocolVersion: PROTOCOL_VERSION,
    terminal,
    incarnation: LIFE,
    fromSeq: 1,
    prevHash: CHAIN_START,
    changes,
    headSeq: changes.length,
    cursor: null,
    ...more,
  };
}

function chain(bodies: readonly string[]): WireChange[] {
  let prevHash = CHAIN_START;
  return bodies.map((body, index) => {
    prevHash = linkHash(sha256, { terminal: till.terminal ?? "", incarnation: LIFE, seq: index + 1, prevHash, body });
    return { body, hash: prevHash };
  });
}

function envelope(seq: number, kind: string, localId: string, payload: object): string {
  const changeId = `0198c0de-0000-7000-8000-${String(seq).padStart(12, "0")}`;
  const at = { businessDate: "2026-01-16", occurredAt: "2026-01-16T10:00:00.000Z" };
  return canonicalText({ changeId, kind, localId, version: 1, shiftId: "s-1", ...at, payload });
}

function shiftOpened(seq: number): string {
  return envelope(seq, "shift.opened", "s-1", { operator: "ann", currency: "KES" });
}

function sale(seq: number, localId: string, totalMinor: number): string {
  return envelope(seq, "order.closed", localId, {
    documentType: "sale",
    receiptNumber: `T01-20260116-${String(seq).padStart(5, "0")}`,
    currency: "KES",
    lines: [{ id: "1", item: "bread", quantity: "1", unitPrice: "1", amountMinor: totalMinor }],
    tenders: [{ type: "cash", amountMinor: totalMinor }],
    totalMinor,
  });
}

async function fetchJson(path: string, who: Enrolled): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${who.key}` } });
  return { status: answer.status, body: await answer.json() };
}

async function get<T>(path: string, who: Enrolled = admin): Promise<T> {
  const { status, body } = await fetchJson(path, who);
  expect({ status, body }).toMatchObject({ status: 200 });
  return body as T;
}

async function post<T>(payload: ExchangeRequest): Promise<{ status: number; body: T }> {
  const headers = { authorization: `Bearer ${till.key}`, "content-type": "application/json" };
  const answer = await fetch(`${server.url}/api/sync/exchange`, {
    method: "POST",
    headers,
    body: JSON.stringify(payload),
  });
  return { status: answer.status, body: (await answer.json()) as T };
}

async function asSuperuser(statement: string): Promise<void> {
  const pool = openPool(database.adminUrl, { max: 1 });
  await pool.query(statement);
  await pool.end();
}
