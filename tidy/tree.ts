import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isCode, type SourceText } from "./source.ts";

const PLACES = ["packages", "scripts", "tidy", "bench", "examples", "deploy"];
const NOT_OURS = new Set(["node_modules", "dist", "coverage"]);

/** The code and the package.json files of the repository. */
export function readTree(root: string): SourceText[] {
  const paths = readdirSync(root, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return PLACES.includes(entry.name) ? pathsBelow(root, entry.name) : [];
    return [entry.name];
  });
  return paths
    .filter((path) => isCode(path) || path.endsWith("package.json"))
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

function pathsBelow(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (!entry.isDirectory()) return [path];
    return NOT_OURS.has(entry.name) || entry.name.startsWith(".") ? [] : pathsBelow(root, path);
  });
}
