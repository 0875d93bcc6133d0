import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, type Ids, linesOf, type Ports, sha256, startTerminal, type Terminal } from "@tillsync/engine";
import { openStore } from "@tillsync/engine/sqlite";
import { makeUuidv7, SyncError } from "@tillsync/protocol";
import { exampleCatalogue } from "./example-catalogue.ts";

const NOW_MS = Date.UTC(2026, 0, 16, 8, 0, 0, 0);

/** The real engine on a real disk, whose clock stands still and whose chance repeats; at head office nobody answers but for reference data. */
export function exampleTill(): { readonly terminal: Terminal; close(): Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), "tillsync-example-"));
  const store = openStore(join(folder, "till.db"));
  const clock: Clock = { wallMs: () => NOW_MS, monotonicMs: () => 1_000, after: () => () => {} };
  const terminal = startTerminal(
    { terminal: "0190a5da-c967-774b-8cce-b302099a8057", shortId: "T01", store: "STORE001", currency: "KES" },
    { ...portsOf(clock), store },
  );
  return {
    terminal,
    close: async () => {
      await terminal.close(0);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function portsOf(clock: Clock): Omit<Ports, "store"> {
  let calls = 0;
  const ids: Ids = {
    next: () => makeUuidv7(NOW_MS, `${(++calls).toString(16).padStart(19, "0")}0`),
    hex: (digits) => sha256(`chance ${++calls}`).slice(0, digits),
    jitter: () => 0.5,
  };
  const exchange = () => Promise.reject(new SyncError("UNREACHABLE", "Nobody answers at head office."));
  const witness = { read: () => undefined, write: () => {}, flush: () => {}, close: () => {} };
  return {
    clock,
    ids,
    witness,
    transport: { exchange, fetch: async (request) => linesOf(exampleCatalogue(request)) },
    probe: { ask: async () => "silent" },
    sha256,
  };
}
