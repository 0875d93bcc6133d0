import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Programs of others are no dependency of ours: they are fetched when somebody asks for them, beside the benches' files. */
const PLACE = fileURLToPath(new URL("../../.tillsync/bench/rivals/", import.meta.url));
const INSTALL_LIMIT_MS = 120_000;

/**
 * The URL to import a package of somebody else's from, installed (without its scripts) when it is not there yet.
 *
 * @returns undefined when npm cannot get it: the rival is then reported as not run
 */
export function rival(name: string, version: string): string | undefined {
  const folder = join(PLACE, `${name.replace("/", "+")}-${version}`);
  if (!existsSync(join(folder, "node_modules", name))) {
    mkdirSync(folder, { recursive: true });
    const options = ["--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    const settings = { stdio: ["ignore", 2, 2] as ("ignore" | number)[], timeout: INSTALL_LIMIT_MS };
    if (spawnSync("npm", ["install", ...options, `${name}@${version}`], settings).status !== 0) return undefined;
  }
  return pathToFileURL(createRequire(join(folder, "package.json")).resolve(name)).href;
}
