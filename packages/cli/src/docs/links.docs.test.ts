import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, expect, it } from "vitest";
import { allPages, anchorsOf, linksOf, type Page, ROOT, readPage } from "./testing/markdown.ts";

const pages = allPages();

describe("the pages", () => {
  it("are found", () => {
    expect(pages.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["README.md", "docs/protocol.md", "docs/decisions/0001-workspaces-without-a-build.md"]),
    );
  });

  it.each(pages)("$path links only to what exists", (page) => {
    expect(brokenLinks(page)).toEqual([]);
  });

  it.each(pages)("$path names only tests and faults that exist", (page) => {
    const missing = linksOf(page)
      .filter(({ target }) => target.endsWith(".ts"))
      .filter(({ target, title = "" }) => title === "" || !names(sourceOf(page, target), title))
      .map(({ line, target, title }) => `${page.path}:${line}: ${target} has no "${title}"`);
    expect(missing).toEqual([]);
  });

  it.each(pages)("$path names only files that exist", ({ path, text }) => {
    const named = [...text.matchAll(/`((?:packages|scripts|tidy|examples|docs)\/[\w./-]*\w)`/g)].map(
      ([, file = ""]) => file,
    );
    expect(
      named.filter((file) => !existsSync(join(ROOT, file))),
      path,
    ).toEqual([]);
  });
});

describe("docs/decisions", () => {
  it("are numbered from 1 without a gap, each with its four parts", () => {
    const decisions = pages.filter(({ path }) => path.startsWith("docs/decisions/"));
    const numbers = decisions.map(({ path }) => Number(posix.basename(path).slice(0, 4))).sort((a, b) => a - b);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    for (const { path, text } of decisions) {
      expect(text, path).toMatch(
        /^# \d{4} .*?\n## Context\n.*?\n## Decision\n.*?\n## Alternatives\n.*?\n## Consequence\n/s,
      );
    }
  });
});

function brokenLinks(page: Page): string[] {
  return linksOf(page).flatMap(({ target, line }) => {
    if (/^https?:/.test(target)) return [];
    const [path = "", anchor] = target.split("#");
    const file = path === "" ? page.path : posix.join(posix.dirname(page.path), path);
    if (!existsSync(join(ROOT, file))) return [`${page.path}:${line}: there is no ${file}`];
    if (anchor === undefined || anchorsOf(readPage(file)).includes(anchor)) return [];
    return [`${page.path}:${line}: ${file} has no heading #${anchor}`];
  });
}

/** As a test's name, or as a key. */
function names(source: string, title: string): boolean {
  return [`"${title}"`, `\`${title}\``, `  ${title}: `].some((form) => source.includes(form));
}

function sourceOf(page: Page, target: string): string {
  const path = posix.join(posix.dirname(page.path), target);
  return existsSync(join(ROOT, path)) ? readPage(path).text : "";
}
