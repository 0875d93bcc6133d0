import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder for the running test, gone when it ends. Mode 700, as a home folder is. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tillsync-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
