import type { Credential } from "./credential.ts";
import type { Ports, Witness } from "./ports.ts";
import type { TerminalSettings } from "./settings.ts";
import { openStore } from "./sqlite/store.ts";
import { systemClock } from "./system/clock.ts";
import { diskRoom } from "./system/disk-room.ts";
import { httpProbe } from "./system/http-probe.ts";
import { httpTransport } from "./system/http-transport.ts";
import { systemIds } from "./system/ids.ts";
import { sha256 } from "./system/sha256.ts";
import { openWitness } from "./system/witness-file.ts";
import { startTerminal } from "./terminal.ts";
import type { Terminal } from "./verbs.ts";

export interface TerminalOptions extends TerminalSettings {
  /** Path of the till's database; `FILE.lock` and `FILE.witness` lie beside it. */
  readonly file: string;
  /** `key`: a text from `tillsync enroll`, or the machine's own credential (`machineCredential`). */
  readonly central: { readonly url: string; readonly key: string | Credential; readonly timeoutMs?: number };
}

/**
 * Opens a till: its database, its witness, the way to the centre, and the loop that drains the journal.
 *
 * ```ts
 * const till = openTerminal({
 *   file: "data/till.db", terminal: "0198…", shortId: "T01", store: "STORE001", currency: "KES",
 *   central: { url: "http://127.0.0.1:8080", key: "tsk_…" },
 * });
 * till.openShift({ operator: "Amina" });
 * till.closeOrder({ localId: "…", lines: [{ item: "bread", quantity: "2", unitPrice: "60.00" }], tenders: [{ type: "cash", amountMinor: 12_000 }] });
 * ```
 *
 * @throws SyncError LOCKED, SQLITE_TOO_OLD, SQLITE_NOT_DURABLE, DATA_DIR_NOT_WRITABLE, STORE_DAMAGED, STORE_FAILING,
 * STORE_FULL, CONFIG_INVALID
 */
export function openTerminal(options: TerminalOptions): Terminal {
  const transport = httpTransport(options.central);
  const probe = httpProbe(options.central.url);
  const store = openStore(options.file);
  let witness: Witness | undefined;
  try {
    witness = openWitness(`${options.file}.witness`);
    const room = diskRoom(options.file);
    const ports: Ports = { clock: systemClock, ids: systemIds, store, witness, transport, probe, sha256, room };
    const terminal = startTerminal(options, ports);
    const close = terminal.close.bind(terminal);
    let closing: Promise<void> | undefined;
    terminal.close = (graceMs) => {
      closing ??= close(graceMs).then(async () => void (await Promise.all([transport.close(), probe.close()])));
      return closing;
    };
    return terminal;
  } catch (error) {
    witness?.close();
    store.close();
    throw error;
  }
}
