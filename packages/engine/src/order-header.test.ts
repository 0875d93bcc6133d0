import { canonicalText, toldCheck } from "@tillsync/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "./system/sha256.ts";
import { openTill, type Till } from "./testing/till.ts";

const OTHER = "0190a5da-c967-774b-8cce-b302099a8058";
const tea = { item: "tea", quantity: "1", unitPrice: "30.00" };

let till: Till;
let n: number;

beforeEach(async () => {
  n = 0;
  till = await openTill();
});

const header = () => till.terminal.order("table-4")?.header;
const head = () => till.terminal.status().headSeq;

/** The other till edits the same order, `aheadMs` after this one's clock says. */
async function otherEdits(written: object, aheadMs: number, clockOffsetMs?: number): Promise<void> {
  n += 1;
  const changeId = `0198c0de-0000-7000-8000-${String(n).padStart(12, "0")}`;
  const occurredAt = new Date(till.clock.wallMs() + aheadMs).toISOString();
  const offset = clockOffsetMs === undefined ? {} : { clockOffsetMs };
  const payload = { currency: "KES", events: [], header: written, ...offset };
  const said = { kind: "order.edited", localId: "table-4", version: n, businessDate: "2026-01-16" };
  const bodies = [canonicalText({ ...said, changeId, occurredAt, payload })];
  const given = {
    n,
    terminal: OTHER,
    incarnation: "00000000000000aa",
    fromSeq: n,
    toSeq: n,
    effect: "applied" as const,
  };
  const entries = [{ ...given, bodies, check: toldCheck(sha256, given, bodies) }];
  till.centre.next.push((_request, honest) => ({ ...honest(), entries, cursor: `c${n}` }));
  await till.terminal.syncNow();
}

describe("the header of an open order", () => {
  it("is what its edits wrote, field by field; null takes one away", () => {
    till.terminal.editOrder({ localId: "table-4", label: "Table 4", covers: 2, customerId: "c-1" });
    till.terminal.editOrder({ localId: "table-4", covers: 3, customerId: null });
    expect(header()).toEqual({ label: "Table 4", covers: 3 });
  });

  it("is not written again where it is as it was", () => {
    till.terminal.editOrder({ localId: "table-4", label: "Table 4", operator: "Amina" });
    const written = head();
    expect(till.terminal.editOrder({ localId: "table-4", label: "Table 4", operator: "Amina" })).toMatchObject({
      duplicate: true,
    });
    expect(head()).toBe(written);
    till.terminal.editOrder({ localId: "table-4", label: "Table 4", operator: "Amina", add: [tea] });
    const [step] = till.terminal.explain("table-4")?.changes.slice(-1) ?? [];
    expect(step?.body).toMatchObject({ payload: { header: { operator: "Amina" } } });
    expect(step?.body).not.toHaveProperty("payload.header.label");
  });

  it("keeps its order where the till's clock goes back", () => {
    till.terminal.editOrder({ localId: "table-4", label: "Table 4", occurredAt: "2026-01-16T12:00:00.000Z" });
    till.terminal.editOrder({ localId: "table-4", label: "Table 9", occurredAt: "2026-01-15T12:00:00.000Z" });
    expect(header()).toEqual({ label: "Table 9" });
  });

  it("takes another terminal's later write of a field, and keeps its own of the others", async () => {
    till.terminal.editOrder({ localId: "table-4", label: "Table 4", covers: 2 });
    await otherEdits({ covers: 5 }, 1_000);
    expect(header()).toEqual({ label: "Table 4", covers: 5 });
    await otherEdits({ label: "Table 1" }, -60_000);
    expect(header()).toEqual({ label: "Table 4", covers: 5 });
    await otherEdits({ label: "Table 1" }, -60_000, 120_000);
    expect(header()).toEqual({ label: "Table 1", covers: 5 });
  });

  it("can be changed after another terminal whose clock is a day ahead", async () => {
    await otherEdits({ label: "Table 1" }, 86_400_000);
    till.terminal.editOrder({ localId: "table-4", label: "Table 4" });
    expect(header()).toEqual({ label: "Table 4" });
  });
});
