import { ASSERTION_SECONDS, type AssertionClaims, assertionClaims, SIGNED_TYPES, SyncError } from "@tillsync/protocol";
import { errors, jwtVerify } from "jose";
import { publicKeyOf } from "./centre-key.ts";

/** How far ahead an assertion may lie: the way takes some of the time that its terminal measured. */
const AHEAD_SECONDS = 30;

export interface Expected {
  /** The key it has to be signed with. */
  readonly x: string;
  readonly terminal: string;
  readonly centreId: string;
  readonly nowMs: number;
}

/**
 * Checks what a terminal signed to be given a token: by its own key, about itself, for this centre, just now.
 *
 * A refusal carries `serverTimeMs`: a terminal whose clock is a day off measures the centre's by it and signs again.
 *
 * @throws SyncError UNAUTHENTICATED
 */
export async function checkAssertion(text: string, expected: Expected): Promise<AssertionClaims> {
  const { nowMs } = expected;
  const claims = await verified(text, expected);
  if (claims.iss !== expected.terminal) throw refused("it is signed for another terminal", nowMs);
  const nowS = Math.floor(nowMs / 1000);
  const isPlausible = claims.iat <= nowS + AHEAD_SECONDS && claims.exp > nowS;
  if (!isPlausible || claims.exp - claims.iat > ASSERTION_SECONDS || claims.exp <= claims.iat) {
    throw refused(`it has to be good now, for at most ${ASSERTION_SECONDS} s, by the centre's clock`, nowMs);
  }
  return claims;
}

async function verified(text: string, { x, centreId, nowMs }: Expected): Promise<AssertionClaims> {
  try {
    const { payload } = await jwtVerify(text, publicKeyOf(x), {
      algorithms: ["EdDSA"],
      typ: SIGNED_TYPES.assertion,
      audience: centreId,
      // The times are judged above, where a refusal can say what is wrong with them.
      currentDate: new Date(0),
    });
    const claims = assertionClaims.safeParse(payload);
    if (claims.success && claims.data.iss === claims.data.sub) return claims.data;
  } catch (cause) {
    if (cause instanceof errors.JWTClaimValidationFailed && cause.claim === "aud")
      throw refused("it is meant for another centre", nowMs, cause);
    throw refused("its signature does not fit the terminal's key", nowMs, cause);
  }
  throw refused("it does not say what an assertion says", nowMs);
}

export function refused(why: string, serverTimeMs: number, cause?: unknown): SyncError {
  const message = `The terminal's assertion is refused: ${why}.`;
  return new SyncError("UNAUTHENTICATED", message, { field: "assertion", serverTimeMs }, cause);
}
