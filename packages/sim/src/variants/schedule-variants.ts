import type { Observation } from "@tillsync/engine";
import { WATCH_EVERY_MS } from "@tillsync/lanes";
import { SyncError } from "@tillsync/protocol";
import type { Variant } from "./variant.ts";
import { givenUpAfter, withoutTimers } from "./wrap.ts";

/** Failures in a row after which the product's breaker is open, too. */
const OPEN_AFTER = 7;

/** Half as long again as the transport's own. */
const EXCHANGE_DEADLINE_MS = 45_000;

/** Ways in which a queue can silently stop, or start again too late. */
export const SCHEDULE_VARIANTS: readonly Variant[] = [
  {
    name: "no-probe",
    breaks: "after failures nothing asks whether the centre is back: a till waits for its slow period",
    caughtBy: ["I12"],
    needs: ["partition", "outage"],
    probe: () => ({ ask: async () => "silent" }),
  },
  {
    name: "one-early-failed-ping",
    breaks:
      "what the first probe said stands, and nothing is sent while the till believes that it is offline (odoo #220954)",
    caughtBy: ["I12"],
    needs: ["partition", "outage"],
    probe: (probe, machine) => {
      let first: Observation | undefined;
      return {
        ask: async (target, signal) => {
          first ??= await probe.ask(target, signal);
          believed.set(machine, first);
          return first;
        },
      };
    },
    transport: (transport, machine) => ({
      exchange: (request, signal, id) =>
        believed.get(machine) === "silent"
          ? Promise.reject(new SyncError("UNREACHABLE", "The till is offline."))
          : transport.exchange(request, signal, id),
    }),
  },
  {
    name: "breaker-stays-open",
    breaks: "the circuit breaker opens after failures in a row and never lets a trial through",
    caughtBy: ["I12"],
    needs: ["partition", "outage", "loseRequest"],
    transport: givenUpAfter(OPEN_AFTER, async () => {
      throw new SyncError("UNAVAILABLE", "The breaker is open.");
    }),
  },
  {
    name: "no-watchdog",
    likelySeed: 28,
    breaks: "nothing looks whether what is due was attempted: a lost timer stops a lane until somebody sells",
    caughtBy: ["I12"],
    needs: ["lostTimer"],
    clock: withoutTimers(WATCH_EVERY_MS),
  },
  {
    name: "no-deadline-of-its-own",
    likelySeed: 3,
    breaks: "the loop trusts the transport to end each exchange, and the watchdog looks at due times only",
    caughtBy: ["I12"],
    needs: ["hungExchange"],
    clock: withoutTimers(EXCHANGE_DEADLINE_MS, WATCH_EVERY_MS),
  },
];

/** What a till believes of its link, where it believes for good. */
const believed = new WeakMap<object, Observation>();
