import { copyFileSync, rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { refuse, unreachable } from "./testing/fake-centre.ts";
import { codeAndField } from "./testing/refusal.ts";
import { openTill, sale, type Till } from "./testing/till.ts";

const DAY = "2026-01-16";

function sell(till: Till, ...ids: string[]): (string | undefined)[] {
  return ids.map((id) => till.terminal.closeOrder(sale(id)).receiptNumber);
}

/** The centre answers that it holds receipts of this till up to `sequence`. */
function holds(till: Till, sequence: number, businessDate = DAY): void {
  till.centre.answer = { receiptCounter: { businessDate, sequence } };
}

/** Database and witness are put back together to where they were after two sales; three more were made since. */
async function rolledBackUnnoticed(): Promise<Till> {
  const till = await openTill();
  sell(till, "a", "b");
  await till.terminal.syncNow();
  await till.terminal.close();
  copyFileSync(till.file, `${till.file}.backup`);
  const seen = till.witness.seen;
  till.start();
  sell(till, "c", "d", "e");
  await till.terminal.syncNow();
  till.crash();
  for (const tail of ["-wal", "-shm"]) rmSync(`${till.file}${tail}`, { force: true });
  copyFileSync(`${till.file}.backup`, till.file);
  till.witness.seen = seen;
  return till;
}

describe("what the centre says of receipt numbers", () => {
  it("moves nothing while it has what the till gave, or less", async () => {
    const till = await openTill();
    sell(till, "a", "b", "c");
    for (const sequence of [0, 2, 3]) {
      holds(till, sequence);
      await till.terminal.syncNow();
    }
    expect(sell(till, "d")).toEqual(["T01-20260116-00004"]);
    expect(till.terminal.receiptGaps(DAY)).toMatchObject([{ documents: 4, last: 4, gaps: [], voided: [] }]);
  });

  it("of a life that was put back unnoticed are not given again: it ends, and a new one begins", async () => {
    const till = await rolledBackUnnoticed();
    till.start();
    expect(till.terminal.status()).toMatchObject({ incarnationOrdinal: 1, headSeq: 3 });
    await till.settle();
    expect(till.terminal.status()).toMatchObject({ incarnationOrdinal: 2, lanes: [{ halted: null }] });
    expect(sell(till, "x")?.[0]).toMatch(/^T01R...-20260116-00001$/);
  });

  it("is heard in the refusal of a fork, too, and once is enough", async () => {
    const till = await openTill();
    sell(till, "a");
    await till.terminal.syncNow();
    till.centre.always = refuse("FORK", { seq: 2, receiptCounter: { businessDate: DAY, sequence: 4 } });
    for (let times = 0; times < 3; times++) await till.terminal.syncNow();
    sell(till, "b");
    expect(till.terminal.receiptGaps(DAY)).toMatchObject([
      { gaps: [{ from: 2, to: 4, cause: "rolled back" }], last: 5 },
    ]);
    expect(till.store.read.all("SELECT * FROM receipt_floor")).toHaveLength(1);
  });

  it("grows further: each stretch that was lost is known by itself", async () => {
    const till = await openTill();
    sell(till, "a");
    await till.settle();
    holds(till, 3);
    await till.terminal.syncNow();
    sell(till, "b");
    await till.settle();
    holds(till, 9);
    await till.terminal.syncNow();
    expect(sell(till, "c")).toEqual(["T01-20260116-00010"]);
    const gaps = [
      { from: 2, to: 3, cause: "rolled back" },
      { from: 5, to: 9, cause: "rolled back" },
    ];
    expect(till.terminal.receiptGaps(DAY)).toMatchObject([{ documents: 3, last: 10, gaps }]);
  });

  it("of another day waits for that day", async () => {
    const till = await openTill();
    holds(till, 7, "2026-01-17");
    await till.terminal.syncNow();
    expect(sell(till, "a")).toEqual(["T01-20260116-00001"]);
    till.terminal.closeShift({});
    till.terminal.openShift({ localId: "s-2", operator: "Amina", businessDate: "2026-01-17" });
    expect(sell(till, "b")).toEqual(["T01-20260117-00008"]);
    expect(till.terminal.receiptGaps("2026-01-18")).toEqual([]);
  });

  it.each([[{ sequence: "many" }], [{ businessDate: "today", sequence: 3 }], ["5"], [null], [undefined]])(
    "is passed over when a refusal says %o",
    async (receiptCounter) => {
      const till = await openTill();
      till.centre.always = refuse("FORK", { seq: 2, receiptCounter });
      await till.terminal.syncNow();
      expect(sell(till, "a")).toEqual(["T01-20260116-00001"]);
    },
  );

  it("that the disk cannot keep now is taken up at the next answer, and stops neither sending nor selling", async () => {
    const till = await openTill();
    sell(till, "a");
    await till.terminal.syncNow();
    till.tamper("ALTER TABLE receipt_floor RENAME TO elsewhere");
    till.tamper("CREATE VIEW receipt_floor AS SELECT * FROM elsewhere");
    holds(till, 4);
    expect((await till.terminal.syncNow()).reason).toBeNull();
    expect(sell(till, "b")).toEqual(["T01-20260116-00002"]);
    till.tamper("DROP VIEW receipt_floor");
    till.tamper("ALTER TABLE elsewhere RENAME TO receipt_floor");
    await till.terminal.syncNow();
    expect(sell(till, "c")).toEqual(["T01-20260116-00005"]);
  });
});

describe("the receipt numbers of a day", () => {
  it("are told with what was taken back by which document; every one has its document, so there is no gap", async () => {
    const till = await openTill();
    sell(till, "a", "b");
    const lines = [{ item: "bread", quantity: "-2", unitPrice: "60.00" }];
    const tenders = [{ type: "cash", amountMinor: -12_000 }];
    till.terminal.closeOrder({ localId: "v", documentType: "void", original: { localId: "a" }, lines, tenders });
    expect(till.terminal.receiptGaps(DAY)).toMatchObject([
      { documents: 3, last: 3, gaps: [], voided: [{ receiptNumber: "T01-20260116-00001", by: "v" }] },
    ]);
  });

  it("that went with rows of the database are unexplained, in one run each", async () => {
    const till = await openTill();
    sell(till, "a", "b", "c", "d", "e");
    till.tamper("DELETE FROM journal WHERE local_id IN ('a', 'c', 'd')");
    expect(till.terminal.receiptGaps(DAY)).toMatchObject([
      {
        documents: 2,
        last: 5,
        gaps: [
          { from: 1, to: 1, cause: "unexplained" },
          { from: 3, to: 4, cause: "unexplained" },
        ],
      },
    ]);
  });

  it("of an earlier life may go on where nobody here can see, on its last day", async () => {
    const till = await openTill();
    sell(till, "a");
    const { incarnation, headSeq } = till.terminal.status();
    till.centre.always = unreachable;
    await till.terminal.close(0);
    till.witness.write({ incarnation, seq: headSeq + 3, hash: "ab".repeat(32) });
    till.start();
    sell(till, "b");
    const [old, young] = till.terminal.receiptGaps(DAY);
    expect(old).toMatchObject({
      terminal: "T01",
      incarnation,
      documents: 1,
      last: 1,
      gaps: [{ from: 2, to: null, cause: "lost with an earlier life" }],
    });
    expect(young).toMatchObject({ documents: 1, last: 1, gaps: [] });
    expect(young?.terminal).toMatch(/^T01R[0-9A-Z]{3}$/);
  });

  it("are asked for by a date", async () => {
    const till = await openTill();
    const code = "INVALID_INPUT";
    expect(codeAndField(() => till.terminal.receiptGaps("16/01/2026"))).toEqual({ code, field: "businessDate" });
  });
});
