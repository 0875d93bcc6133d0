import { readdirSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";

/** Takes away log files of this name that were last written before then. What cannot be removed stays for the next time. */
export function removeOldLogs(directory: string, name: string, beforeMs: number): void {
  for (const file of namesIn(directory)) {
    if (!file.startsWith(`${name}.`) || !/\.\d{4}-\d{2}-\d{2}\.\d+\.log$/.test(file)) continue;
    const path = join(directory, file);
    try {
      if (statSync(path).mtimeMs < beforeMs) unlinkSync(path);
    } catch {
      // Somebody else has it open, or took it away.
    }
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // the folder is gone; there is nothing to take away
  }
}
