import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { temporaryFile } from "../import/testing/temporary-file.ts";
import { mappedRows } from "./mapped-rows.ts";
import { loadModuleMapping, type ModuleMapping, moduleMapping } from "./module-mapping.ts";

const SHIPPED = fileURLToPath(new URL("../../../../examples/module-mappings/", import.meta.url));
const page = await readFile(`${SHIPPED}README.md`, "utf8");

async function rowsOf(content: string, mapping: Omit<ModuleMapping, "module" | "delimiter"> | object) {
  const file = await temporaryFile("source.csv", content);
  const rows: unknown[] = [];
  for await (const row of mappedRows(file, moduleMapping.parse({ module: "prices", ...mapping }))) rows.push(row);
  return rows;
}

it("a field comes from a column, a constant, the row's number, or several of them", async () => {
  const fields = {
    id: { join: [{ column: "Code" }, { row: true }], with: "@" },
    itemId: { column: "Code" },
    price: { column: "Price", decimal: true },
    currency: { constant: "KES" },
    effectiveFrom: { column: "From", format: "dd/MM/yyyy HH:mm" },
  };
  const content = "Code;Price;From\n A1 ;2,50;01/02/2026 00:00\nB2;;\n";
  expect(await rowsOf(content, { delimiter: ";", decimalMark: ",", timeZone: "Africa/Nairobi", fields })).toEqual([
    { id: "A1@1", itemId: "A1", price: "2.50", currency: "KES", effectiveFrom: "2026-01-31T21:00:00.000Z" },
    { id: "B2@2", itemId: "B2", currency: "KES" },
  ]);
});

it("rows without change, and rows with nothing in them, are passed over", async () => {
  const fields = { id: { column: "a" }, price: { column: "b" } };
  const content = "a,b\nx,1\nx,1\ny,1\nx,2\n,3\nx,1\n";
  const mapping = { fields, skipWhenEmpty: ["a"], onlyChanges: { key: "a", column: "b" } };
  const of = (id: string, price: string) => ({ id, price });
  expect(await rowsOf(content, mapping)).toEqual([of("x", "1"), of("y", "1"), of("x", "2"), of("x", "1")]);
});

it("a column that is not there and a time that is none are refused by name", async () => {
  const fields = { id: { column: "a" }, effectiveFrom: { column: "t", format: "yyyy-MM-dd HH:mm" } };
  await expect(rowsOf("a\n1\n", { fields })).rejects.toThrow('The mapping needs a column "t"');
  await expect(rowsOf("a,t\n1,2026-01-16 10:00\n2,soon\n", { fields })).rejects.toMatchObject({
    code: "INVALID_INPUT",
    details: { line: 3 },
  });
});

it("the mappings that come with Tillsync, and the example of their page, are mappings", async () => {
  const files = (await readdir(SHIPPED)).filter((name) => name.endsWith(".json"));
  for (const name of files) {
    expect(page).toContain(`| \`${name}\` |`);
    await expect(loadModuleMapping(`${SHIPPED}${name}`)).resolves.toMatchObject({ module: expect.any(String) });
  }
  const example = /```json\n(.*?)```/s.exec(page)?.[1] ?? "";
  await expect(loadModuleMapping(await temporaryFile("example.json", example))).resolves.toMatchObject({
    module: "prices",
  });
});

it("examples/module-mappings/README.md explains every key of a mapping and no other", () => {
  const rows = page.split("\n").filter((line) => line.startsWith("| `") && !line.includes(".json`"));
  const explained = rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`(\w+)`/g)].map(([, key]) => key));
  expect(explained.toSorted()).toEqual(Object.keys(moduleMapping.shape).toSorted());
});
