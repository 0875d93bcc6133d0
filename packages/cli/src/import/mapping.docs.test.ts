import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { loadMapping, mappingSchema, SHIPPED_MAPPINGS } from "./mapping.ts";
import { temporaryFile } from "./testing/temporary-file.ts";

const page = await readFile(`${SHIPPED_MAPPINGS}/README.md`, "utf8");

it("examples/mappings/README.md explains every key of a mapping and no other", () => {
  const rows = page.split("\n").filter((line) => line.startsWith("| `") && !line.includes(".json`"));
  const explained = rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`(\w+)`/g)].map(([, key]) => key));
  expect(explained.toSorted()).toEqual(Object.keys(mappingSchema.shape).toSorted());
});

it("its example is a mapping", async () => {
  const example = /```json\n(.*?)```/s.exec(page)?.[1] ?? "";
  await expect(loadMapping(await temporaryFile("example.json", example))).resolves.toMatchObject({
    system: "old-till",
  });
});
