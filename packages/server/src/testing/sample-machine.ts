import { generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { SIGNED_TYPES, type TokenAnswer } from "@tillsync/protocol";
import type { FastifyInstance } from "fastify";
import { thumbprintOf } from "../identity/centre-key.ts";

export type Claims = Readonly<Record<string, unknown>>;

/** A machine with a key of its own, that signs whatever a test wants signed. For tests. */
export class SampleMachine {
  readonly terminal: string;
  readonly x: string;
  readonly #privateKey;

  constructor(terminal: string = randomUUID()) {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    this.terminal = terminal;
    this.#privateKey = privateKey;
    this.x = publicKey.export({ format: "jwk" }).x ?? "";
  }

  get kid(): string {
    return thumbprintOf(this.x);
  }

  /** An assertion for a centre as it should be, but for what is said otherwise. */
  assertion(centreId: string, nowMs: number, over: Claims = {}, header: Claims = {}): string {
    const iat = Math.floor(nowMs / 1000);
    const who = { iss: this.terminal, sub: this.terminal, aud: centreId };
    const claims = { ...who, iat, exp: iat + 60, jti: randomUUID(), ...over };
    return this.sign({ alg: "EdDSA", typ: SIGNED_TYPES.assertion, kid: this.kid, ...header }, claims);
  }

  sign(header: Claims, claims: Claims): string {
    const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    return `${text}.${sign(null, Buffer.from(text), this.#privateKey).toString("base64url")}`;
  }
}

export interface Asked {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what it holds is what the test is about
  readonly body: any;
}

export async function ask(app: FastifyInstance, url: string, body: object, key?: string): Promise<Asked> {
  const headers = {
    "content-type": "application/json",
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  };
  const answer = await app.inject({ method: "POST", url, headers, payload: JSON.stringify(body) });
  return { status: answer.statusCode, body: answer.json() };
}

/** A token by the book. @throws Error with what was answered otherwise */
export async function tokenOf(
  app: FastifyInstance,
  machine: SampleMachine,
  { centreId, nowMs, grant }: { centreId: string; nowMs: number; grant?: string },
): Promise<TokenAnswer> {
  const assertion = machine.assertion(centreId, nowMs);
  const { status, body } = await ask(app, "/api/token", { assertion, ...(grant === undefined ? {} : { grant }) });
  if (status !== 200) throw new Error(`${body.error.code}: ${body.error.message}`);
  return body as TokenAnswer;
}

/** What a signed text says, believed as it is. */
export function claimsOf(text: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(text.split(".")[1] ?? "", "base64url").toString("utf8")) as Record<string, unknown>;
}
