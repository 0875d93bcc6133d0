import type { Effect } from "@tillsync/protocol";
import { expect, it } from "vitest";
import { runsOf } from "./runs.ts";

const judged = (seq: number, effect: Effect, code: string | null = null, message: string | null = null) => ({
  seq,
  effect,
  code,
  message,
});

it("tells neighbours of one effect together", () => {
  expect(runsOf([judged(4, "applied"), judged(5, "applied"), judged(6, "applied")])).toEqual([
    { fromSeq: 4, toSeq: 6, effect: "applied", code: null, message: null },
  ]);
});

it("parts where effect, code, message or the number breaks off", () => {
  const changes = [
    judged(1, "applied"),
    judged(2, "parked", "A", "x"),
    judged(3, "parked", "A", "y"),
    judged(4, "parked", "B", "y"),
    judged(5, "applied"),
    judged(7, "applied"),
  ];
  expect(runsOf(changes).map(({ fromSeq, toSeq }) => [fromSeq, toSeq])).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 4],
    [5, 5],
    [7, 7],
  ]);
});

it("has nothing to tell of nothing, and changes nothing it was given", () => {
  expect(runsOf([])).toEqual([]);
  const changes = Object.freeze([Object.freeze(judged(1, "applied")), Object.freeze(judged(2, "applied"))]);
  expect(runsOf(changes)).toHaveLength(1);
});
