// A worker: a till that is offline with so much pending, sells on, and looks at its status; then it drains.
import { openTerminal, type Terminal } from "@tillsync/engine";
import { sales } from "../sales.ts";
import type { Pending } from "../tills.ts";
import { answer } from "../worker-side.ts";

let till: Terminal | undefined;

answer(
  {
    open: ({ file, terminal, shortId }: Pending) => {
      const central = { url: "http://127.0.0.1:9", key: "tsk_offline" };
      till = openTerminal({ file, terminal, shortId, store: "main", currency: "KES", central });
      for (const sale of sales(200, 77)) till.closeOrder(sale);
      return till.status().pending;
    },
  },
  () => till?.close(0),
);
