import { expect, it } from "vitest";
import { terminalApp } from "../app.ts";
import { FakeTerminal } from "../testing/fake-terminal.ts";

const NOTHING = { changes: 0, sales: 0, openShifts: 0, unsettledShifts: 0, openOrders: 0 };

function tillThatHolds(unsettled: typeof NOTHING) {
  const calls: string[] = [];
  const reset = { shortId: "T01", unsettled: () => unsettled, reset: () => void calls.push("reset") };
  return { app: terminalApp({ terminal: new FakeTerminal(), reset }), calls };
}

it("POST /api/reset is refused while anything is unsettled, by how much", async () => {
  const { app, calls } = tillThatHolds({ ...NOTHING, changes: 7, sales: 5 });
  const answer = await app.inject({ method: "POST", url: "/api/reset", payload: { confirm: "T01" } });
  expect(answer.statusCode).toBe(409);
  expect(answer.json()).toMatchObject({ error: { code: "UNSETTLED", changes: 7, sales: 5, retryable: true } });
  expect(calls).toEqual([]);
  expect((await app.inject("/api/reset")).json()).toMatchObject({ unsettled: { changes: 7 } });
});

it("POST /api/reset takes the till that it names, after it answered", async () => {
  const { app, calls } = tillThatHolds(NOTHING);
  const other = await app.inject({ method: "POST", url: "/api/reset", payload: { confirm: "T02" } });
  expect(other.statusCode).toBe(400);
  expect(calls).toEqual([]);
  const answer = await app.inject({ method: "POST", url: "/api/reset", payload: { confirm: "T01" } });
  expect(answer.json()).toEqual({ reset: true });
  expect(calls).toEqual(["reset"]);
});
