import { SyncError } from "@tillsync/protocol";
import type { FastifyInstance } from "fastify";
import { type TerminalAppOptions, terminalApp } from "./app.ts";

export interface TerminalHttpOptions extends TerminalAppOptions {
  /** 7070 is the first till of a machine; 0 takes any free one. */
  readonly port: number;
}

export interface TerminalHttp {
  /** Where it answers, `http://127.0.0.1:7070`. */
  readonly url: string;
  /** Finishes the requests under way and ends the event streams. The terminal itself stays open. */
  close(): Promise<void>;
}

/**
 * Opens the till's door for the POS and the browser.
 *
 * @throws SyncError CONFIG_INVALID for a host without a key or a host this machine does not have; PORT_IN_USE
 */
export async function startTerminalHttp(options: TerminalHttpOptions): Promise<TerminalHttp> {
  const { port, host = "127.0.0.1", log } = options;
  const app = terminalApp(options);
  await listen(app, host, port);
  const url = urlOf(host, boundPort(app) ?? port);
  log?.info({ url }, "terminal listening");
  return { url, close: () => app.close() };
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw listenRefusal(error, host, port);
  }
}

function listenRefusal(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "EADDRINUSE":
      return new SyncError(
        "PORT_IN_USE",
        `Port ${port} on ${host} is taken by another program; stop that one or choose another port.`,
        { port, host },
        error,
      );
    case "EACCES":
      return new SyncError(
        "CONFIG_INVALID",
        `Port ${port} on ${host} is not allowed for this user; choose one above 1023.`,
        { field: "port" },
        error,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new SyncError(
        "CONFIG_INVALID",
        `${host} is not an address of this machine; listen on 127.0.0.1, or on 0.0.0.0 with a key.`,
        { field: "host" },
        error,
      );
    default:
      return error;
  }
}

function boundPort(app: FastifyInstance): number | undefined {
  const address = app.server.address();
  return address !== null && typeof address === "object" ? address.port : undefined;
}

/** An address a browser on this machine can open; a wildcard is none. */
function urlOf(host: string, port: number): string {
  if (host === "0.0.0.0" || host === "::") return `http://127.0.0.1:${port}`;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
