// A worker: a till of ours that sells with no way to the centre.
import { openTerminal } from "@tillsync/engine";
import { readOnly } from "@tillsync/engine/sqlite";
import { sales } from "../sales.ts";
import { answer } from "../worker-side.ts";
import { timeEach } from "./time-each.ts";

export interface SellOrder {
  readonly file: string;
  readonly warmUp: number;
  readonly count: number;
}

answer({
  sell: async ({ file, warmUp, count }: SellOrder) => {
    const till = openTerminal({
      file,
      terminal: "0190a5da-c967-774b-8cce-b302099a8057",
      shortId: "T01",
      store: "STORE001",
      currency: "KES",
      // Nobody listens there: the till is offline, as it is when its own speed is all that counts.
      central: { url: "http://127.0.0.1:9", key: "tsk_offline" },
    });
    till.openShift({ operator: "Amina", businessDate: "2026-01-16" });
    await timeEach(sales(warmUp, 2), (sale) => till.closeOrder(sale));
    const timed = await timeEach(sales(count), (sale) => till.closeOrder(sale));
    await till.close(0);
    const journal = readOnly(file);
    const [row] = journal.all<{ rows: number }>("SELECT count(*) AS rows FROM journal WHERE kind = 'order.closed'");
    journal.close();
    return { ...timed, rows: (row?.rows ?? 0) - warmUp };
  },
});
