import { parseBody } from "@tillsync/protocol";
import { readGolden } from "@tillsync/protocol/testing";
import { expect, it } from "vitest";
import { type Manifest, reportOf } from "./manifest.ts";

function golden(name: string): { manifest: Manifest; incarnation: string } {
  const found = readGolden().find((change) => change.name === `v1/${name}`);
  if (found === undefined) throw new Error(`there is no golden change ${name}`);
  return { manifest: parseBody(found.body).payload as Manifest, incarnation: found.incarnation };
}

it("a closing of before there were drawers says what it said, and nothing of a drawer", () => {
  const { manifest, incarnation } = golden("shift.closed");
  const { totals, counts } = manifest;
  expect(reportOf("shift-1", incarnation, manifest)).toEqual({
    localId: "shift-1",
    changes: 8,
    counts,
    totals,
    openingFloatMinor: null,
    currency: null,
    cashMoves: [],
    expected: [],
    counted: [],
    overShort: [],
    receipts: [],
    openOrders: 0,
    parts: [{ incarnation, openSeq: 1, closeSeq: 8, chainHead: manifest.chainHead, counts, totals }],
  });
});

it("a closing in a later life is told as one shift, with each life by itself", () => {
  const { manifest, incarnation } = golden("shift.closed-reborn");
  const report = reportOf("shift-2", incarnation, manifest);
  expect(report).toMatchObject({
    changes: 3,
    counts: { "transaction.recorded": 1, "terminal.reborn": 1, "inventory.updated": 1 },
    totals: [{ currency: "KES", tender: "cash", amountMinor: -50_000 }],
  });
  expect(report.parts.map((part) => [part.incarnation, part.openSeq, part.closeSeq])).toEqual([
    ["00112233445566ff", 10, 10],
    [incarnation, 1, 2],
  ]);
});
