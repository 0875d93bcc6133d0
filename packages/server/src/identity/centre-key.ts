import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { thumbprintText } from "@tillsync/protocol";
import type pg from "pg";
import { asOperator } from "../db/scope.ts";

/** The key pair by which a centre signs grants and tokens, and knows its own again. */
export interface CentreKey {
  /** RFC 7638 thumbprint of the public key. All servers on one database are one centre. */
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** The centre's key, asked for once and remembered; a failure is not remembered. @throws SyncError UNAVAILABLE */
export type CentreKeys = () => Promise<CentreKey>;

export function rememberCentreKey(pool: pg.Pool, wallMs: () => number): CentreKeys {
  let asked: Promise<CentreKey> | undefined;
  return () => {
    asked ??= loadCentreKey(pool, wallMs()).catch((error: unknown) => {
      asked = undefined;
      throw error;
    });
    return asked;
  };
}

/** Reads the key pair, and makes it the first time. Servers that start together end with the same one. */
export async function loadCentreKey(pool: pg.Pool, nowMs: number): Promise<CentreKey> {
  const stored = await asOperator(pool, async (client) => {
    const find = () => client.query<{ der: Buffer }>("SELECT private_key AS der FROM centre_key");
    const der = (await find()).rows[0]?.der;
    if (der !== undefined) return der;
    const { privateKey } = generateKeyPairSync("ed25519");
    const made = privateKey.export({ format: "der", type: "pkcs8" });
    const sql = "INSERT INTO centre_key (private_key, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    await client.query(sql, [made, new Date(nowMs)]);
    return (await find()).rows[0]?.der;
  });
  if (stored === undefined) throw new Error("the centre's key is not there after it was made");
  return centreKeyOf(createPrivateKey({ key: stored, format: "der", type: "pkcs8" }));
}

export function centreKeyOf(privateKey: KeyObject): CentreKey {
  const publicKey = createPublicKey(privateKey);
  return { id: thumbprintOf(xOf(publicKey)), privateKey, publicKey };
}

/** The public key of a machine, from its `x`. It always gives a key: not every text of 32 bytes is one that verifies. */
export function publicKeyOf(x: string): KeyObject {
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
}

/** RFC 7638, in base64url. */
export function thumbprintOf(x: string): string {
  return createHash("sha256").update(thumbprintText(x)).digest("base64url");
}

/** A thumbprint as the 64 hex digits under which its key is kept. */
export function hashOfThumbprint(thumbprint: string): string {
  return Buffer.from(thumbprint, "base64url").toString("hex");
}

function xOf(publicKey: KeyObject): string {
  const { x } = publicKey.export({ format: "jwk" });
  if (x === undefined) throw new Error("an Ed25519 key has an x");
  return x;
}
