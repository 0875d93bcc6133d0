import { MAX_QUEUE_PAGE, type QueueItem, type Terminal } from "@tillsync/engine";
import { SyncError } from "@tillsync/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type HeadOffice, noAnswer } from "../head-office.ts";
import { readInput } from "../input.ts";
import { conflictPlace, conflictQuery, conflictResolving } from "../schemas.ts";

/**
 * What lost to another version. Head office keeps it and decides: while there is a link its answer is handed on, with
 * `source: "head-office"`. Without one the till shows what came down to it of its own changes, `source: "till"`.
 */
export function conflictRoutes(app: FastifyInstance, terminal: Terminal, headOffice: HeadOffice | undefined): void {
  app.get("/api/conflicts", async (request, reply) => {
    const query = readInput(conflictQuery, request.query);
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
    return fromHeadOffice(reply, headOffice, `/api/conflicts?${parameters}`, () => {
      const conflicts = query.state === "resolved" ? [] : ownConflicts(terminal);
      return { source: "till", conflicts, open: conflicts.length, next: null };
    });
  });

  app.get("/api/conflicts/:id", async (request: FastifyRequest<{ Params: { id: string } }>, reply) => {
    const { id } = readInput(conflictPlace, request.params);
    const own = ownConflicts(terminal).find((one) => one.id === id);
    // Ids of head office are numbers.
    if (own !== undefined)
      return reply.send({ source: "till", ...own, localData: said(terminal, own), remoteData: null });
    return fromHeadOffice(reply, headOffice, `/api/conflicts/${encodeURIComponent(id)}`, () => {
      throw noAnswer();
    });
  });

  app.post("/api/conflicts/:id/resolve", async (request: FastifyRequest<{ Params: { id: string } }>, reply) => {
    const { id } = readInput(conflictPlace, request.params);
    const decision = readInput(conflictResolving, request.body);
    if (headOffice === undefined) throw noAnswer();
    const path = `/api/conflicts/${encodeURIComponent(id)}/resolve`;
    const { status, text } = await headOffice.ask("POST", path, JSON.stringify(decision));
    return reply.code(status).header("content-type", JSON_TYPE).send(text);
  });
}

const JSON_TYPE = "application/json; charset=utf-8";

/** Its answer with where it is from; else what this till knows. Refusals of head office are refusals here. */
async function fromHeadOffice(
  reply: FastifyReply,
  headOffice: HeadOffice | undefined,
  path: string,
  known: () => object,
): Promise<FastifyReply> {
  if (headOffice === undefined) return reply.send(known());
  try {
    const { status, text } = await headOffice.ask("GET", path);
    if (status >= 500) return reply.send(known());
    const shown = status < 300 ? `{"source":"head-office",${text.slice(1)}` : text;
    return reply.code(status).header("content-type", JSON_TYPE).send(shown);
  } catch (error) {
    if (error instanceof SyncError && error.code === "UNREACHABLE") return reply.send(known());
    throw error;
  }
}

/** Changes of this till that are conflicts at head office, as the feed told. */
function ownConflicts(terminal: Terminal) {
  const { items } = terminal.queue({ status: "Failed", limit: MAX_QUEUE_PAGE });
  return items.filter(({ effect }) => effect === "conflict").map(conflictOf);
}

function conflictOf(item: QueueItem) {
  const { id, entityType, entityId, incarnation, seq, createdAt, lastError } = item;
  return {
    ...{ id, entityType: entityType.toLowerCase(), entityId, conflictType: null, resolution: "SERVER_WINS" },
    ...{ resolvedByUserId: null, createdAt, resolvedAt: null, state: "open", message: lastError },
    ...{ local: { incarnation, seq }, remote: null },
  };
}

function said(terminal: Terminal, { entityId, local }: ReturnType<typeof conflictOf>): unknown {
  const changes = terminal.explain(entityId)?.changes ?? [];
  const change = changes.find(({ incarnation, seq }) => incarnation === local.incarnation && seq === local.seq);
  return (change?.body as { payload?: unknown } | undefined)?.payload ?? null;
}
