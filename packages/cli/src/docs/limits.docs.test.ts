import { LIMITS, MAX_DEPTH } from "@tillsync/protocol";
import { DEFAULT_RATES, DOOR as SERVER_DOOR } from "@tillsync/server/testing";
import { DOOR as TILL_DOOR } from "@tillsync/terminal/testing";
import { expect, it } from "vitest";
import { readPage } from "./testing/markdown.ts";

const { text } = readPage("docs/limits.md");

it.each([
  ["One request", LIMITS],
  ["One central server", { ...SERVER_DOOR, ...DEFAULT_RATES }],
  ["One till", TILL_DOOR],
])("docs/limits.md has every limit of %s once, with its value, and no other", (heading, limits) => {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const rows = [...section.matchAll(/^\| `(\w+)` \| (\d+) \| ([^|]+) \|/gm)];
  expect(rows.map(([, name, value]) => [name, Number(value)])).toEqual(Object.entries(limits));
});

it("docs/limits.md says how deep a body may be", () => {
  expect(text).toContain(`Levels of nesting: ${MAX_DEPTH}.`);
});
