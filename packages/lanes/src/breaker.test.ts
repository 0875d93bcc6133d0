import { expect, it } from "vitest";
import { BREAKER, type Breaker, type BreakerEvent } from "./breaker.ts";

/** The same table, drawn. */
const CELLS: Readonly<Record<Breaker, string>> = {
  // begins succeeds fails fails-slowly
  closed: "closed closed closed open",
  open: "half-open closed open open",
  "half-open": "half-open closed open open",
};
const EVENTS: readonly BreakerEvent[] = ["begins", "succeeds", "fails", "fails-slowly"];

it.each(
  (Object.keys(CELLS) as Breaker[]).flatMap((state) =>
    EVENTS.map((event, at) => [state, event, CELLS[state].split(" ")[at]] as const),
  ),
)("%s, an attempt %s: %s", (state, event, next) => {
  expect(BREAKER[state][event]).toBe(next);
});

it("opens only when the burst is over, lets a trial through, and closes on any success", () => {
  const walk = (...events: BreakerEvent[]) => events.reduce<Breaker>((state, event) => BREAKER[state][event], "closed");
  expect(walk("begins", "fails", "begins", "fails")).toBe("closed");
  expect(walk("begins", "fails-slowly")).toBe("open");
  expect(walk("begins", "fails-slowly", "begins")).toBe("half-open");
  expect(walk("begins", "fails-slowly", "begins", "fails-slowly")).toBe("open");
  expect(walk("begins", "fails-slowly", "begins", "succeeds")).toBe("closed");
});
