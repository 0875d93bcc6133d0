import { openTerminal, type Terminal } from "@tillsync/engine";

/** A till with an open shift and no way to the centre: nobody listens there, so its own speed is all that counts. */
export function openOffline(file: string): Terminal {
  const till = openTerminal({
    file,
    terminal: "0190a5da-c967-774b-8cce-b302099a8057",
    shortId: "T01",
    store: "STORE001",
    currency: "KES",
    central: { url: "http://127.0.0.1:9", key: "tsk_offline" },
  });
  till.openShift({ operator: "Amina", businessDate: "2026-01-16" });
  return till;
}
