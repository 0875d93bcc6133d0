import type { Destination, Found, Outcome } from "@tillsync/lanes";
import fc from "fast-check";
import { expect, it } from "vitest";
import { hear } from "./envelope.ts";
import type { EtimsItem } from "./item.ts";
import { afterOutcome, type Numbers } from "./numbering.ts";
import type { EtimsMode } from "./paths.ts";
import { expectedNumberIn } from "./result-classes.ts";
import { mishaps, RULES, type Rules, Sender } from "./testing/sender.ts";

/** The same invoice with another number, at once. */
function under({ next, bound }: Numbers, invcNo: number) {
  const itemId = bound?.itemId ?? "";
  return { numbers: { next, bound: { itemId, invcNo } }, step: { do: "renumber", alert: true } } as const;
}

const SCHEDULES = fc.sample(mishaps, { numRuns: 100, seed: 7 });

type Judge = Partial<Pick<Destination<EtimsItem>, "outcomeOf" | "foundOf">>;
const judging = (change: (right: Destination<EtimsItem>) => Judge): Rules => ({
  ...RULES,
  around: (right) => ({ ...right, ...change(right) }),
});

/** Mistakes that clients in use make, and what they come to. */
const BROKEN: readonly (readonly [name: string, mode: EtimsMode, rules: Rules, caught: RegExp])[] = [
  [
    "resends on a timeout, with the number that the refusal then names",
    "oscu-gateway",
    {
      ...RULES,
      afterOutcome: (numbers, outcome) => {
        if (outcome.verdict === "unknown") return { numbers, step: { do: "send" } };
        const expected = outcome.verdict === "duplicate" ? expectedNumberIn(outcome.message) : undefined;
        return expected === undefined ? afterOutcome(numbers, outcome) : under(numbers, expected);
      },
    },
    /declared twice/,
  ],
  [
    "renumbers at once on an unknown",
    "oscu-direct",
    {
      ...RULES,
      afterOutcome: (numbers, outcome) =>
        outcome.verdict === "unknown"
          ? under(numbers, (numbers.bound?.invcNo ?? 0) + 1)
          : afterOutcome(numbers, outcome),
    },
    /declared twice/,
  ],
  [
    "takes 999 and codes that it does not know for a refusal",
    "oscu-direct",
    judging((right) => ({
      outcomeOf: (item, reply): Outcome => {
        const outcome = right.outcomeOf(item, reply);
        const isCode = reply.kind === "answer" && hear(reply.text)?.resultCode !== undefined;
        return outcome.verdict === "unknown" && isCode ? { ...outcome, verdict: "parked" } : outcome;
      },
    })),
    /KRA has what was parked/,
  ],
  [
    "takes another's invoice under its number for its own",
    "oscu-direct",
    judging((right) => ({
      foundOf: (item, reply): Found => {
        const found = right.foundOf(item, reply);
        return found.verdict === "parked" ? { verdict: "there" } : found;
      },
    })),
    /another's signature/,
  ],
  [
    "takes an empty answer during an outage for absence",
    "vscu",
    judging((right) => ({
      foundOf: (item, reply): Found => {
        const isEmpty = reply.kind === "answer" && (hear(reply.text)?.data ?? null) === null;
        return isEmpty ? { verdict: "absent" } : right.foundOf(item, reply);
      },
    })),
    /taken for absent/,
  ],
];

it.each(BROKEN)("a sender that %s is caught", async (_name, mode, rules, caught) => {
  const faults: string[] = [];
  for (const drawn of SCHEDULES) {
    faults.push(...(await new Sender(mode, drawn, rules).run(3)));
    if (faults.some((fault) => caught.test(fault))) return;
  }
  expect(faults).toEqual(expect.arrayContaining([expect.stringMatching(caught)]));
});

it("and the right one is not, on the same schedules", async () => {
  for (const drawn of SCHEDULES) expect(await new Sender("oscu-direct", drawn).run(3)).toEqual([]);
});
