import { builtinModules } from "node:module";
import { type Import, importsOf, reachedPackage, targetOf } from "./imports.ts";
import { isForTests, isTest, packageOf, type Rule, type SourceText, type Violation } from "./source.ts";

/** Who may import whom; design.md section 3. What is not listed may not. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  lanes: ["protocol"],
  engine: ["lanes", "protocol"],
  server: ["lanes", "protocol"],
  connectors: ["lanes", "protocol"],
  lan: ["protocol"],
  terminal: ["engine", "lan", "lanes", "protocol"],
  web: ["protocol"],
  cli: ["terminal", "server", "connectors", "engine", "protocol", "lanes"],
  sim: ["protocol", "lanes", "engine", "server", "connectors", "lan", "terminal"],
};

/** Runs before node_modules exists, so it cannot import by a package's name. */
const BEFORE_INSTALL = "scripts/boot.mjs";
const BUILTINS = new Set(builtinModules);
const ENGINE_DRIVERS = ["better-sqlite3", "undici"];

export const importDirection: Rule = (files) =>
  inPackages(files).flatMap((entry) => {
    const from = packageOf(entry.file.path) ?? "";
    const to = reachedPackage(entry);
    if (to === undefined || MAY_IMPORT[from]?.includes(to) === true) return [];
    const listed = MAY_IMPORT[from];
    const may =
      listed === undefined ? "is not in MAY_IMPORT of tidy" : `may import ${listed.join(", ") || "nothing of ours"}`;
    return [violation(entry, `${from} imports ${to}; ${from} ${may}`)];
  });

/** A package's `exports` are its door: no path into it, and no subpath that it does not offer. */
export const noDeepImports: Rule = (files) => {
  const doors = exportsByPackage(files);
  return importsOf(files).flatMap((entry) => {
    const target = targetOf(entry);
    const reached = reachedPackage(entry);
    if (reached === undefined || entry.file.path === BEFORE_INSTALL) return [];
    if (target.kind === "file") return [violation(entry, `path into ${reached}: import it by its name`)];
    if (target.kind !== "ours" || doors.get(reached)?.includes(target.subpath) === true) return [];
    return [violation(entry, `${entry.specifier} is not in the exports of ${reached}`)];
  });
};

export const noNodeInPureCode: Rule = (files) =>
  inPackages(files).flatMap((entry) => {
    const name = packageOf(entry.file.path);
    if (isForTests(entry.file.path)) return [];
    const builtin = isBuiltin(entry.specifier);
    // What builds the page, beside its sources, is no part of it.
    const inBrowsers = name === "protocol" || name === "lanes" || entry.file.path.startsWith("packages/web/src/");
    if (inBrowsers && builtin) {
      return [violation(entry, `${name} runs in browsers too: no ${entry.specifier}`)];
    }
    const outside = name === "engine" && !/^packages\/engine\/src\/(sqlite|system)\//.test(entry.file.path);
    if (!outside || !(builtin || ENGINE_DRIVERS.includes(entry.specifier))) return [];
    return [violation(entry, `${entry.specifier} in engine only below sqlite/ and system/`)];
  });

/** npm puts every package where all can see it, so an import that package.json does not declare works until it ships. */
export const onlyDeclaredImports: Rule = (files) => {
  const manifests = manifestsByFolder(files);
  return inPackages(files).flatMap((entry) => {
    const own = manifests.get(packageOf(entry.file.path) ?? "");
    const target = targetOf(entry);
    if (target.kind === "file" || isBuiltin(entry.specifier) || own === undefined) return [];
    const name =
      target.kind === "foreign" ? target.name : target.package === "cli" ? "tillsync" : `@tillsync/${target.package}`;
    if (name === own.name || own.dependencies.includes(name)) return [];
    const root = isForTests(entry.file.path) ? (manifests.get("")?.devDependencies ?? []) : [];
    // Types of a package that brings none are a development dependency of the root.
    if ([...own.devDependencies, ...root].includes(name)) return [];
    return [violation(entry, `${name} is not a dependency in ${own.path}`)];
  });
};

export const noTestCodeInProduct: Rule = (files) =>
  inPackages(files).flatMap((entry) => {
    const target = targetOf(entry);
    if (isForTests(entry.file.path) || target.kind !== "file" || !isForTests(target.path)) return [];
    return [violation(entry, `${entry.specifier} is code for tests`)];
  });

export const noPackageCycles: Rule = (files) => {
  const edges = new Map<string, Map<string, Import>>();
  for (const entry of inPackages(files)) {
    const to = reachedPackage(entry);
    const from = packageOf(entry.file.path) ?? "";
    if (to === undefined) continue;
    const known = edges.get(from) ?? new Map<string, Import>();
    if (!known.has(to)) known.set(to, entry);
    edges.set(from, known);
  }
  return [...edges].flatMap(([from, targets]) =>
    [...targets].flatMap(([to, entry]) => {
      const back = pathBetween(edges, to, from);
      return back === undefined ? [] : [violation(entry, `cycle of packages: ${[from, ...back].join(" -> ")}`)];
    }),
  );
};

function pathBetween(
  edges: ReadonlyMap<string, ReadonlyMap<string, Import>>,
  from: string,
  to: string,
  seen: readonly string[] = [],
): string[] | undefined {
  if (from === to) return [from];
  if (seen.includes(from)) return undefined;
  for (const next of edges.get(from)?.keys() ?? []) {
    const rest = pathBetween(edges, next, to, [...seen, from]);
    if (rest !== undefined) return [from, ...rest];
  }
  return undefined;
}

function inPackages(files: readonly SourceText[]): Import[] {
  return importsOf(files.filter((file) => packageOf(file.path) !== undefined));
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith("node:") || BUILTINS.has(specifier);
}

interface Manifest {
  readonly path: string;
  readonly name: string;
  readonly exports: readonly string[];
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
}

/** package.json by folder of the package; the root's under the empty name. */
function manifestsByFolder(files: readonly SourceText[]): Map<string, Manifest> {
  const found = files.filter((file) => /^(packages\/[^/]+\/)?package\.json$/.test(file.path));
  return new Map(found.map((file) => [packageOf(file.path) ?? "", readManifest(file)]));
}

function readManifest({ path, text }: SourceText): Manifest {
  const json = JSON.parse(text) as Record<string, unknown>;
  const keys = (name: string) => Object.keys((json[name] ?? {}) as object);
  return {
    path,
    name: String(json.name),
    exports: keys("exports"),
    dependencies: [...keys("dependencies"), ...keys("optionalDependencies"), ...keys("peerDependencies")],
    devDependencies: keys("devDependencies"),
  };
}

function exportsByPackage(files: readonly SourceText[]): Map<string, readonly string[]> {
  return new Map([...manifestsByFolder(files)].map(([folder, manifest]) => [folder, manifest.exports]));
}

function violation(entry: Import, message: string): Violation {
  const note = isTest(entry.file.path) ? " (tests obey the same)" : "";
  return { path: entry.file.path, line: entry.line, message: message + note };
}
