import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder for the running test, gone when it ends. Mode 700, as a home folder is. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tillsync-test-"));
  // A program whose parent was killed may write a last file into it meanwhile.
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}
