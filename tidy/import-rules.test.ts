import { describe, expect, it } from "vitest";
import { findings } from "./planted.ts";
import { RULES } from "./rules.ts";

const ENGINE = "packages/engine/src/x.ts";
const SERVER = "packages/server/src/x.ts";
const MANIFESTS = {
  "package.json": '{ "name": "tillsync", "devDependencies": { "vitest": "5" } }',
  "packages/server/package.json":
    '{ "name": "@tillsync/server", "exports": { ".": "a", "./embedded": "b" }, "dependencies": { "pg": "8", "@tillsync/lanes": "1" } }',
  "packages/lanes/package.json": '{ "name": "@tillsync/lanes", "exports": { ".": "a" } }',
};

describe("packages import in one direction", () => {
  const rule = "packages import in one direction";

  it.each([
    ["engine -> server", ENGINE, 'import { x } from "@tillsync/server";'],
    ["server -> engine", SERVER, 'import { x } from "@tillsync/engine";'],
    ["a type", SERVER, 'import type { x } from "@tillsync/engine";'],
    ["a type in a type", SERVER, 'let x: import("@tillsync/engine").X;'],
    ["a dynamic import", SERVER, 'await import("@tillsync/engine");'],
    ["a re-export", SERVER, 'export * from "@tillsync/engine";'],
    ["a path", SERVER, 'import { x } from "../../engine/src/index.ts";'],
    ["a subpath", SERVER, 'import { x } from "@tillsync/engine/system";'],
    ["a test", "packages/server/src/x.test.ts", 'import { x } from "@tillsync/engine";'],
    ["a test -> sim", "packages/engine/src/x.test.ts", 'import { x } from "@tillsync/sim";'],
    ["protocol -> lanes", "packages/protocol/src/x.ts", 'import { x } from "@tillsync/lanes";'],
    ["lanes -> engine", "packages/lanes/src/x.ts", 'import { x } from "@tillsync/engine";'],
    ["lan -> lanes", "packages/lan/src/x.ts", 'import { x } from "@tillsync/lanes";'],
    ["connectors -> engine", "packages/connectors/src/x.ts", 'import { x } from "@tillsync/engine";'],
    ["terminal -> server", "packages/terminal/src/x.ts", 'import { x } from "@tillsync/server";'],
    ["terminal -> connectors", "packages/terminal/src/x.ts", 'import { x } from "@tillsync/connectors";'],
    ["cli -> sim", "packages/cli/src/x.ts", 'import { x } from "@tillsync/sim";'],
    ["sim -> cli", "packages/sim/src/x.ts", 'import { x } from "tillsync";'],
    ["web -> engine", "packages/web/src/x.tsx", 'import type { X } from "@tillsync/engine";'],
    ["terminal -> web", "packages/terminal/src/x.ts", 'import { x } from "@tillsync/web";'],
    ["sim -> web", "packages/sim/src/x.ts", 'import { x } from "@tillsync/web";'],
    ["an unknown package", "packages/new/src/x.ts", 'import { x } from "@tillsync/protocol";'],
  ])("catches %s", (_name, path, text) => {
    expect(findings(rule, { [path]: `\n${text}` })).toEqual([`${path}:2`]);
  });

  it("lets the allowed ones through", () => {
    const allowed = {
      "packages/lanes/src/x.ts": 'import { x } from "@tillsync/protocol";',
      [ENGINE]:
        'import { x } from "@tillsync/lanes"; import { y } from "./y.ts"; import { z } from "@tillsync/engine";',
      "packages/terminal/src/x.ts": 'import { x } from "@tillsync/engine"; import { y } from "@tillsync/lan";',
      "packages/cli/src/x.ts": 'import { x } from "@tillsync/server"; import { y } from "@tillsync/connectors";',
      "packages/sim/src/x.ts": 'import { x } from "@tillsync/server"; import { y } from "@tillsync/engine";',
    };
    expect(findings(rule, allowed)).toEqual([]);
  });
});

describe("no import reaches past a package's exports", () => {
  const rule = "no import reaches past a package's exports";

  it("catches paths into a package and subpaths that it does not offer", () => {
    const files = {
      ...MANIFESTS,
      "packages/cli/src/path.ts": 'import { x } from "../../server/src/embedded/index.ts";',
      "packages/cli/src/subpath.ts": 'import { x } from "@tillsync/server/src/embedded/index.ts";',
      "scripts/path.ts": 'import { x } from "../packages/server/src/embedded/index.ts";',
    };
    expect(findings(rule, files)).toEqual([
      "packages/cli/src/path.ts:1",
      "packages/cli/src/subpath.ts:1",
      "scripts/path.ts:1",
    ]);
  });

  it("lets exports through, and the script that runs before anything is installed", () => {
    const files = {
      ...MANIFESTS,
      "packages/cli/src/x.ts": 'import { x } from "@tillsync/server"; import { y } from "@tillsync/server/embedded";',
      "scripts/boot.mjs": 'import { x } from "../packages/server/src/embedded/library-links.mjs";',
    };
    expect(findings(rule, files)).toEqual([]);
  });
});

describe("pure code uses no Node API", () => {
  const rule = "pure code uses no Node API";

  it.each([
    [ENGINE, 'import { x } from "node:fs";'],
    [ENGINE, 'import { x } from "fs/promises";'],
    [ENGINE, 'import x from "better-sqlite3";'],
    [ENGINE, 'import { x } from "undici";'],
    ["packages/protocol/src/x.ts", 'import { createHash } from "node:crypto";'],
    ["packages/lanes/src/x.ts", 'import { join } from "path";'],
    ["packages/web/src/x.tsx", 'import { readFileSync } from "node:fs";'],
  ])("catches in %s: %s", (path, text) => {
    expect(findings(rule, { [path]: text })).toEqual([`${path}:1`]);
  });

  it("leaves tests, sqlite/ and system/ alone", () => {
    const files = {
      "packages/engine/src/sqlite/x.ts": 'import x from "better-sqlite3"; import { y } from "node:fs";',
      "packages/engine/src/system/x.ts": 'import { x } from "undici";',
      "packages/engine/src/x.test.ts": 'import { x } from "node:fs";',
      "packages/protocol/src/x.test.ts": 'import { x } from "node:fs";',
      "packages/web/vite.config.ts": 'import { x } from "node:zlib";',
      [SERVER]: 'import { x } from "node:fs";',
    };
    expect(findings(rule, files)).toEqual([]);
  });
});

describe("every import is declared in package.json", () => {
  const rule = "every import is declared in package.json";

  it("catches what works only because npm puts all packages in one place", () => {
    const files = {
      ...MANIFESTS,
      [SERVER]:
        'import pg from "pg";\nimport { z } from "zod";\nimport { x } from "@tillsync/protocol";\nimport "vitest";',
    };
    expect(findings(rule, files)).toEqual([`${SERVER}:2`, `${SERVER}:3`, `${SERVER}:4`]);
  });

  it("lets tests use the tools of the root", () => {
    const files = { ...MANIFESTS, "packages/server/src/x.test.ts": 'import { it } from "vitest"; import "node:fs";' };
    expect(findings(rule, files)).toEqual([]);
  });
});

it("catches product code that imports code for tests", () => {
  const rule = "product code imports no test code";
  const text = 'import { x } from "./testing/fresh-database.ts";';
  expect(findings(rule, { [SERVER]: text, "packages/server/src/x.test.ts": text })).toEqual([`${SERVER}:1`]);
});

it("catches a cycle of packages, however long", () => {
  const files = {
    "packages/a/src/x.ts": 'import "@tillsync/b";',
    "packages/b/src/x.ts": 'import "@tillsync/c";',
    "packages/c/src/x.ts": 'import "@tillsync/a";',
    "packages/d/src/x.ts": 'import "@tillsync/a";',
  };
  const rule = "packages form no cycle";
  expect(findings(rule, files)).toEqual(["packages/a/src/x.ts:1", "packages/b/src/x.ts:1", "packages/c/src/x.ts:1"]);
  expect(RULES[rule]?.([{ path: "packages/a/src/x.ts", text: 'import "@tillsync/b";' }])).toEqual([]);
});
