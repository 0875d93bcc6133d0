import { z } from "zod";
import { shortId, uuid } from "./ids.ts";
import { currency } from "./money.ts";

/** RFC 7638 thumbprint of an Ed25519 public key: SHA-256 in base64url. The centre's own is the centre's id. */
export const thumbprint = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "43 characters of base64url");

/** The 32 bytes of an Ed25519 public key in base64url: `x` of its JWK (RFC 8037). */
export const publicKey = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "32 bytes as 43 characters of base64url");

/** A compact JWS (RFC 7515): three parts of base64url. */
const compactJws = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/, "a signed text of three parts");

/** Each signed text says what it is, so that none is ever taken for another (RFC 8725 section 3.11). */
export const SIGNED_TYPES = {
  assertion: "tillsync-assertion+jwt",
  token: "tillsync-token+jwt",
  grant: "tillsync-grant+jwt",
} as const;

/** How long an assertion is good for, seconds, by the centre's clock. */
export const ASSERTION_SECONDS = 60;
/** How long a token is good for, seconds. */
export const TOKEN_SECONDS = 15 * 60;

/** What a terminal signs to be given a token (RFC 7523 section 3). */
export const assertionClaims = z.strictObject({
  iss: uuid,
  sub: uuid,
  /** The centre's id. */
  aud: thumbprint,
  iat: z.int(),
  exp: z.int(),
  /** Never used twice. */
  jti: z.string().regex(/^[A-Za-z0-9_-]{16,64}$/, "16 to 64 characters of base64url"),
});

/** `POST /api/token`. With its grant a terminal is attached again to a centre that lost it. */
export const tokenRequest = z.strictObject({ assertion: compactJws(2048), grant: compactJws(4096).optional() });

/** The answer. */
export const tokenAnswer = z.strictObject({
  /** For `Authorization: Bearer`. */
  token: compactJws(2048),
  /** From this answer on, so that nobody's clock matters. */
  expiresInS: z.int().min(1),
  serverTimeMs: z.int(),
  /** `draining`: this machine may only deliver what it has. */
  access: z.enum(["active", "draining"]),
  /** The terminal's grant as it is now; it changes when the terminal is renamed. */
  grant: compactJws(4096),
});

/** What the centre signed when a machine was enrolled. */
export const grantClaims = z.strictObject({
  /** Id of the centre that signed it. */
  iss: thumbprint,
  /** The terminal. */
  sub: uuid,
  org: z.string().min(1).max(64),
  store: z.string().min(1).max(64),
  currency,
  shortId,
  kind: z.string().min(1).max(32),
  /** Actor of what is done with the key. */
  name: z.string().min(1).max(64),
  /** Counts the grants of this terminal: a higher one is later, whatever the clocks say. */
  serial: z.int().min(1),
  iat: z.int(),
  /** The machine's key (RFC 7800). */
  cnf: z.strictObject({
    jwk: z.strictObject({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: publicKey }),
  }),
});

export type AssertionClaims = z.infer<typeof assertionClaims>;
export type TokenRequest = z.infer<typeof tokenRequest>;
export type TokenAnswer = z.infer<typeof tokenAnswer>;
export type GrantClaims = z.infer<typeof grantClaims>;

/** The text whose SHA-256 is the thumbprint of an Ed25519 public key (RFC 7638, RFC 8037 appendix A.3). */
export function thumbprintText(x: string): string {
  return `{"crv":"Ed25519","kty":"OKP","x":"${x}"}`;
}
