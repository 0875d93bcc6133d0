import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { zstdCompressSync } from "node:zlib";
import { markRestored, openTerminal } from "@tillsync/engine";
import { betterSqlite } from "@tillsync/engine/sqlite";

// Makes the golden till of this release: a database as a till out there has it when it is updated, with everything that it
// recorded still unsent. Run once for a release, before the schema changes; what it wrote is kept for ever.
//
//   node scripts/golden-till.ts

const FOLDER = fileURLToPath(new URL("../packages/engine/src/sqlite/golden/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "tillsync-golden-"));
const file = join(folder, "till.db");
const own = { terminal: "0190a5da-c967-774b-8cce-b302099a8057", shortId: "T01", store: "main", currency: "KES" };
const open = () => openTerminal({ file, ...own, central: { url: "http://127.0.0.1:1", key: "none" } });
const bread = { item: "bread", quantity: "2", unitPrice: "60.00" };
const cash = [{ type: "cash", amountMinor: 12_000 }];

const till = open();
till.openShift({ operator: "Amina", businessDate: "2026-11-30", localId: "shift-1" });
for (let sale = 1; sale <= 20; sale++)
  till.closeOrder({
    localId: `sale-${sale}`,
    lines: [bread],
    tenders: cash,
    ...(sale % 4 ? {} : { private: { phone: "0712 000 000" } }),
  });
till.closeOrder({
  localId: "return-1",
  documentType: "return",
  lines: [{ ...bread, quantity: "-2" }],
  tenders: [{ type: "cash", amountMinor: -12_000 }],
  original: { localId: "sale-1" },
  reason: "stale",
});
till.editOrder({ localId: "table-1", add: [bread], label: "4" });
till.editOrder({ localId: "table-1", notes: [{ text: "no salt" }] });
till.payOrder({ localId: "table-1", tenders: cash });
till.editOrder({ localId: "table-2", add: [bread] });
till.deleteOrder({ localId: "table-2", reason: "left" });
till.editOrder({ localId: "table-3", add: [bread] });
till.voidOrder({ localId: "table-3", reason: "wrong" });
till.editOrder({ localId: "table-4", add: [bread] });
till.recordTransaction({ localId: "payout-1", type: "payout", amountMinor: -50_000, reason: "milk" });
till.recordInventory({ localId: "delivery-1", item: "bread", delta: "12", type: "delivery" });
till.editCustomer({ id: "customer-1", set: { name: "Wanjiku" } });
till.closeShift({});
await till.close(0);
// As if it had been restored: a second life.
rmSync(`${file}.witness`);
markRestored(file);
const second = open();
second.openShift({ operator: "Brian", businessDate: "2026-12-01", localId: "shift-2" });
second.closeOrder({ localId: "sale-last", lines: [bread], tenders: cash });
await second.close(0);

const driver = betterSqlite(file);
driver.exec("PRAGMA wal_checkpoint(TRUNCATE)");
const { user_version: schema } = driver.prepare("PRAGMA user_version").get() as { user_version: number };
driver.exec("VACUUM");
driver.close();
mkdirSync(FOLDER, { recursive: true });
const golden = join(FOLDER, `till-${String(schema).padStart(6, "0")}.db.zst`);
writeFileSync(golden, zstdCompressSync(readFileSync(file)), { flag: "wx" });
process.stdout.write(`${golden}\n`);
rmSync(folder, { recursive: true });
