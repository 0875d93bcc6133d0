import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { buildPage } from "./build-page.mjs";

/** Stands in for Vite: writes a page of the source, or fails half-way when the source is bad. */
const FAKE_VITE = `
const fs = require("node:fs");
const path = require("node:path");
const [, , , web, , outDir] = process.argv;
const source = fs.readFileSync(path.join(web, "src", "main.tsx"), "utf8");
fs.writeFileSync(path.join(outDir, "index.html"), source);
if (source === "bad") { process.stderr.write("main.tsx: unexpected end\\n"); process.exit(1); }
`;

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tillsync-build-page-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  write("node_modules/vite/bin/vite.js", FAKE_VITE);
  write("node_modules/vite/package.json", "{}");
  write("packages/web/vite.config.ts", "");
  write("packages/web/src/main.tsx", "first");
  write("package-lock.json", "{}");
});

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

const page = () => readFileSync(join(root, "packages/web/dist/index.html"), "utf8");

describe("building the page", () => {
  it("happens once, and again when what it is made of changed", () => {
    expect(buildPage(root)).toBeUndefined();
    expect(page()).toBe("first");
    write("packages/web/dist/index.html", "not built again");
    expect(buildPage(root)).toBeUndefined();
    write("packages/web/src/main.test.ts", "no part of the page");
    expect(buildPage(root)).toBeUndefined();
    expect(page()).toBe("not built again");
    write("packages/web/src/main.tsx", "second");
    buildPage(root);
    expect(page()).toBe("second");
    write("packages/web/dist/index.html", "of another lock file");
    write("package-lock.json", '{"lockfileVersion":3}');
    buildPage(root);
    expect(page()).toBe("second");
  });

  it("that fails says why, and leaves the page that is there and nothing beside it", () => {
    buildPage(root);
    write("packages/web/src/main.tsx", "bad");
    expect(buildPage(root)).toContain("main.tsx: unexpected end");
    expect(page()).toBe("first");
    expect(readdirSync(join(root, "packages/web")).sort()).toEqual(["dist", "src", "vite.config.ts"]);
  });

  it("without Vite or without a page to build stops nothing", () => {
    rmSync(join(root, "node_modules"), { recursive: true });
    expect(buildPage(root)).toContain("vite is not installed");
    rmSync(join(root, "packages"), { recursive: true });
    expect(buildPage(root)).toBeUndefined();
    expect(existsSync(join(root, "packages"))).toBe(false);
  });
});
