import { canonicalText, type ExchangeRequest, makeUuidv7, type WireChange } from "@tillsync/protocol";
import { describe, expect, it } from "vitest";
import { changeHash, START } from "../oracle/bytes.ts";
import { Random } from "../random.ts";
import { clockOf, memorySide } from "./sides.ts";

const TERMINAL = "0198c0de-0000-7000-8000-000000000001";
const INCARNATION = "00000000000000aa";

/** Two edits of one open order, chained. */
function edits(): [WireChange, WireChange] {
  const random = new Random("edits");
  let prevHash = START;
  const made = [1, 2].map((seq): WireChange => {
    const body = canonicalText({
      changeId: makeUuidv7(1_768_550_000_000 + seq, random.hex(20)),
      kind: "order.edited",
      localId: "table-1",
      version: seq,
      businessDate: "2026-01-16",
      occurredAt: "2026-01-16T10:11:12.345Z",
      payload: { currency: "KES", events: [{ id: `T01.${seq}`, type: "note", text: "no sugar" }] },
    });
    const hash = changeHash({ terminal: TERMINAL, incarnation: INCARNATION, seq, prevHash, origin: "", body });
    prevHash = hash;
    return { body, hash };
  });
  return made as [WireChange, WireChange];
}

/** Each seed that failed for a fault of the product becomes a test that is about nothing else. */
describe("found by simulation", () => {
  it("what is repaired is applied before what comes new with the repair (I9)", async () => {
    const { side, tables } = memorySide({ orgId: 1, storeId: 1 }, [TERMINAL], clockOf().nowMs);
    const [first, second] = edits();
    const request = { protocolVersion: 1, terminal: TERMINAL, incarnation: INCARNATION, headSeq: 2 };
    const ask = (rest: Pick<ExchangeRequest, "fromSeq" | "prevHash" | "changes"> & Pick<ExchangeRequest, "repair">) =>
      side.hear({ request: { ...request, ...rest }, cursor: "none", interrupted: false });
    const damaged: WireChange = { ...first, body: "{", damaged: true };
    const asked = await ask({ fromSeq: 1, prevHash: START, changes: [damaged] });
    expect(asked.answer?.need).toEqual([{ incarnation: INCARNATION, seq: 1 }]);
    const repair = [{ incarnation: INCARNATION, seq: 1, body: first.body }];
    const answer = await ask({ fromSeq: 2, prevHash: first.hash, changes: [second], repair });
    expect(answer.answer).toMatchObject({ durableThrough: 2, need: [] });
    expect(tables.applied.map(({ seq }) => seq)).toEqual([1, 2]);
  });
});
