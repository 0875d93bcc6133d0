import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Extents, groupRows, type NumberedRow } from "./grouping.ts";
import { listOf } from "./testing/temporary-file.ts";

const numbers = fc.array(fc.constantFrom("1", "2", "3", "4", "5"), { maxLength: 60 });

describe("rows of documents, in any order", () => {
  it("come out whole, each once, documents in the order of their first rows", async () => {
    await fc.assert(
      fc.asyncProperty(numbers, async (list) => {
        const rows = rowsOf(list);
        const groups = await listOf(groupRows(flow(rows), extentsOf(rows)));
        expect(groups.map((group) => group[0]?.number)).toEqual([...new Set(list)]);
        for (const group of groups) expect(group).toEqual(rows.filter((row) => row.number === group[0]?.number));
      }),
    );
  });

  it("are never held beyond what was foretold", async () => {
    await fc.assert(
      fc.asyncProperty(numbers, async (list) => {
        const rows = rowsOf(list);
        const extents = extentsOf(rows);
        let read = 0;
        let given = 0;
        let most = 0;
        const counted = flow(rows, () => {
          read += 1;
          most = Math.max(most, read - given);
        });
        for await (const group of groupRows(counted, extents)) given += group.length;
        expect(given).toBe(list.length);
        expect(most).toBeLessThanOrEqual(extents.widest().rows);
      }),
    );
  });

  it("come out as soon as the last one is read when they follow each other", async () => {
    const rows = rowsOf(["1", "1", "2", "3", "3"]);
    let read = 0;
    const seen: number[] = [];
    const counted = flow(rows, () => {
      read += 1;
    });
    for await (const _ of groupRows(counted, extentsOf(rows))) seen.push(read);
    expect(seen).toEqual([2, 3, 5]);
  });
});

it("refuses a file whose documents are spread too far, naming one", () => {
  const extents = extentsOf(rowsOf(["7", "8", "8", "8", "7"]));
  expect(extents.widest()).toEqual({ rows: 5, number: "7" });
  expect(() => extents.checkHeld(4)).toThrow(
    "The rows of document 7 are spread over 5 rows; sort the file by document number.",
  );
  expect(() => extents.checkHeld(5)).not.toThrow();
});

it("loses nothing silently when the file changes between the passes", async () => {
  const noted = extentsOf(rowsOf(["1", "1", "2"]));
  for (const now of [["1", "1"], ["1", "1", "3"], ["1", "1", "2", "1"], ["1"]]) {
    await expect(listOf(groupRows(flow(rowsOf(now)), noted))).rejects.toThrow("changed while it was read");
  }
});

function rowsOf(list: readonly string[]): NumberedRow[] {
  return list.map((number, index) => ({ number, line: index * 2 + 2 }));
}

function extentsOf(rows: readonly NumberedRow[]): Extents {
  const extents = new Extents();
  for (const row of rows) extents.note(row);
  return extents;
}

async function* flow(rows: readonly NumberedRow[], onRow: () => void = () => {}): AsyncGenerator<NumberedRow> {
  for (const row of rows) {
    onRow();
    yield row;
  }
}
