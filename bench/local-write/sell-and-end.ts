// Sells so many orders on a till without a network and stops cleanly; what strace watches.
import { sales } from "../sales.ts";
import { openOffline } from "./offline-till.ts";

const [file = "", count] = process.argv.slice(2);
const till = openOffline(file);
for (const sale of sales(Number(count))) till.closeOrder(sale);
await till.close(0);
