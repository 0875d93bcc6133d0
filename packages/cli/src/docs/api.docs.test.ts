import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { enroll, type RunningServer, startServer } from "@tillsync/server";
import { type MigratedDatabase, migratedDatabase } from "@tillsync/server/testing";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { blocksOf, ROOT, readPage } from "./testing/markdown.ts";
import { findProgram, run } from "./testing/shell.ts";

const page = readPage("docs/api.md");
const NODE = process.execPath;
const program = (name: string, script: string) => join(ROOT, "node_modules", name, script);

let database: MigratedDatabase;
let server: RunningServer;
let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  database = await migratedDatabase();
  const log = pino({ level: "silent" });
  server = await startServer({ databaseUrl: database.url, host: "127.0.0.1", port: 0, log, autoMigrate: false });
  // Below the repository, where the packages that the page installs are found.
  await mkdir(join(ROOT, ".tillsync"), { recursive: true });
  folder = await mkdtemp(join(ROOT, ".tillsync", "client-"));
});
beforeAll(async () => {
  const store = { org: "docs", store: "STORE001", currency: "KES" } as const;
  const device = await enroll(database.pool, { ...store, role: "foreign", name: "a POS" }, 0);
  const admin = await enroll(database.pool, { ...store, role: "admin", name: "head office" }, 0);
  env = { CENTRE: server.url, DEVICE_KEY: device.key, ADMIN_KEY: admin.key };
});
afterAll(async () => {
  await server.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

function block(comment: string): string {
  const found = blocksOf(page).find((one) => one.comment === `test: ${comment}`);
  if (found === undefined) throw new Error(`docs/api.md has no block "${comment}"`);
  return found.text;
}

/** Compiles only where each marked line is an error: a call that is not there, a wrong field, one that is not answered. */
const WRONG = `import createClient from "openapi-fetch";
import type { paths } from "./tillsync.js";
const client = createClient<paths>({});
// @ts-expect-error
await client.GET("/api/sync/nowhere");
// @ts-expect-error
await client.POST("/api/sync/batch", { body: { deviceId: 5 } });
const { data } = await client.GET("/health");
// @ts-expect-error
console.log(data?.state);
`;

it("a client is generated from the live description, compiles in strict mode, and prints what the page shows", async () => {
  expect(block("client set-up")).toContain('npx openapi-typescript "$CENTRE/docs/openapi.json" --output tillsync.d.ts');
  const generate = [program("openapi-typescript", "bin/cli.js"), `${server.url}/docs/openapi.json`];
  const generated = await run(NODE, [...generate, "--output", "tillsync.d.ts"], { cwd: folder });
  expect(generated, generated.output).toMatchObject({ code: 0 });

  await writeFile(join(folder, "client.ts"), block("client.ts"));
  await writeFile(join(folder, "wrong.ts"), WRONG);
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await writeFile(join(folder, "tsconfig.json"), block("tsconfig.json"));
  const compiled = await run(NODE, [program("typescript", "bin/tsc")], { cwd: folder });
  expect(compiled, compiled.output).toMatchObject({ code: 0 });

  const ran = await run(NODE, ["client.js"], { cwd: folder, env });
  const anyId = (text: string) => text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "(an id)");
  expect(anyId(ran.output)).toBe(anyId(block("client output")));
  expect(ran.code).toBe(0);
});

it("the description's examples are sent from Python", async (context) => {
  const python = findProgram("python3");
  if (python === undefined) return context.skip("not run: this machine has no python3");
  const ran = await run(python, ["-c", block("python")], { env });
  expect(page.text).toContain(`It prints \`${ran.output.trim()}\`.`);
});

it("an order is sent from a shell", async (context) => {
  if (findProgram("curl") === undefined) return context.skip("not run: this machine has no curl");
  const ran = await run("sh", ["-c", block("shell")], { env, cwd: folder });
  expect(ran, ran.output).toMatchObject({ code: 0, output: expect.stringContaining('"success":true') });
});
