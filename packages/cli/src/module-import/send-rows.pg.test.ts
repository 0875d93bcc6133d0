import { gzipSync } from "node:zlib";
import { enroll, type RunningServer, startServer } from "@tillsync/server";
import { type MigratedDatabase, migratedDatabase } from "@tillsync/server/testing";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { importModule } from "../commands/import-module.ts";
import { FaultProxy } from "../demo/fault-proxy.ts";
import type { Door } from "../http-door.ts";
import { temporaryFile } from "../import/testing/temporary-file.ts";
import { moduleMapping } from "./module-mapping.ts";
import { sendRows } from "./send-rows.ts";

let database: MigratedDatabase;
let server: RunningServer;
let door: Door;

beforeAll(async () => {
  database = await migratedDatabase();
  const log = pino({ level: "silent" });
  server = await startServer({ databaseUrl: database.url, host: "127.0.0.1", port: 0, log });
  const place = { org: "demo", store: "main", currency: "KES" };
  const { key } = await enroll(database.pool, { ...place, role: "admin", name: "head office" }, 0);
  door = { url: server.url, key };
});
afterAll(async () => {
  await server.close();
  await database.drop();
});

const items = { module: "items", scope: "organization" } as const;
const many = (count: number) =>
  Array.from({ length: count }, (_, n) => `{"id":"${String(n).padStart(6, "0")}","name":"Item ${n}"}\n`).join("");

it("sends NDJSON, CSV and gzip as they are, and tells how far it is", async () => {
  const told: string[] = [];
  const ndjson = await temporaryFile("items.ndjson", many(20_000));
  const onProgress = (text: string) => void told.push(text);
  expect(await sendRows(door, { ...items, file: ndjson, onProgress })).toMatchObject({ n: 1, inserted: 20_000 });
  expect(told.at(-1)).toBe("100 % of the file sent");
  const packed = await temporaryFile("items.gz", gzipSync(many(20_001)));
  expect(await sendRows(door, { ...items, file: packed })).toMatchObject({ inserted: 1, unchanged: 20_000 });
  const csv = await temporaryFile("items.csv", "id,name,deleted\n000000,Other,\n000001,,true\n");
  expect(await sendRows(door, { ...items, file: csv })).toMatchObject({ updated: 1, deleted: 1 });
});

it("makes rows of a CSV file by a mapping", async () => {
  const file = await temporaryFile("products.csv", "barcode,product_name\n5449000000996,Cola\n123,Tea\n");
  const fields = { id: { row: true }, itemId: { row: true }, barcode: { column: "barcode" } };
  const mapping = moduleMapping.parse({ module: "itemBarcodes", fields });
  expect(await sendRows(door, { module: "itemBarcodes", scope: "store", file, mapping })).toMatchObject({
    ...{ scope: "store", inserted: 2, flagged: 1, missingReferences: 2 },
  });
});

it("tells what head office refuses, however much of the file is still to come", async () => {
  const file = await temporaryFile("wrong.ndjson", `{"id":"a","name":1}\n${many(200_000)}`);
  await expect(sendRows(door, { ...items, file })).rejects.toMatchObject({
    code: "INVALID_INPUT",
    details: { line: 1, field: "name" },
  });
  const late = await temporaryFile("late.ndjson", `${many(100_000)}{"id":"a","name":1}\n${many(100_000)}`);
  await expect(sendRows(door, { ...items, file: late })).rejects.toMatchObject({ details: { line: 100_001 } });
});

it("says what is wrong with a file that cannot be read", async () => {
  await expect(sendRows(door, { ...items, file: "/nowhere/items.csv" })).rejects.toMatchObject({
    code: "INVALID_INPUT",
    message: expect.stringContaining("there is no such file"),
  });
  const file = await temporaryFile("times.csv", "id,t\n1,soon\n");
  const fields = { id: { column: "id" }, effectiveFrom: { column: "t", format: "yyyy-MM-dd HH:mm" } };
  const mapping = moduleMapping.parse({ module: "items", fields });
  await expect(sendRows(door, { ...items, file, mapping })).rejects.toMatchObject({ details: { line: 2 } });
});

it("a connection that breaks is no fault of the file; sent again, it counts once", async () => {
  const link = await FaultProxy.open({ target: { port: Number(new URL(server.url).port) } });
  onTestFinished(() => link.close());
  const file = await temporaryFile("broken-off.ndjson", many(100_000).replaceAll("Item", "Broken off"));
  const wanted = { ...items, scope: "store", file } as const;
  for (const direction of ["up", "down"] as const) {
    link.cutAfterBytes(direction === "up" ? 1_000_000 : 0, direction);
    await expect(sendRows({ ...door, url: link.url }, wanted)).rejects.toMatchObject({
      code: "UNREACHABLE",
      message: expect.stringContaining("send the file again"),
    });
  }
  // The second time only the answer was lost.
  expect(await sendRows(door, wanted)).toMatchObject({ n: 1, inserted: 0, unchanged: 100_000 });
});

it("the command refuses what does not fit together before anything is sent", async () => {
  const common = { ...items, centre: server.url, key: door.key ?? "" };
  await expect(importModule("x", { ...common, format: "poslog" })).rejects.toThrow("--format must be csv or ndjson");
  const mapping = await temporaryFile("mapping.json", '{"module":"prices","fields":{}}');
  await expect(importModule("x", { ...common, mapping })).rejects.toThrow(
    "--mapping must be one for items; got prices",
  );
});
