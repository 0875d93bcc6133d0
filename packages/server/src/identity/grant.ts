import { type GrantClaims, grantClaims, parseAs, SIGNED_TYPES, SyncError } from "@tillsync/protocol";
import { compactVerify, decodeProtectedHeader, SignJWT } from "jose";
import type { CentreKey } from "./centre-key.ts";

/** What a grant says, but for who signs it. */
export type Granted = Omit<GrantClaims, "iss">;

/**
 * Signs what the centre enrolled: this machine's key speaks for this terminal. The same facts give the same text, so it
 * is made again whenever somebody asks, and kept by the terminal only.
 */
export function signGrant(centre: CentreKey, granted: Granted): Promise<string> {
  return new SignJWT({ iss: centre.id, ...granted })
    .setProtectedHeader({ alg: "EdDSA", typ: SIGNED_TYPES.grant, kid: centre.id })
    .sign(centre.privateKey);
}

/** Reads a grant of ours. It never expires: what ends it is a later grant, or a revocation. @throws SyncError GRANT_REFUSED */
export async function readGrant(centre: CentreKey, text: string): Promise<GrantClaims> {
  if (kidOf(text) !== centre.id) {
    throw refused("it was signed by another centre. Enrol the terminal here, or send it to the centre it belongs to");
  }
  let payload: Uint8Array;
  try {
    const verified = await compactVerify(text, centre.publicKey, { algorithms: ["EdDSA"] });
    if (verified.protectedHeader.typ !== SIGNED_TYPES.grant)
      throw refused("it is something else that this centre signed");
    payload = verified.payload;
  } catch (cause) {
    if (cause instanceof SyncError) throw cause;
    throw refused("its signature does not fit: it was altered, or this centre never signed it", cause);
  }
  const claims = parseAs(grantClaims, JSON.parse(Buffer.from(payload).toString("utf8")), "GRANT_REFUSED");
  if (claims.iss !== centre.id) throw refused("it names another centre than the one that signed it");
  return claims;
}

export function refused(why: string, cause?: unknown): SyncError {
  return new SyncError("GRANT_REFUSED", `The terminal's grant is refused: ${why}.`, { field: "grant" }, cause);
}

/** @returns undefined for a text that is no signed one */
export function kidOf(text: string): string | undefined {
  try {
    const { kid } = decodeProtectedHeader(text);
    return typeof kid === "string" ? kid : undefined;
  } catch {
    return undefined;
  }
}
