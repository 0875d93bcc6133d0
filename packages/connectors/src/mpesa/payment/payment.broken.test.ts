import { expect, it } from "vitest";
import { objectOf, wordOf } from "../client/json.ts";
import { RULES, type Rules, Schedule } from "../testing/schedule.ts";
import { changed, ended } from "./moves.ts";

/** Each of these has been written by somebody. */
const VARIANTS: Readonly<Record<string, Partial<Rules>>> = {
  "resend a push on timeout": { resends: true },
  "take a query's 500.001.1001 for a failure": {
    answered: (payment, id, asked, nowMs) => {
      const body = asked.reply.kind === "answer" ? objectOf(asked.reply.text) : undefined;
      const isError = wordOf(body?.errorCode) === "500.001.1001";
      return isError ? changed(payment, id, () => ended("FAILED", "")) : RULES.answered(payment, id, asked, nowMs);
    },
  },
  "trust the callback": {
    called: (payment, id, raw, nowMs, isTaken) => {
      const heard = RULES.called(payment, id, raw, nowMs, isTaken);
      return /"ResultCode":0/.test(raw) ? changed(heard, id, () => ({ state: "paid" })) : heard;
    },
  },
  "queue a push until the link is back": { queues: true },
  "count a duplicate callback twice": {
    paidKes: ({ callbacks, amount }) =>
      callbacks.filter(({ raw }) => /"ResultCode":0/.test(raw)).reduce((sum, { times }) => sum + times * amount, 0),
  },
  "accept one code for two sales": {
    typedIn: (payment, given, nowMs) => RULES.typedIn(payment, given, nowMs, () => false),
  },
};

it.each(Object.entries(VARIANTS))("%s is caught", async (name, broken) => {
  const caught: string[] = [];
  for (let seed = 1; seed <= 200 && caught.length === 0; seed++)
    caught.push(...(await new Schedule(seed, { ...RULES, ...broken }).play()).map((one) => `seed ${seed}: ${one}`));
  expect(caught, name).not.toEqual([]);
  expect(caught[0]).toMatch(CAUGHT_BY[name] ?? /never/);
});

/** A variant that is caught by something else than what it breaks shows nothing. */
const CAUGHT_BY: Readonly<Record<string, RegExp>> = {
  "resend a push on timeout": /charged twice|nobody asked/,
  "take a query's 500.001.1001 for a failure": /is not paid|charged twice/,
  "trust the callback": /nobody was charged|counts more/,
  "queue a push until the link is back": /charged twice|nobody asked/,
  "count a duplicate callback twice": /counts more/,
  "accept one code for two sales": /one code|counts more/,
};
