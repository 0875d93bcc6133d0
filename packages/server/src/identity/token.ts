import { createHash } from "node:crypto";
import { SIGNED_TYPES, TOKEN_SECONDS } from "@tillsync/protocol";
import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import type { CentreKey, CentreKeys } from "./centre-key.ts";

const TOKEN = /^[A-Za-z0-9_-]{10,200}\.[A-Za-z0-9_-]{10,1500}\.[A-Za-z0-9_-]{86}$/;

/** True for a text that could be a token of ours; anything else is refused without any arithmetic. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

const tokenClaims = z.object({
  sub: z.string(),
  org: z.int(),
  store: z.int(),
  role: z.literal("terminal"),
  cnf: z.object({ jkt: z.string() }),
  exp: z.int(),
});

/** Whom a token speaks for, and the key that it was given to. */
export interface TokenBearer {
  readonly orgId: number;
  readonly storeId: number;
  readonly terminal: string;
  readonly role: "terminal";
  /** Thumbprint of the machine's key: what the key may do now is looked up, and not in the token. */
  readonly thumbprint: string;
  readonly untilMs: number;
}

/** @param nowMs the centre's clock, milliseconds since 1970 */
export function signToken(
  centre: CentreKey,
  bearer: Omit<TokenBearer, "untilMs" | "role">,
  nowMs: number,
): Promise<string> {
  const iat = Math.floor(nowMs / 1000);
  const { orgId: org, storeId: store, terminal: sub, thumbprint: jkt } = bearer;
  const claims = { iss: centre.id, aud: centre.id, sub, org, store, role: "terminal", cnf: { jkt } };
  return new SignJWT({ ...claims, iat, exp: iat + TOKEN_SECONDS })
    .setProtectedHeader({ alg: "EdDSA", typ: SIGNED_TYPES.token })
    .sign(centre.privateKey);
}

/** Undefined when it is no token of this centre, or no longer good. @throws SyncError UNAVAILABLE */
export type ReadToken = (text: string) => Promise<TokenBearer | undefined>;

/** Tokens remembered: one that was verified costs a look into memory until it ends. Their hashes, not they. */
const MAX_REMEMBERED = 20_000;

export function rememberTokens(centreKey: CentreKeys, wallMs: () => number): ReadToken {
  const known = new Map<string, TokenBearer>();
  return async (text) => {
    if (!isToken(text)) return undefined;
    const hash = createHash("sha256").update(text).digest("base64url");
    const bearer = known.get(hash) ?? (await verify(await centreKey(), text, wallMs()));
    if (bearer === undefined) return undefined;
    if (bearer.untilMs <= wallMs()) {
      known.delete(hash);
      return undefined;
    }
    if (!known.has(hash)) {
      if (known.size >= MAX_REMEMBERED) known.delete(known.keys().next().value ?? "");
      known.set(hash, bearer);
    }
    return bearer;
  };
}

async function verify(centre: CentreKey, text: string, nowMs: number): Promise<TokenBearer | undefined> {
  try {
    const { payload } = await jwtVerify(text, centre.publicKey, {
      algorithms: ["EdDSA"],
      typ: SIGNED_TYPES.token,
      issuer: centre.id,
      audience: centre.id,
      currentDate: new Date(nowMs),
    });
    const { sub, org, store, role, cnf, exp } = tokenClaims.parse(payload);
    return { orgId: org, storeId: store, terminal: sub, role, thumbprint: cnf.jkt, untilMs: exp * 1000 };
  } catch {
    // Whatever is wrong with it, it is not ours, or over.
    return undefined;
  }
}
