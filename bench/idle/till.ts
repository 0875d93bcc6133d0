// A worker: a till with a history and nothing to say, that asks for news every few milliseconds.
import { setTimeout } from "node:timers/promises";
import { openTerminal, type Terminal } from "@tillsync/engine";
import type { Pending } from "../tills.ts";
import { answer } from "../worker-side.ts";

interface Given extends Pending {
  readonly url: string;
  readonly key: string;
  readonly intervalMs: number;
}

let till: Terminal | undefined;

answer(
  {
    /** Sends its history first, then rests until the interval has passed a few times. */
    open: async ({ file, terminal, shortId, url, key, intervalMs }: Given) => {
      till = openTerminal({
        file,
        terminal,
        shortId,
        store: "main",
        currency: "KES",
        central: { url, key },
        intervalMs,
      });
      const { left } = await till.syncNow();
      await setTimeout(intervalMs * 10);
      return left;
    },
    /** @returns how often it asked meanwhile */
    rest: async ({ ms }: { ms: number }) => {
      let asked = 0;
      const unsubscribe = till?.subscribe((event) => {
        if (event.type === "status" && event.status.syncState === "Syncing") asked++;
      });
      await setTimeout(ms);
      unsubscribe?.();
      return asked;
    },
  },
  () => till?.close(0),
);
