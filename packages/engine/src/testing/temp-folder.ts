import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder on a real disk for the running test, gone when it ends. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tillsync-engine-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Where the running test keeps a till's database. */
export function tempFile(): string {
  return join(tempFolder(), "till.db");
}
