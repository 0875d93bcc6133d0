import { createServer } from "node:net";
import { PostgresError } from "./postgres-error.ts";

/** Below 32768, where systems begin to hand out ports to outgoing connections, which would get in the way later. */
const FIRST_PORT = 15432;
const LAST_PORT = 25431;
const MAX_TRIES = 50;

export function portInUse(port: number, cause?: unknown): PostgresError {
  return new PostgresError(
    "PORT_IN_USE",
    `The port ${port}, asked for the database, belongs to another program: stop that one, or choose another port.`,
    { cause },
  );
}

export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** The preferred port when it is free, otherwise a random free one. */
export async function findFreePort(preferred: number | undefined): Promise<number> {
  if (preferred !== undefined && (await isPortFree(preferred))) return preferred;
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT + 1));
    if (await isPortFree(port)) return port;
  }
  throw new PostgresError(
    "PORT_IN_USE",
    `No free port between ${FIRST_PORT} and ${LAST_PORT} for the database: name one.`,
  );
}
