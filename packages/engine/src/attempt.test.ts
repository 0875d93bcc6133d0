import { expect, it } from "vitest";
import { type Behaviour, refuse, unreachable } from "./testing/fake-centre.ts";
import { openTill, sale, type Till } from "./testing/till.ts";

const honestly: Behaviour = (_request, honest) => honest();
const attempts = (till: Till) => till.events.flatMap((event) => (event.type === "attempt" ? [event.attempt] : []));

it("every attempt is told as it went, under the id with which it travelled", async () => {
  const till = await openTill();
  const before = attempts(till).length;
  till.centre.next.push(unreachable, refuse("UNAVAILABLE"));
  till.terminal.closeOrder(sale("a"));
  const startedAtMs = till.clock.wallMs();
  await till.clock.advance(10_000);
  const told = attempts(till).slice(before);
  expect(told).toMatchObject([
    { attemptNumber: 1, outcome: "failed", code: "UNREACHABLE", shouldRetry: true, sent: 0, fromSeq: 2, changes: 1 },
    { attemptNumber: 2, outcome: "failed", code: "UNAVAILABLE", message: "The test refuses with UNAVAILABLE." },
    { attemptNumber: 3, outcome: "ok", code: null, message: null, shouldRetry: true, sent: 1, fromSeq: 2, changes: 1 },
  ]);
  expect(told[0]).toMatchObject({ lane: "central", startedAtMs, durationMs: 0 });
  expect(told.map(({ correlationId }) => correlationId)).toEqual(
    till.centre.exchanges.slice(-3).map(({ correlationId }) => correlationId),
  );
  expect(new Set(told.map(({ correlationId }) => correlationId)).size).toBe(3);
  expect(told[0]?.correlationId).toMatch(/^[0-9a-f]{16}$/);
});

it("an idle poll is told, and so is each exchange of a backlog", async () => {
  const till = await openTill({ maxBatchChanges: 10 });
  const before = attempts(till).length;
  await till.clock.advance(30_000);
  till.terminal.transaction((tx) => {
    for (let at = 0; at < 25; at++) tx.closeOrder(sale(`o-${at}`));
  });
  await till.settle();
  expect(
    attempts(till)
      .slice(before)
      .map(({ sent, changes, outcome }) => [sent, changes, outcome]),
  ).toEqual([
    [0, 0, "ok"],
    [10, 10, "ok"],
    [10, 10, "ok"],
    [5, 5, "ok"],
  ]);
});

it("a listener that throws changes nothing", async () => {
  const till = await openTill();
  till.terminal.subscribe((event) => {
    if (event.type === "attempt") throw new Error("no room for history");
  });
  till.centre.next.push(unreachable, honestly);
  till.terminal.closeOrder(sale("a"));
  await till.settle();
  expect(till.terminal.status().pending).toBe(0);
});
