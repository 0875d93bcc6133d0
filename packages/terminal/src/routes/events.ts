import type { Terminal } from "@tillsync/engine";
import { SyncError } from "@tillsync/protocol";
import type { FastifyInstance, FastifyReply } from "fastify";
import { type EventStream, openEventStream } from "../event-stream.ts";
import { lightOf } from "../light.ts";
import type { Every } from "../system/platform.ts";

/** Streams open at a time: a till has a POS, a status page and a few embedded lights. More is a client gone wrong. */
export const MAX_STREAMS = 64;

/** `/api/events` for the POS and the status page, `/light/events` for the embedded light, which learns colour and counts only. */
export function eventRoutes(app: FastifyInstance, terminal: Terminal, every: Every): void {
  const streams = new Set<EventStream>();

  // A HEAD of an endless answer would never end.
  const options = { exposeHeadRoute: false };

  app.get("/api/events", options, (_request, reply) => {
    const now = terminal.status();
    const stream = open(reply, (listener) =>
      terminal.subscribe((event) => {
        if (event.type === "status") listener.state("status", event.status);
        else if (event.type === "recorded") listener.recorded(event.recorded);
      }),
    );
    stream.state("status", now);
    return reply;
  });

  app.get("/light/events", options, (_request, reply) => {
    const now = lightOf(terminal.status());
    const stream = open(reply, (listener) =>
      terminal.subscribe((event) => {
        if (event.type === "status") listener.state("light", lightOf(event.status));
      }),
    );
    stream.state("light", now);
    return reply;
  });

  // Open streams would keep the server from closing for ever.
  app.addHook("preClose", async () => {
    for (const stream of streams) stream.end();
  });

  function open(reply: FastifyReply, subscribe: (stream: EventStream) => () => void): EventStream {
    if (streams.size >= MAX_STREAMS) {
      throw new SyncError("TOO_MANY_REQUESTS", `${MAX_STREAMS} event streams are open on this till; close one first.`);
    }
    reply.hijack();
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) reply.raw.setHeader(name, value);
    reply.raw.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" });
    const stream = openEventStream(reply.raw, every, () => {
      streams.delete(stream);
      unsubscribe();
    });
    const unsubscribe = subscribe(stream);
    streams.add(stream);
    return stream;
  }
}
