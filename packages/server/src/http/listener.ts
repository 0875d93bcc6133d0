import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { LIMITS, SyncError } from "@tillsync/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { answerOnSocket } from "./broken-request.ts";
import { boundConnections } from "./connections.ts";
import { DOOR } from "./door-limits.ts";

/** Fastify's options for what is decided on the wire, before there is a request. */
export const LISTENER = {
  bodyLimit: LIMITS.maxWireBytes,
  requestTimeout: DOOR.requestTimeoutMs,
  keepAliveTimeout: DOOR.keepAliveMs,
  http: {
    headersTimeout: DOOR.headersTimeoutMs,
    connectionsCheckingInterval: DOOR.checkConnectionsMs,
    maxHeaderSize: DOOR.maxHeaderBytes,
    // Node would answer these itself, with an empty body; `checkHead` refuses them as everything is refused.
    requireHostHeader: false,
  },
} as const;

/** Answers what Node would answer with an empty body or with silence, and bounds the connections. */
export function prepareServer(app: FastifyInstance): void {
  const { server } = app;
  const connections = boundConnections(server, { max: DOOR.maxConnections, crowded: DOOR.crowdedConnections });
  app.addHook("preClose", async () => connections.close());
  server.on("connect", (_request: IncomingMessage, socket: Socket) => {
    answerOnSocket(socket, 400, new SyncError("INVALID_INPUT", "This server is no proxy.", { field: "method" }));
  });
  server.on("checkExpectation", (_request: IncomingMessage, response: ServerResponse) => {
    const facts = { field: "expect", expected: "100-continue, or nothing" };
    const refusal = new SyncError("INVALID_INPUT", "The header Expect asks for what this server does not do.", facts);
    response.writeHead(refusal.status, { "content-type": "application/json; charset=utf-8", connection: "close" });
    response.end(JSON.stringify(refusal.toBody()));
  });
}

/** Fastify `onRequest` hook: the first line and the headers, before anything is looked up. */
export async function checkHead(request: FastifyRequest): Promise<void> {
  const { rawHeaders, url = "", httpVersion, headers } = request.raw;
  const count = rawHeaders.length / 2;
  if (count > DOOR.maxHeaders) throw tooLarge("headers", DOOR.maxHeaders, "headers", count);
  if (url.length > DOOR.maxUrlBytes) throw tooLarge("url", DOOR.maxUrlBytes, "bytes", url.length);
  if (headers.host !== undefined || httpVersion === "1.0") return;
  throw new SyncError("INVALID_INPUT", "HTTP/1.1 has to say which host is asked.", { field: "host", got: "nothing" });
}

function tooLarge(field: string, limit: number, unit: string, got: number): SyncError {
  const message = `The ${field} of a request may have ${limit} ${unit}; got ${got}.`;
  return new SyncError("TOO_LARGE", message, { field, expected: `at most ${limit} ${unit}`, got: String(got), limit });
}
