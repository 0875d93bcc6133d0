import { expect, it } from "vitest";
import { tempFile } from "../testing/temp-folder.ts";
import { openTill, sale } from "../testing/till.ts";
import { readOnly } from "./reader.ts";

it("a look from outside sees each commit while the till goes on selling, and cannot write", async () => {
  const till = await openTill();
  const reader = readOnly(till.file);
  const count = () => reader.all<{ n: number }>("SELECT count(*) AS n FROM journal")[0]?.n;
  expect(count()).toBe(1);
  till.terminal.closeOrder(sale("a"));
  expect(count()).toBe(2);
  expect(
    [...reader.iterate<{ kind: string }>("SELECT kind FROM journal ORDER BY position")].map(({ kind }) => kind),
  ).toEqual(["shift.opened", "order.closed"]);
  expect(() => reader.all("DELETE FROM journal RETURNING kind")).toThrow(/readonly/);
  reader.close();
  expect(till.terminal.closeOrder(sale("b")).seq).toBe(3);
});

it("a look at a till that was never there is refused, and makes no file", () => {
  const file = tempFile();
  expect(() => readOnly(file)).toThrow(/unable to open|does not exist/);
  expect(() => readOnly(file)).toThrow();
});
