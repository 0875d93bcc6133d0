import { parseAs, SyncError, tokenRequest } from "@tillsync/protocol";
import type { FastifyInstance } from "fastify";
import { giveToken, type TokenDesk } from "../identity/give-token.ts";
import { type Guess, inTurn } from "./strangers.ts";

/** An assertion and a grant are some 1.3 KB together. */
export const TOKEN_BODY_BYTES = 8 * 1024;

/**
 * `POST /api/token`: what a terminal signed, for a token. Open to anyone, since whoever asks has nothing else to show; so it
 * is bounded like wrong keys are: a few a second from one address, some at a time.
 */
export function addTokenRoute(app: FastifyInstance, desk: TokenDesk, guess: Guess): void {
  const give = inTurn((request: ReturnType<typeof readRequest>) => giveToken(desk, request));
  app.post("/api/token", { bodyLimit: TOKEN_BODY_BYTES }, async (request) => {
    const made = guess(request);
    try {
      const answer = await give(readRequest(request.body));
      made.turnedOutRight();
      return answer;
    } catch (error) {
      // A database that is away says nothing about who asked.
      if (error instanceof SyncError && error.code === "UNAVAILABLE") made.turnedOutRight();
      throw error;
    }
  });
}

function readRequest(body: unknown) {
  return parseAs(tokenRequest, body);
}
