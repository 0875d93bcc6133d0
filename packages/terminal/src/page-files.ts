import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** A file of the page and its packed forms, smallest first. */
export interface PageFile {
  readonly type: string;
  readonly content: Buffer;
  readonly packed: readonly { readonly encoding: "br" | "gzip"; readonly content: Buffer }[];
}

/** The built page: its start, and what that names, by file name. */
export interface PageFiles {
  readonly index: PageFile;
  readonly assets: ReadonlyMap<string, PageFile>;
}

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
};

/** Where the package of the page has it; undefined when that package is not installed. */
export function builtPage(): string | undefined {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("@tillsync/web/package.json")), "dist");
  } catch {
    return undefined;
  }
}

/** Reads all of the page, some hundred KiB; undefined when it was not built. */
export function readPage(folder: string | undefined): PageFiles | undefined {
  if (folder === undefined) return undefined;
  try {
    const index = readFile(folder, "index.html");
    const names = readdirSync(join(folder, "assets"));
    const assets = names
      .filter((name) => TYPES[endingOf(name)] !== undefined)
      .map((name) => [name, readFile(join(folder, "assets"), name, names)] as const);
    return { index, assets: new Map(assets) };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function readFile(folder: string, name: string, siblings: readonly string[] = []): PageFile {
  const packed = (
    [
      ["br", "br"],
      ["gzip", "gz"],
    ] as const
  )
    .filter(([, ending]) => siblings.includes(`${name}.${ending}`))
    .map(([encoding, ending]) => ({ encoding, content: readFileSync(join(folder, `${name}.${ending}`)) }));
  return { type: TYPES[endingOf(name)] ?? "", content: readFileSync(join(folder, name)), packed };
}

function endingOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
