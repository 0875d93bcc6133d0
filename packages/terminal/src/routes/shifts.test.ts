import type { FastifyInstance } from "fastify";
import { beforeEach, expect, it } from "vitest";
import { terminalApp } from "../app.ts";
import { FakeTerminal } from "../testing/fake-terminal.ts";

let terminal: FakeTerminal;
let app: FastifyInstance;

beforeEach(() => {
  terminal = new FakeTerminal();
  app = terminalApp({ terminal });
});

async function post(url: string, body?: object) {
  const response = await app.inject({ method: "POST", url, ...(body === undefined ? {} : { payload: body }) });
  return { status: response.statusCode, body: response.json() };
}

const get = async (url: string) => (await app.inject(url)).json();

const MILK = { localId: "c-1", direction: "out", amountMinor: 50_000, reason: "milk" };
const OPENING = { localId: "s-1", operator: "Amina", businessDate: "2026-01-16" };

it.each([
  ["open", "operator", {}],
  ["open", "businessDate", { operator: "Amina", businessDate: "16.01.2026" }],
  ["close", "force", { force: true }],
  ["close", "counted[0].amountMinor", { counted: [{ tender: "cash", amountMinor: 1.5 }] }],
  ["close", "counted[0].tender", { counted: [{ amountMinor: 1 }] }],
  [
    "close",
    "counted[1].currency",
    {
      counted: [
        { tender: "a", amountMinor: 1 },
        { tender: "b", amountMinor: 1, currency: "kes" },
      ],
    },
  ],
  ["close", "counted", { counted: 5 }],
  ["close", "localId", { localId: "s 1" }],
  ["cash", "localId", { ...MILK, localId: undefined }],
  ["cash", "direction", { ...MILK, direction: "up" }],
  ["cash", "amountMinor", { ...MILK, amountMinor: -50_000 }],
  ["cash", "amountMinor", { ...MILK, amountMinor: 0 }],
  ["cash", "reason", { ...MILK, reason: "" }],
  ["cash", "type", { ...MILK, type: "Expense" }],
  ["cash", "tender", { ...MILK, tender: "card" }],
])("/api/shifts/%s refuses a wrong %s by name, and asks nobody", async (door, field, sent) => {
  const { status, body } = await post(`/api/shifts/${door}`, sent);
  expect(status).toBe(400);
  expect(body.error).toMatchObject({ code: "INVALID_INPUT", field });
  expect(terminal.asked).toEqual([]);
});

it("opens a shift, shows it with its report, and closes it", async () => {
  const opened = await post("/api/shifts/open", OPENING);
  expect(opened.status).toBe(201);
  expect(opened.body.shift).toMatchObject({ localId: "s-1", operator: "Amina", closedAt: null });
  expect(await get("/api/shifts/current")).toMatchObject({ ...opened.body, report: { localId: "s-1", totals: [] } });
  expect((await post("/api/shifts/open", OPENING)).status).toBe(200);
  const counted = [{ tender: "cash", amountMinor: 1 }];
  const closed = await post("/api/shifts/close", { localId: "s-1", operator: "Amina", counted });
  expect(closed.status).toBe(200);
  expect(closed.body).toMatchObject({ shift: { localId: "s-1" }, report: { localId: "s-1" }, duplicate: false });
  expect(closed.body.shift.closedAt).not.toBeNull();
  expect(terminal.asked.at(-1)).toEqual({ verb: "closeShift", input: { localId: "s-1", operator: "Amina", counted } });
  expect(await get("/api/shifts/current")).toEqual({ shift: null, report: null });
});

it("records cash in and out once, however often it is sent", async () => {
  const first = await post("/api/shifts/cash", MILK);
  expect(first.status).toBe(201);
  expect(await post("/api/shifts/cash", MILK)).toEqual({ status: 200, body: { ...first.body, duplicate: true } });
  expect(terminal.asked[0]).toEqual({ verb: "recordCash", input: MILK });
});

it("lists shifts, as many as asked for", async () => {
  await post("/api/shifts/open", OPENING);
  const { shifts } = await get("/api/shifts?limit=5");
  expect(shifts).toMatchObject([
    { localId: "s-1", settlement: { state: "open", at: null, exceptions: 0, differences: 0 } },
  ]);
  expect(terminal.asked.at(-1)).toEqual({ verb: "shifts", input: 5 });
  await get("/api/shifts");
  expect(terminal.asked.at(-1)).toEqual({ verb: "shifts", input: undefined });
});

it.each(["limit=0", "limit=1001", "limit=1.5", "limit=ten", "limit=", "max=5", "limit=1&limit=2"])(
  "refuses a list with %s",
  async (query) => {
    const answer = await app.inject(`/api/shifts?${query}`);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error).toMatchObject({
      code: "INVALID_INPUT",
      field: query.startsWith("max") ? "max" : "limit",
    });
  },
);

it("tells the receipt numbers of a day, and refuses what is none", async () => {
  expect(await get("/api/receipts?businessDate=2026-01-16")).toEqual({ series: [] });
  expect(terminal.asked).toEqual([{ verb: "receiptGaps", input: "2026-01-16" }]);
  for (const query of ["", "?businessDate=today"])
    expect((await get(`/api/receipts${query}`)).error).toMatchObject({ code: "INVALID_INPUT", field: "businessDate" });
});

it("passes the engine's refusals on", async () => {
  const { status, body } = await post("/api/shifts/close", {});
  expect(status).toBe(409);
  expect(body.error).toMatchObject({ code: "SHIFT_NOT_OPEN", retryable: false });
});
