import { rmSync } from "node:fs";
import type { Driver } from "./driver.ts";

/** Pages of one slice, 256 KiB: a sale that comes meanwhile waits for one of them, some milliseconds. */
const SLICE_PAGES = 64;

/**
 * Copies the database behind a handle into a new file, while that handle goes on being written: a slice at a time, between
 * which everything else has its turn. What is committed meanwhile goes into the copy as well, so the copy is the database
 * as it is when the last slice is done. A copy that was not finished is taken away.
 */
export async function copyDatabase(driver: Driver, file: string): Promise<void> {
  try {
    // A driver without slices copies at once, and nothing is sold until it is done.
    if (driver.backup === undefined) driver.prepare("VACUUM INTO ?").run(file);
    else await driver.backup(file, { progress: () => SLICE_PAGES });
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  }
}
