// A worker: a till of ours that sells with no way to the centre.
import { readOnly } from "@tillsync/engine/sqlite";
import { sales } from "../sales.ts";
import { answer } from "../worker-side.ts";
import { openOffline } from "./offline-till.ts";
import { timeEach } from "./time-each.ts";

export interface SellOrder {
  readonly file: string;
  readonly warmUp: number;
  readonly count: number;
}

answer({
  sell: async ({ file, warmUp, count }: SellOrder) => {
    const till = openOffline(file);
    await timeEach(sales(warmUp, 2), (sale) => till.closeOrder(sale));
    const timed = await timeEach(sales(count), (sale) => till.closeOrder(sale));
    await till.close(0);
    const journal = readOnly(file);
    const [row] = journal.all<{ rows: number }>("SELECT count(*) AS rows FROM journal WHERE kind = 'order.closed'");
    journal.close();
    return { ...timed, rows: (row?.rows ?? 0) - warmUp };
  },
});
