import type { Recorded, Terminal } from "@tillsync/engine";
import { type KeptJson, plainJson, SyncError } from "@tillsync/protocol";
import type { FastifyInstance, FastifyReply } from "fastify";
import { readInput } from "../input.ts";
import { isInventoryEvent, recordEvent } from "../inventory-event.ts";
import { inventoryDraft, transactionDraft } from "../schemas.ts";

/** What is recorded besides orders and shifts: transactions and stock movements. */
export function recordRoutes(app: FastifyInstance, terminal: Terminal): void {
  app.post("/api/transactions", KEPT, (request, reply) =>
    record(reply, request.body as KeptJson, {
      own: (sent) => terminal.recordTransaction(readInput(transactionDraft, sent)),
      event: (sent, field) => recordEvent(terminal, sent, field, "transaction"),
    }),
  );

  app.post("/api/inventory", KEPT, (request, reply) =>
    record(reply, request.body as KeptJson, {
      own: (sent) => terminal.recordInventory(readInput(inventoryDraft, sent)),
      event: (sent, field) => recordEvent(terminal, sent, field, "inventory"),
    }),
  );
}

/** Amounts of requirement 001 are decimals. */
const KEPT = { config: { keepsNumbers: true } };

interface Recorder {
  /** In our own fields. */
  readonly own: (sent: unknown) => Recorded;
  /** In those of requirement 001. */
  readonly event: (sent: KeptJson, field: string) => Recorded;
}

/**
 * One record or a list of them, each in our own fields or in 001's. Of a list, everything that can be recorded is; the
 * status is that of the first refusal, and sending all of it again is harmless.
 */
function record(reply: FastifyReply, body: KeptJson, recorder: Recorder): FastifyReply {
  if (!Array.isArray(body)) {
    const recorded = recordOne(body, "", recorder);
    return reply.code(recorded.duplicate ? 200 : 201).send(recorded);
  }
  if (body.length > MAX_RECORDS) {
    const expected = `at most ${MAX_RECORDS} records`;
    throw new SyncError("TOO_LARGE", `(body): ${expected}; got ${body.length}.`, { field: "(body)", expected });
  }
  const results = body.map((sent: KeptJson, index) => attempt(() => recordOne(sent, `[${index}]`, recorder)));
  const refusal = results.find((result) => result instanceof SyncError);
  const answers = results.map((result) =>
    result instanceof SyncError ? { success: false, ...result.toBody() } : result,
  );
  if (refusal !== undefined) return reply.code(refusal.status).send({ ...refusal.toBody(), results: answers });
  const isNew = results.some((result) => !(result instanceof SyncError) && !result.duplicate);
  return reply.code(isNew ? 201 : 200).send({ results: answers });
}

function recordOne(sent: KeptJson, field: string, { own, event }: Recorder): Recorded {
  return isInventoryEvent(sent) ? event(sent, field) : own(plainJson(sent));
}

const MAX_RECORDS = 1_000;

function attempt(act: () => Recorded): Recorded | SyncError {
  try {
    return act();
  } catch (error) {
    if (error instanceof SyncError) return error;
    throw error;
  }
}
