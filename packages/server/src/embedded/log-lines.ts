import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { DataFolder } from "./data-folder.ts";

const LINES = 8;

/** How long each of PostgreSQL's log files is now, in bytes, by path. */
export function logSizes(clusterDir: string): ReadonlyMap<string, number> {
  const folder = join(clusterDir, "log");
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return new Map(); // not made yet
  }
  return new Map(names.map((name) => [join(folder, name), statSync(join(folder, name)).size]));
}

/** The last lines since `before`: a postmaster writes to its standard error at first, then to its own log files. */
export function lastLogLines(folder: DataFolder, before: ReadonlyMap<string, number>): string[] {
  const texts = [readFileSync(folder.startLog, "utf8")];
  for (const [path, size] of logSizes(folder.clusterDir)) {
    const known = before.get(path) ?? 0;
    // A file that became shorter is last week's, overwritten.
    if (size !== known)
      texts.push(
        readFileSync(path)
          .subarray(size > known ? known : 0)
          .toString("utf8"),
      );
  }
  const lines = texts.join("\n").split("\n");
  return lines.filter((line) => line.trim() !== "").slice(-LINES);
}
