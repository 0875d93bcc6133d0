import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type MigratedDatabase, migratedDatabase } from "@tillsync/server/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blocksOf, ROOT, readPage } from "./testing/markdown.ts";
import { Newcomer } from "./testing/newcomer.ts";

const PAGES = ["README.md", "CONTRIBUTING.md"];
const RUN = new Set(["sh", "ts", "text"]);
const blocks = PAGES.flatMap((path) =>
  blocksOf(readPage(path))
    .filter(({ language }) => RUN.has(language))
    .map((block) => ({ block, place: `${path}:${block.line}`, first: block.text.split("\n", 1)[0] })),
);
const missing = Newcomer.missingPrograms();

/** The longest block starts a shop, kills its parts, and compares everything; on a busy machine that takes a while. */
const BLOCK_TIMEOUT_MS = 120_000;

describe("a newcomer who does what the pages say, from top to bottom", () => {
  let database: MigratedDatabase | undefined;
  let newcomer: Newcomer | undefined;

  beforeAll(async () => {
    if (missing.length > 0) return;
    database = await migratedDatabase();
    newcomer = await Newcomer.arrive(database.url);
  });
  afterAll(async () => {
    await newcomer?.leave();
    await database?.drop();
  });

  it.for(blocks)("$place: $first", { timeout: BLOCK_TIMEOUT_MS }, async ({ block }, { skip }) => {
    if (newcomer === undefined) return skip(`not run: this machine has no ${missing.join(", no ")}`);
    const why = await newcomer.follow(block);
    if (why !== undefined) skip(`not run: ${why}`);
  });
});

it("every npm script that the pages name exists", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: object };
  const named = PAGES.flatMap((path) => [...readPage(path).text.matchAll(/npm (?:run (\w+)|(start|test)\b)/g)]);
  const names = new Set(named.map(([, script, short = ""]) => script ?? short));
  expect([...names].filter((name) => !(name in scripts))).toEqual([]);
});
