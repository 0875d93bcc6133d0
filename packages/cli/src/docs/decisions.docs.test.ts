import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ROOT, readPage } from "./testing/markdown.ts";

it("decision 0002 names every dependency, who uses it and why, and no other", () => {
  const rows = readPage("docs/decisions/0002-dependencies.md")
    .text.split("\n")
    .map((line) => /^\| `([^`]+)` \| ([^|]+) \| (.+) \|$/.exec(line))
    .filter((match) => match !== null)
    .map(([, name = "", users = "", why = ""]) => ({ name, users: users.split(", "), why }));
  const told = Object.fromEntries(rows.map(({ name, users }) => [name, users]));
  expect(told).toEqual(Object.fromEntries(usersByDependency()));
  expect(rows.filter(({ why }) => why.length < 5)).toEqual([]);
});

/** Who declares each dependency from outside, from the package.json files. */
function usersByDependency(): Map<string, string[]> {
  const users = new Map<string, string[]>();
  for (const folder of ["", ...readdirSync(join(ROOT, "packages")).sort()]) {
    const file = join(ROOT, ...(folder === "" ? [] : ["packages", folder]), "package.json");
    const manifest = JSON.parse(readFileSync(file, "utf8")) as Record<string, Record<string, string> | undefined>;
    const kinds = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];
    for (const name of kinds.flatMap((kind) => Object.keys(manifest[kind] ?? {}))) {
      if (name.startsWith("@tillsync/")) continue;
      users.set(name, [...(users.get(name) ?? []), folder === "" ? "(root)" : folder]);
    }
  }
  return users;
}
