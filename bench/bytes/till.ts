// A worker: a till that sells what a shop sold, without a network, and sends it all through the counting wire afterwards.
import { setTimeout } from "node:timers/promises";
import { openTerminal, type Terminal } from "@tillsync/engine";
import { bakery, onlineRetail, type Shop } from "../real-sales.ts";
import { answer } from "../worker-side.ts";

interface Place {
  readonly file: string;
  readonly terminal: string;
  readonly shortId: string;
  readonly url: string;
  readonly key: string;
}

const SHOPS: Readonly<Record<string, (limit: number) => Shop>> = { bakery, "online-retail": onlineRetail };
const SALES_A_COMMIT = 500;

let till: Terminal | undefined;

function open({ file, terminal, shortId, url, key }: Place, intervalMs: number): Terminal {
  const central = { url, key };
  return openTerminal({ file, terminal, shortId, store: "main", currency: "GBP", central, intervalMs });
}

answer(
  {
    sell: async ({ shop: name, limit, ...place }: Place & { shop: string; limit: number }) => {
      const shop = SHOPS[name]?.(limit);
      if (shop === undefined) throw new Error(`there is no shop ${name}`);
      const offline = open({ ...place, url: "http://127.0.0.1:9" }, 3_600_000);
      offline.openShift({ operator: "Amina", businessDate: "2026-01-16" });
      for (let at = 0; at < shop.sales.length; at += SALES_A_COMMIT) {
        offline.transaction((tx) => {
          for (const sale of shop.sales.slice(at, at + SALES_A_COMMIT)) tx.closeOrder(sale);
        });
      }
      await offline.close(0);
      const lines = shop.sales.reduce((sum, { lines }) => sum + lines.length, 0);
      return { isReal: shop.isReal, sales: shop.sales.length, lines };
    },
    drain: async (place: Place) => {
      const online = open(place, 3_600_000);
      const { left } = await online.syncNow();
      await online.close();
      return left;
    },
    /** Has nothing to send, and asks every `intervalMs`, until it is told to stop. */
    idle: async ({ intervalMs, ...place }: Place & { intervalMs: number }) => {
      till = open(place, intervalMs);
      await till.syncNow();
      await setTimeout(intervalMs * 2);
    },
  },
  () => till?.close(),
);
