import type { Writable } from "node:stream";
import type { Recorded } from "@tillsync/engine";
import type { Every } from "./system/platform.ts";

/** A comment line this often keeps proxies and readers from taking silence for a dead connection. */
export const HEARTBEAT_MS = 15_000;

/** Records kept for a reader that does not read. Past it the oldest go, and the reader is told how many it missed. */
export const MAX_WAITING_RECORDS = 256;

/** A reader that took nothing for this many heartbeats (one minute) is gone, whatever its socket says. */
const MAX_STALLED_BEATS = 4;

/** Server-sent events to one reader, bounded however slowly it reads. */
export interface EventStream {
  /** The state of things under its event name. Only the latest is kept for a slow reader: older ones say nothing more. */
  state(name: string, data: unknown): void;
  recorded(recorded: Recorded): void;
  /** Says goodbye; the reader may connect again. */
  end(): void;
}

/**
 * Starts an event stream whose head was already written.
 *
 * What happens within one turn of the event loop goes out as one write, so that an import of thousands of sales does not
 * send thousands of states. `closed` is called once, however the stream came to its end.
 */
export function openEventStream(out: Writable, every: Every, closed: () => void): EventStream {
  const waiting: Recorded[] = [];
  let missed = 0;
  let latest: { readonly name: string; readonly data: unknown } | undefined;
  let blocked = false;
  let stalledBeats = 0;
  let scheduled = false;

  function write(text: string): void {
    if (!out.writableEnded && !out.destroyed) blocked = !out.write(text);
  }

  function flush(): void {
    scheduled = false;
    if (blocked) return;
    let text = missed > 0 ? frame("missed", { recorded: missed }) : "";
    for (const recorded of waiting) text += frame("recorded", recorded);
    if (latest) text += frame(latest.name, latest.data);
    waiting.length = 0;
    missed = 0;
    latest = undefined;
    if (text !== "") write(text);
  }

  function schedule(): void {
    if (scheduled || blocked) return;
    scheduled = true;
    setImmediate(flush);
  }

  const stopBeating = every(HEARTBEAT_MS, () => {
    if (!blocked) write(": still here\n\n");
    else if (++stalledBeats >= MAX_STALLED_BEATS) out.destroy();
  });
  out.on("drain", () => {
    blocked = false;
    stalledBeats = 0;
    flush();
  });
  // A broken pipe is how readers leave; `close` follows and does what is to be done.
  out.on("error", () => undefined);
  out.once("close", () => {
    stopBeating();
    closed();
  });
  write("retry: 2000\n\n");

  return {
    state(name, data) {
      latest = { name, data };
      schedule();
    },
    recorded(recorded) {
      if (waiting.push(recorded) > MAX_WAITING_RECORDS) {
        waiting.shift();
        missed++;
      }
      schedule();
    },
    // One who does not read would not read a goodbye either, and would keep the till from closing.
    end: () => (blocked ? out.destroy() : out.end()),
  };
}

function frame(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
