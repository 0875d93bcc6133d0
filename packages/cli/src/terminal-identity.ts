import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAs, SyncError, uuid } from "@tillsync/protocol";

/** The terminal's UUID, made once and kept in `terminal-id` of its folder. @throws SyncError DATA_DIR_NOT_WRITABLE */
export function terminalIdentity(dataDir: string): string {
  const file = join(dataDir, "terminal-id");
  try {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(file, `${randomUUID()}\n`, { flag: "wx" });
  } catch (cause) {
    const { code } = cause as { code?: string };
    if (code !== "EEXIST")
      throw new SyncError(
        "DATA_DIR_NOT_WRITABLE",
        `${dataDir} cannot be written (${code}); choose another folder with --data-dir.`,
        { dataDir },
        cause,
      );
  }
  return parseAs(uuid, readFileSync(file, "utf8").trim(), "CONFIG_INVALID");
}
