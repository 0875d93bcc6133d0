import { refuseUnsettled, type Unsettled } from "@tillsync/engine";
import { SyncError } from "@tillsync/protocol";
import type { FastifyInstance } from "fastify";
import { readInput } from "../input.ts";
import { resetConfirmed } from "../schemas.ts";

/** What takes this till's data away, when nothing is lost by it. */
export interface TillReset {
  readonly shortId: string;
  unsettled(): Unsettled;
  /** Stops this process, and takes the data away when it has stopped. */
  reset(): void;
}

/** Factory reset and sign-out from the POS: refused while anything is unsettled, by how much. */
export function resetRoutes(app: FastifyInstance, till: TillReset | undefined): void {
  app.get("/api/reset", (_request, reply) => reply.send({ unsettled: here(till).unsettled() }));

  app.post("/api/reset", (request, reply) => {
    const { confirm } = readInput(resetConfirmed, request.body);
    const { shortId, unsettled, reset } = here(till);
    if (confirm !== shortId) {
      const facts = { field: "confirm", expected: shortId, got: confirm };
      throw new SyncError("INVALID_INPUT", `confirm must be this till's short id, ${shortId}; got ${confirm}.`, facts);
    }
    refuseUnsettled(unsettled());
    reply.raw.once("finish", () => reset());
    return reply.send({ reset: true });
  });
}

function here(till: TillReset | undefined): TillReset {
  if (till !== undefined) return till;
  throw new SyncError("NOT_FOUND", "This till is part of another program, which has to take its data away itself.");
}
