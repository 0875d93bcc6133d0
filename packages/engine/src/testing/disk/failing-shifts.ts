// A till's process behind the interposed disk. It plays shifts in which the N-th call of one kind fails, for each N of a
// range, in a folder of its own each; then it starts each anew as the shop would and judges it. One JSON line a shift.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DiskTill } from "./disk-till.ts";
import { variantNamed } from "./disk-variants.ts";
import type { FailingCall, ShiftOutcome } from "./failing-calls.ts";
import { FailingShift } from "./failing-shift.ts";
import { DiskOrders } from "./interposer.ts";
import { judgeStart } from "./judge-image.ts";

const [folder = "", variant = "", call = "", from, to] = process.argv.slice(2);
const failing = JSON.parse(call) as FailingCall;
const orders = new DiskOrders(folder);
for (let nth = Number(from); nth < Number(to); nth++) process.stdout.write(`${JSON.stringify(await shift(nth))}\n`);
process.exit(0);

async function shift(nth: number): Promise<ShiftOutcome> {
  const own = join(folder, `n${nth}`);
  mkdirSync(own);
  orders.heal();
  const till = new DiskTill(own, variantNamed(variant));
  till.modules.rowsPerPage = 20;
  till.modules.import("items", "organization", [{ id: "bread", name: "Bread" }]);
  const run = new FailingShift(till, orders, failing, nth);
  await run.play();
  const { struck } = run;
  till.drop();
  orders.heal();
  const { violations } = judgeStart(till, run.told, run.unsold);
  return { nth, struck, sold: run.told.length, codes: [...run.codes], violations: [...run.violations, ...violations] };
}
