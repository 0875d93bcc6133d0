// A worker: a till that sells while its loop exchanges with whatever is at the given address.
import { openTerminal, type Terminal } from "@tillsync/engine";
import { readOnly } from "@tillsync/engine/sqlite";
import { timeEach } from "../local-write/time-each.ts";
import { sales } from "../sales.ts";
import { answer } from "../worker-side.ts";

interface Given {
  readonly file: string;
  readonly terminal: string;
  readonly shortId: string;
  readonly url: string;
  readonly key: string;
}

let till: Terminal | undefined;
let given: Given | undefined;

answer(
  {
    open: (options: Given) => {
      const { file, terminal, shortId, url, key } = options;
      given = options;
      till = openTerminal({ file, terminal, shortId, store: "main", currency: "KES", central: { url, key } });
      till.openShift({ operator: "Amina", businessDate: "2026-01-16" });
    },
    sell: async ({ warmUp, count }: { warmUp: number; count: number }) => {
      await timeEach(sales(warmUp, 2), (sale) => till?.closeOrder(sale));
      return timeEach(sales(count), (sale) => till?.closeOrder(sale));
    },
    /** Sends the rest. @returns how much could not be sent */
    send: async () => (await till?.syncNow())?.left,
    rows: () => {
      const journal = readOnly(given?.file ?? "");
      const [row] = journal.all<{ rows: number }>("SELECT count(*) AS rows FROM journal WHERE kind = 'order.closed'");
      journal.close();
      return row?.rows;
    },
  },
  () => till?.close(0),
);
