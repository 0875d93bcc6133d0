// Builds the till's page (packages/web) when its sources changed: about two seconds, and nothing when they did not.
// `scripts/boot.mjs` calls it. Plain JavaScript and built-ins only, like boot.mjs: it runs on the machine's own Node.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What the result is made of; the lock file says which React and which Vite. */
const SOURCES = ["packages/web", "packages/protocol/src/minor-digits.ts", "package-lock.json"];
const STAMP = "sources.sha256";

/**
 * @param root folder of the repository
 * @returns why there is no page of the present sources, in a sentence; undefined when there is one. Never throws: a till
 *   sells without its page.
 */
export function buildPage(root) {
  const web = join(root, "packages", "web");
  const vite = join(root, "node_modules", "vite", "bin", "vite.js");
  if (!existsSync(join(web, "vite.config.ts"))) return undefined;
  try {
    const wanted = hashOf(root);
    if (isBuilt(join(web, "dist"), wanted)) return undefined;
    if (!existsSync(vite)) return "The till's page cannot be built: vite is not installed.";
    return build({ root, web, vite, wanted });
  } catch (error) {
    return `The till's page could not be built (${error.message}).`;
  }
}

/** Built beside its place and moved there: nobody ever finds half a page, and two that build do not disturb each other. */
function build({ root, web, vite, wanted }) {
  const fresh = join(web, `dist.${process.pid}`);
  try {
    mkdirSync(fresh, { recursive: true });
    const options = ["build", web, "--outDir", fresh, "--emptyOutDir", "--logLevel", "warn"];
    const result = spawnSync(nodeOf(root), [vite, ...options], { cwd: root, encoding: "utf8" });
    if (result.status !== 0) return `The till's page could not be built:\n${result.stderr || result.error?.message}`;
    writeFileSync(join(fresh, STAMP), `${wanted}\n`);
    rmSync(join(web, "dist"), { recursive: true, force: true });
    renameSync(fresh, join(web, "dist"));
    return undefined;
  } catch (error) {
    // Another one was faster with the same sources.
    if (isBuilt(join(web, "dist"), wanted)) return undefined;
    throw error;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function isBuilt(dist, wanted) {
  const stamp = join(dist, STAMP);
  return existsSync(stamp) && readFileSync(stamp, "utf8").trim() === wanted;
}

function hashOf(root) {
  const hash = createHash("sha256");
  for (const file of SOURCES.flatMap((path) => filesBelow(root, path))) {
    hash.update(`${file}\n`);
    hash.update(readFileSync(join(root, file)));
  }
  return hash.digest("hex");
}

function filesBelow(root, path) {
  const place = join(root, path);
  if (!existsSync(place)) return [];
  if (!statSync(place).isDirectory()) return [path];
  return readdirSync(place)
    .filter((name) => !/^(dist(\..*)?|node_modules|.*\.test\.tsx?)$/.test(name))
    .sort()
    .flatMap((name) => filesBelow(root, `${path}/${name}`));
}

/** Vite wants a newer Node than the oldest that may run this. */
function nodeOf(root) {
  const binary = join(root, "node_modules", ".bin", process.platform === "win32" ? "node.exe" : "node");
  return existsSync(binary) ? binary : process.execPath;
}
