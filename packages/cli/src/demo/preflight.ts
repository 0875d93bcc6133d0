import { once } from "node:events";
import { accessSync, constants, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { SyncError } from "@tillsync/protocol";

/** Makes the data folder. @throws SyncError DATA_DIR_NOT_WRITABLE in one sentence */
export function ensureWritable(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    accessSync(dataDir, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const { code } = cause as { code?: string };
    throw new SyncError(
      "DATA_DIR_NOT_WRITABLE",
      `The folder ${dataDir} cannot be written (${code}): choose another one with --data-dir.`,
      { field: "data-dir", got: dataDir },
      cause,
    );
  }
}

/** Says which port is taken before anything is started. @throws SyncError PORT_IN_USE naming the port and its flag */
export async function ensureFree(ports: readonly { readonly port: number; readonly flag: string }[]): Promise<void> {
  for (const { port, flag } of ports) {
    const probe = createServer();
    try {
      probe.listen(port, "127.0.0.1");
      await once(probe, "listening");
    } catch (cause) {
      throw notFree(port, flag, cause);
    }
    probe.close();
    await once(probe, "close");
  }
}

function notFree(port: number, flag: string, cause: unknown): SyncError {
  const { code } = cause as { code?: string };
  const facts = { field: flag, got: String(port) };
  if (code === "EADDRINUSE") {
    const message = `Port ${port} is in use by another program: stop that one, or choose another port with ${flag}.`;
    return new SyncError("PORT_IN_USE", message, facts, cause);
  }
  const message = `This machine does not let us listen on port ${port} (${code}): choose another port with ${flag}.`;
  return new SyncError("CONFIG_INVALID", message, facts, cause);
}
