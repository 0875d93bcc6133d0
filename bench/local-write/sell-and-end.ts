// Sells so many orders on a till without a network and stops cleanly; what strace watches.
import { openTerminal } from "@tillsync/engine";
import { sales } from "../sales.ts";

const [file = "", count] = process.argv.slice(2);
const till = openTerminal({
  file,
  terminal: "0190a5da-c967-774b-8cce-b302099a8057",
  shortId: "T01",
  store: "STORE001",
  currency: "KES",
  central: { url: "http://127.0.0.1:9", key: "tsk_offline" },
});
till.openShift({ operator: "Amina", businessDate: "2026-01-16" });
for (const sale of sales(Number(count))) till.closeOrder(sale);
await till.close(0);
