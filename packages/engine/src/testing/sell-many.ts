// A child process that sells as many orders as it is told, on a real disk, and stops cleanly.
import { betterSqlite, nodeSqlite, openStore } from "../sqlite/index.ts";
import { systemClock } from "../system/clock.ts";
import { systemIds } from "../system/ids.ts";
import { sha256 } from "../system/sha256.ts";
import { openWitness } from "../system/witness-file.ts";
import { startTerminal } from "../terminal.ts";

const [file = "", driver, sales] = process.argv.slice(2);
const till = startTerminal(
  { terminal: "0190a5da-c967-774b-8cce-b302099a8057", shortId: "T01", store: "STORE001", currency: "KES" },
  {
    clock: systemClock,
    ids: systemIds,
    sha256,
    store: openStore(file, driver === "node:sqlite" ? nodeSqlite : betterSqlite),
    witness: openWitness(`${file}.witness`),
    transport: { exchange: () => new Promise(() => {}) },
    probe: { ask: () => new Promise(() => {}) },
  },
);
till.openShift({ operator: "Amina", businessDate: "2026-01-16" });
for (let at = 0; at < Number(sales); at++) {
  till.closeOrder({
    localId: `order-${at}`,
    operator: "Amina",
    lines: Array.from({ length: 5 }, (_, line) => ({ item: `item-${line}`, quantity: "2", unitPrice: "60.00" })),
    tenders: [{ type: "cash", amountMinor: 60_000 }],
  });
}
// The way to head office hangs for ever, so the process has to be ended; every sale is durable by now.
process.exit(0);
