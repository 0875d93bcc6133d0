// A till's process behind the interposed disk, in one scene of trouble: prints one line of JSON about what came of it.
import { SyncError } from "@tillsync/protocol";
import { diskRoom } from "../../system/disk-room.ts";
import { DiskTill } from "./disk-till.ts";
import { DiskOrders } from "./interposer.ts";
import { judgeStart } from "./judge-image.ts";

const [folder = "", scene = ""] = process.argv.slice(2);
const orders = new DiskOrders(folder);
const till = new DiskTill(folder);
/** Longer sales than usual fill it sooner; of five lines it took 8,183. */
const LINES = 50;
/** More than the reserve has room for. */
const MANY = 100_000;

const codeOf = (act: () => unknown): string => {
  try {
    act();
    return "done";
  } catch (error) {
    return error instanceof SyncError ? error.code : String(error);
  }
};

/** Sells until it is refused. @returns how often it sold, and the code of the refusal */
function sellOut(): { sold: number; code: string } {
  for (let sold = 0; sold < MANY; sold++) {
    const code = codeOf(() => till.sell(LINES));
    if (code !== "done") return { sold, code };
  }
  return { sold: MANY, code: "none" };
}

async function full(): Promise<object> {
  const room = diskRoom(till.file);
  let isFull = false;
  till.room = { ...room, freeBytes: () => (isFull ? 0 : room.freeBytes()) };
  till.start();
  till.terminal.openShift({ localId: "shift-1", operator: "Amina", businessDate: "2026-01-16" });
  await till.clock.advance(5_000);
  till.sell();
  isFull = true;
  orders.quota(0);
  const { sold, code } = sellOut();
  const { storage } = till.terminal.status();
  const closing = codeOf(() => till.terminal.closeShift({ counted: [] }));
  till.drop();
  const whileFull = codeOf(() => till.start());
  const pending = whileFull === "done" ? till.terminal.status().pending : -1;
  till.drop();
  orders.heal();
  return { sold, code, storage, closing, whileFull, pending, ...judgeStart(till, []) };
}

async function slow(): Promise<object> {
  till.start();
  till.terminal.openShift({ localId: "shift-1", operator: "Amina", businessDate: "2026-01-16" });
  orders.delay("sync", 600, 3);
  const first = till.sell(1, "a");
  const again = till.terminal.closeOrder({ ...doubleTap });
  const second = till.sell(1, "b");
  till.drop();
  return {
    order: [first.seq, second.seq],
    duplicate: again.duplicate,
    sameReceipt: again.receiptNumber === first.receiptNumber,
  };
}

const doubleTap = {
  localId: "a",
  operator: "Amina",
  lines: [{ item: "item-0", quantity: "2", unitPrice: "60.00" }],
  tenders: [{ type: "cash", amountMinor: 12_000 }],
};

/** Sells until the heap is full; what was told is on the disk. The process ends by Node's own hand. */
async function memory(): Promise<object> {
  till.start();
  till.terminal.openShift({ localId: "shift-1", operator: "Amina", businessDate: "2026-01-16" });
  const kept: unknown[] = [];
  for (;;)
    kept.push(
      till.sell(),
      Array.from({ length: 20_000 }, (_, at) => ({ at })),
    );
}

const SCENES: Readonly<Record<string, () => Promise<object>>> = { full, slow, memory };
process.stdout.write(`${JSON.stringify(await SCENES[scene]?.())}\n`);
process.exit(0);
