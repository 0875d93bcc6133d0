import type { OrderView, Recorded, Terminal } from "@tillsync/engine";
import { SyncError } from "@tillsync/protocol";
import type { FastifyInstance, FastifyReply } from "fastify";
import { readInput, withLocalId } from "../input.ts";
import { deletion, orderDraft, orderEdit, orderFilter, payment, voiding } from "../schemas.ts";
import { voidDocument } from "../void-document.ts";

type OfOrder = { Params: { localId: string } };

/** Orders: closed at once, or opened, edited and paid. The caller's `localId` makes every one of them safe to send again. */
export function orderRoutes(app: FastifyInstance, terminal: Terminal): void {
  app.post("/api/orders", (request, reply) => {
    const closesAtOnce = Object.hasOwn(Object(request.body), "tenders");
    const recorded = closesAtOnce
      ? terminal.closeOrder(readInput(orderDraft, request.body))
      : terminal.editOrder(readInput(orderEdit, request.body));
    return sendOrder(terminal, reply, recorded);
  });

  app.get("/api/orders", (request, reply) => {
    readInput(orderFilter, request.query);
    return reply.send({ orders: terminal.openOrders() });
  });

  app.get<OfOrder>("/api/orders/:localId", async (request, reply) =>
    reply.send(known(await terminal.recall(request.params.localId), request.params.localId)),
  );

  app.post<OfOrder>("/api/orders/:localId/hold", (request, reply) => {
    const edit = readInput(orderEdit, withLocalId(request.params.localId, request.body));
    return sendOrder(terminal, reply, terminal.editOrder(edit));
  });

  app.post<OfOrder>("/api/orders/:localId/pay", (request, reply) => {
    const { localId } = request.params;
    known(terminal.order(localId), localId);
    return sendOrder(terminal, reply, terminal.payOrder(readInput(payment, withLocalId(localId, request.body))));
  });

  app.post<OfOrder>("/api/orders/:localId/void", async (request, reply) => {
    const order = known(await terminal.recall(request.params.localId), request.params.localId);
    const { voidLocalId, ...end } = readInput(voiding, withLocalId(order.localId, request.body));
    const recorded =
      order.state === "closed"
        ? terminal.closeOrder(voidDocument(terminal, order, { voidLocalId, ...end }))
        : terminal.voidOrder(end);
    return sendOrder(terminal, reply, recorded);
  });

  app.delete<OfOrder>("/api/orders/:localId", (request, reply) => {
    const { localId } = request.params;
    known(terminal.order(localId), localId);
    // Many clients cannot send a body with DELETE.
    const sent = withLocalId(localId, request.body ?? request.query);
    return sendOrder(terminal, reply, terminal.deleteOrder(readInput(deletion, sent)), 200);
  });
}

/** 201 when something was recorded now, 200 when it was there already. What the order is now, and what was recorded for it. */
function sendOrder(terminal: Terminal, reply: FastifyReply, recorded: Recorded, created = 201): FastifyReply {
  return reply.code(recorded.duplicate ? 200 : created).send({ ...recorded, ...terminal.order(recorded.localId) });
}

function known(order: OrderView | undefined, localId: string): OrderView {
  if (order) return order;
  throw new SyncError("NOT_FOUND", `No order with localId ${JSON.stringify(localId)} is known on this till.`, {
    field: "localId",
  });
}
