import { once } from "node:events";
import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { SyncError } from "@tillsync/protocol";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { control } from "./control.ts";
import { Deliveries } from "./deliveries.ts";
import type { Machine, MachineState, Reply, ServiceRequest } from "./machine.ts";
import { pageRoutes } from "./page-routes.ts";
import { keepState, readState } from "./state-file.ts";

export interface SimulatorOptions<S extends MachineState> {
  readonly machine: Machine<S>;
  /** 0 takes any free one. */
  readonly port: number;
  readonly seed: number;
  /** Where the state is kept between runs; without it, it is gone with the process. */
  readonly stateFile?: string | undefined;
  /** Where the files of the page are. */
  readonly page: URL;
}

export interface RunningSimulator<S extends MachineState> {
  readonly url: string;
  readonly state: S;
  close(): Promise<void>;
}

/** Loopback only: whoever reaches the control API can make the service say anything. */
const HOST = "127.0.0.1";
/** The largest request that is read: ten times what a service would take. */
const MAX_BODY_BYTES = 16 * 1_048_576;
const PAD = Buffer.alloc(65_536, " ");

/**
 * A simulated service behind HTTP, with its control API below `/control/` and its page at `/`.
 *
 * @throws SyncError PORT_IN_USE, CONFIG_INVALID for a state file that is not one
 */
export async function startSimulator<S extends MachineState>(
  options: SimulatorOptions<S>,
): Promise<RunningSimulator<S>> {
  const { machine, port, stateFile } = options;
  const state = stateFile === undefined ? machine.fresh(options.seed) : readState(machine, options.seed, stateFile);
  const stopped = new AbortController();
  const deliveries = new Deliveries(machine, state, () => stateFile && keepState(machine, state, stateFile));
  const app = Fastify({ bodyLimit: MAX_BODY_BYTES, forceCloseConnections: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, _request, reply) => sendError(error, reply));
  pageRoutes(app, options.page);
  const changed = () => {
    if (stateFile !== undefined) keepState(machine, state, stateFile);
    deliveries.plan();
  };
  app.all("/control/*", (request, reply) => {
    refuseOtherPages(request);
    const [path = ""] = request.url.split("?");
    const answer = control(machine, state, { method: request.method, path, text: textOf(request) }, Date.now());
    if (request.method !== "GET") changed();
    return reply.send(answer ?? {});
  });
  app.all("/*", async (request, reply) => {
    const outcome = machine.handle(state, serviceRequest(request), Date.now());
    changed();
    if (outcome.deliverFirst) await deliveries.deliverNow();
    return send(request, reply, outcome, stopped.signal);
  });
  await listen(app, port);
  const bound = boundPort(app) ?? port;
  deliveries.plan();
  return {
    url: `http://${HOST}:${bound}`,
    state,
    close: async () => {
      stopped.abort();
      await deliveries.stop();
      await app.close();
    },
  };
}

function boundPort(app: FastifyInstance): number | undefined {
  const address = app.server.address();
  return typeof address === "object" && address !== null ? address.port : undefined;
}

async function listen(app: FastifyInstance, port: number): Promise<void> {
  try {
    await app.listen({ host: HOST, port });
  } catch (error) {
    await app.close();
    if (!(error instanceof Error && "code" in error && error.code === "EADDRINUSE")) throw error;
    const text = `Port ${port} on ${HOST} is taken by another program; stop that one or choose another port.`;
    throw new SyncError("PORT_IN_USE", text, { port, host: HOST }, error);
  }
}

function serviceRequest(request: FastifyRequest): ServiceRequest {
  const { pathname, searchParams } = new URL(request.url, "http://service");
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
  return {
    method: request.method,
    path: pathname,
    query: Object.fromEntries(searchParams),
    headers: Object.fromEntries(headers),
    body: textOf(request),
  };
}

function textOf({ body }: FastifyRequest): string {
  return typeof body === "string" ? body : "";
}

async function send(
  request: FastifyRequest,
  reply: FastifyReply,
  outcome: Reply,
  stopped: AbortSignal,
): Promise<unknown> {
  const { answer, afterMs, padBytes } = outcome;
  if (answer === null) reply.hijack();
  if (afterMs > 0) await waitFor(afterMs, stopped, request);
  if (answer === null) {
    request.raw.socket.destroy();
    return reply;
  }
  reply.code(answer.status).type(answer.type);
  return padBytes === 0 ? reply.send(answer.body) : reply.send(Readable.from(padded(answer.body, padBytes)));
}

/** Ends early when the caller has gone or the simulator stops. */
async function waitFor(ms: number, stopped: AbortSignal, request: FastifyRequest): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([stopped, over.signal]);
  try {
    await Promise.race([pause(ms, undefined, { signal }), once(request.raw.socket, "close", { signal })]);
  } catch (error) {
    if (!(error instanceof Error && error.name === "AbortError")) throw error;
  } finally {
    over.abort();
  }
}

function* padded(body: string, bytes: number): Generator<Buffer> {
  yield Buffer.from(body);
  for (let left = bytes; left > 0; left -= PAD.length) yield PAD.subarray(0, left);
}

/** A page from elsewhere, in the browser of whoever tries this out, has no say. */
function refuseOtherPages({ headers: { origin, host } }: FastifyRequest): void {
  if (origin === undefined || origin === `http://${host}`) return;
  throw new SyncError("FORBIDDEN", "Only the simulator's own page may use its control API from a browser.", { origin });
}

function sendError(error: unknown, reply: FastifyReply): FastifyReply {
  if (error instanceof SyncError) return reply.code(error.status).send(error.toBody());
  const { statusCode = 500, message = String(error) } = error as { statusCode?: number; message?: string };
  const code = statusCode === 413 ? "TOO_LARGE" : statusCode < 500 ? "INVALID_INPUT" : "INTERNAL";
  return reply.code(statusCode).send(new SyncError(code, message).toBody());
}
