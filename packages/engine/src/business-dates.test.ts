import { describe, expect, it } from "vitest";
import { refusalOf } from "./testing/refusal.ts";
import { sale, Till } from "./testing/till.ts";

const HOUR = 3_600_000;
const YEAR = 365 * 24 * HOUR;

function started(settings: { timeZone?: string; dayCutoffHour?: number }): Till {
  const till = new Till(settings);
  till.start();
  return till;
}

const open = (till: Till, localId: string) => till.terminal.openShift({ localId, operator: "Amina" }).businessDate;

describe("the business date of a shift", () => {
  it("is the day before until the cut-off hour of the store's clock: a night counts for its evening (I23)", () => {
    const till = started({ timeZone: "Africa/Nairobi", dayCutoffHour: 5 });
    till.clock.jump(17 * HOUR); // 01:00 UTC on the 17th, 04:00 in Nairobi
    expect(open(till, "night")).toBe("2026-01-16");
    till.terminal.closeShift({});
    till.clock.jump(HOUR);
    expect(open(till, "morning")).toBe("2026-01-17");
  });

  it("stays when the shift goes past midnight, past the cut-off and over years of a clock that jumps (I23)", async () => {
    const till = started({ dayCutoffHour: 4 });
    expect(open(till, "s-1")).toBe("2026-01-16");
    const numbers: (string | undefined)[] = [];
    for (const [index, jump] of [18 * HOUR, 12 * HOUR, 30 * YEAR, -60 * YEAR].entries()) {
      till.clock.jump(jump);
      numbers.push(till.terminal.closeOrder(sale(`a-${index}`)).receiptNumber);
      await till.restart();
    }
    expect(numbers).toEqual([1, 2, 3, 4].map((sequence) => `T01-20260116-0000${sequence}`));
    expect(till.terminal.closeShift({})).toMatchObject({ businessDate: "2026-01-16", report: { changes: 5 } });
  });

  it("stays when zone and cut-off of the store are changed meanwhile; the next one goes by the new ones", async () => {
    const till = started({ timeZone: "UTC" });
    till.clock.jump(15 * HOUR); // 23:00 UTC
    open(till, "s-1");
    await till.restart({ timeZone: "Pacific/Auckland", dayCutoffHour: 3 });
    expect(till.terminal.closeOrder(sale("a")).receiptNumber).toBe("T01-20260116-00001");
    till.terminal.closeShift({});
    expect(open(till, "s-2")).toBe("2026-01-17"); // noon in Auckland
  });

  it.each([
    ["spring", "2026-03-29T01:59:00.000Z", "2026-03-28", "2026-03-29"],
    ["autumn", "2026-10-25T02:59:00.000Z", "2026-10-24", "2026-10-25"],
  ])("turns at the cut-off of the clock on the wall when it was put on or back in %s", (_when, at, before, after) => {
    const till = started({ timeZone: "Europe/Berlin", dayCutoffHour: 4 });
    till.clock.jump(Date.parse(at) - till.clock.wallMs());
    expect(open(till, "s-1")).toBe(before);
    till.terminal.closeShift({});
    till.clock.jump(60_000);
    expect(open(till, "s-2")).toBe(after);
  });

  it("is the one that the caller says, whatever hour it is", () => {
    const till = started({ dayCutoffHour: 23 });
    const opening = { localId: "s-1", operator: "Amina", businessDate: "2026-02-01" };
    expect(till.terminal.openShift(opening).businessDate).toBe("2026-02-01");
  });
});

it("stock that moves outside a shift counts for the business date of the moment", () => {
  const till = started({ timeZone: "Africa/Nairobi", dayCutoffHour: 5 });
  till.clock.jump(17 * HOUR);
  till.terminal.recordInventory({ localId: "i-1", item: "flour", delta: "-1", type: "waste" });
  const row = till.store.read.get<{ day: string }>("SELECT business_date AS day FROM journal WHERE local_id = 'i-1'");
  expect(row?.day).toBe("2026-01-16");
});

it.each([-1, 24, 0.5, Number.NaN])("a cut-off at %d o'clock is refused before anything is opened", (dayCutoffHour) => {
  const { code, details } = refusalOf(() => started({ dayCutoffHour }));
  expect({ code, field: details.field }).toEqual({ code: "CONFIG_INVALID", field: "dayCutoffHour" });
});
