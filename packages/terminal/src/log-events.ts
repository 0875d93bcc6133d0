import type { Terminal } from "@tillsync/engine";
import type { Log } from "./refusals.ts";

/** Writes down what the till does by itself and nobody watches; no payloads. @returns what ends it */
export function logEvents(terminal: Terminal, log: Log): () => void {
  return terminal.subscribe((event) => {
    if (event.type === "connectivity") {
      const { target, state } = event.connectivity;
      log[state === "online" ? "info" : "warn"]({ target, from: event.from, state }, "connectivity changed");
    } else if (event.type === "stalled") {
      const { code, what, message } = event.stall;
      log.error({ code, what }, message);
    }
  });
}
