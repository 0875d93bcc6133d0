import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { connect } from "node:net";
import { SyncError } from "@tillsync/protocol";

/** Takes the bytes of one receipt, whole, before it is given the next. */
export interface Printer {
  /** `begun` is called before the first byte may have come through. Rejects when not all of them did. */
  send(bytes: Uint8Array, begun: () => void): Promise<void>;
}

/** The port of raw printing, on which receipt printers listen. */
const RAW_PORT = 9100;
/** A printer that takes no byte for so long does not answer, milliseconds. Paper is changed in less. */
const SILENCE_MS = 10_000;

/**
 * The printer at `file:PATH`, `device:/dev/...` or `tcp://host:9100`.
 *
 * @throws SyncError CONFIG_INVALID for anything else
 */
export function printerAt(target: string, silenceMs: number = SILENCE_MS): Printer {
  if (/^file:./.test(target)) return filePrinter(target.slice(5), constants.O_APPEND | constants.O_CREAT, silenceMs);
  if (/^device:\/./.test(target)) return filePrinter(target.slice(7), constants.O_NONBLOCK, silenceMs);
  const url = URL.parse(target);
  const isBare = url !== null && /^\/?$/.test(url.pathname) && url.search === "" && url.username === "";
  if (url?.protocol === "tcp:" && url.hostname !== "" && isBare)
    return socketPrinter(
      url.hostname.replace(/^\[|\]$/g, ""),
      url.port === "" ? RAW_PORT : Number(url.port),
      silenceMs,
    );
  const expected = "file:PATH, device:/dev/... or tcp://host:9100";
  throw new SyncError("CONFIG_INVALID", `The printer must be ${expected}.`, { field: "Receipts.Printer", expected });
}

function filePrinter(path: string, flags: number, silenceMs: number): Printer {
  return {
    async send(bytes, begun) {
      const file = await open(path, constants.O_WRONLY | flags, 0o600);
      try {
        begun();
        await file.writeFile(bytes, { signal: AbortSignal.timeout(silenceMs) });
      } finally {
        await file.close();
      }
    },
  };
}

/** A connection for each receipt: whatever became of the last one, this one begins at its beginning. */
function socketPrinter(host: string, port: number, silenceMs: number): Printer {
  return {
    send: (bytes, begun) =>
      new Promise((resolve, reject) => {
        const socket = connect({ host, port });
        let isHandedOver = false;
        socket.setTimeout(silenceMs);
        socket.once("connect", () => {
          begun();
          socket.end(bytes);
        });
        // What a printer says is read away, or closing would break the connection off.
        socket.resume();
        socket.once("finish", () => {
          isHandedOver = true;
        });
        socket.once("timeout", () => {
          // Some printers never close: all bytes are on their way, so that is the end of this receipt.
          if (isHandedOver) socket.destroy();
          else socket.destroy(new SyncError("TIMED_OUT", "The printer takes nothing.", { part: "printer" }));
        });
        socket.once("error", reject);
        socket.once("close", () => {
          if (isHandedOver) resolve();
          else reject(new SyncError("UNREACHABLE", "The printer closed the connection.", { part: "printer" }));
        });
      }),
  };
}
