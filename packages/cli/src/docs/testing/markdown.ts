import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository. */
export const ROOT = fileURLToPath(new URL("../../../../../", import.meta.url));

export interface Page {
  /** From the root, with `/`. */
  readonly path: string;
  readonly text: string;
}

export function readPage(path: string): Page {
  return { path, text: readFileSync(join(ROOT, path), "utf8") };
}

/** Every page that people read: the root's, those of `docs/` and of `examples/`. */
export function allPages(): Page[] {
  const below = (folder: string) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((path) => `${folder}/${path}`);
  return [...readdirSync(ROOT), ...below("docs"), ...below("examples")]
    .filter((path) => path.endsWith(".md") && !path.includes("node_modules"))
    .map(readPage);
}

/** A fenced block: what is between the fences, and the comment on the line before them, if there is one. */
export interface Block {
  readonly language: string;
  readonly text: string;
  readonly comment: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
}

export function blocksOf({ text }: Page): Block[] {
  const found = text.matchAll(/(?:^<!-- ([^\n]*?) -->\n)?^```(\w*)\n(.*?)^```$/gms);
  return [...found].map((match) => {
    const [whole, comment = "", language = "", content = ""] = match;
    const fence = match.index + whole.indexOf("```");
    return { language, text: content, comment, line: text.slice(0, fence).split("\n").length };
  });
}

export interface Link {
  readonly label: string;
  readonly target: string;
  /** What stands in quotes after the target: for a test file, the name of the test that shows it. */
  readonly title: string | undefined;
  readonly line: number;
}

/** The links of a page; code is no text. */
export function linksOf({ text }: Page): Link[] {
  const prose = text.replace(/^```.*?^```$/gms, blank).replace(/`[^`\n]*`/g, blank);
  return [...prose.matchAll(/\[([^\]]*)\]\(([^)\s]+)(?:\s+"([^"]*)")?\)/g)].map((match) => {
    const [, label = "", target = "", title] = match;
    return { label, target, title, line: text.slice(0, match.index).split("\n").length };
  });
}

/** As long and with as many lines as before, so that places stay where they are. */
function blank(code: string): string {
  return code.replace(/[^\n]/g, "x");
}

/** The addresses of a page's headings, as GitHub makes them. */
export function anchorsOf({ text }: Page): string[] {
  const prose = text.replace(/^```.*?^```$/gms, "");
  return [...prose.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** The first table after a line: its cells, code marks and escapes taken off, without head and rule. */
export function tableAfter({ path, text }: Page, line: string): string[][] {
  const from = text.indexOf(`\n${line}\n`);
  if (from < 0) throw new Error(`${path} has no line "${line}"`);
  const lines = text.slice(from + line.length + 2).split("\n");
  const start = lines.findIndex((candidate) => candidate.startsWith("|"));
  const rows = lines.slice(start);
  const end = rows.findIndex((candidate) => !candidate.startsWith("|"));
  return rows.slice(2, end).map(cellsOf);
}

function cellsOf(row: string): string[] {
  const cells = row.replace(/^\||\|$/g, "").split(/(?<!\\)\|/);
  return cells.map((cell) => cell.trim().replace(/^`|`$/g, "").replaceAll("\\|", "|"));
}
