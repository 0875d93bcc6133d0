import { existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { tempFolder } from "../testing/temp-folder.ts";
import { locateBinaries } from "./binaries.ts";
import { linkLibraries } from "./library-links.mjs";

describe("locateBinaries", () => {
  it("finds PostgreSQL on this machine", () => {
    expect(existsSync(locateBinaries().postgres)).toBe(true);
  });

  it("says PG_BINARIES_MISSING for a machine npm has nothing for, and what to do instead", () => {
    expect(() => locateBinaries("sunos", "sparc")).toThrow(
      expect.objectContaining({ code: "PG_BINARIES_MISSING", message: expect.stringContaining("DATABASE_URL") }),
    );
  });
});

describe("linkLibraries", () => {
  it("makes the links once, relative, and is content when they are there", () => {
    const folder = tempFolder();
    mkdirSync(join(folder, "native", "lib"), { recursive: true });
    writeFileSync(join(folder, "native", "lib", "libpq.so.5.18"), "library");
    const links = [{ source: "native/lib/libpq.so.5.18", target: "native/lib/libpq.so.5" }];
    writeFileSync(join(folder, "native", "pg-symlinks.json"), JSON.stringify(links));
    expect([linkLibraries(folder), linkLibraries(folder)]).toEqual([1, 0]);
    expect(lstatSync(join(folder, "native", "lib", "libpq.so.5")).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, "native", "lib", "libpq.so.5"), "utf8")).toBe("library");
  });

  it("does nothing on a platform without links", () => {
    expect(linkLibraries(tempFolder())).toBe(0);
  });
});
