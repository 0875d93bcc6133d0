import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import { type Credential, fixedKey, showing } from "@tillsync/engine";
import { isErrorCode, SyncError } from "@tillsync/protocol";
import { request } from "undici";

export interface Door {
  readonly url: string;
  readonly key?: string | undefined;
  /** Of a machine that was enrolled, instead of a key. */
  readonly credential?: Credential | undefined;
  /** Told of every answer, for those who count what travels. */
  readonly onAnswer?: ((bytes: number) => void) | undefined;
}

/** An import of a million rows is applied after its last byte came. */
const IMPORT_TIMEOUT_MS = 20 * 60_000;

/**
 * One JSON request to a terminal or to the centre.
 *
 * @throws SyncError with the code that was answered; UNREACHABLE, NOT_AN_ANSWER
 */
export async function askJson<T>(door: Door, method: "GET" | "POST" | "PUT", path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
  const payload = body === undefined ? null : JSON.stringify(body);
  return ask(door, { method, path, headers, body: payload, headersTimeout: 60_000 });
}

/** A request whose body is sent as it is made. @throws as `askJson`, and what the body itself throws is UNREACHABLE's cause */
export async function sendStream<T>(
  door: Door,
  method: "PUT",
  path: string,
  body: Readable,
  headers: Readonly<Record<string, string>>,
): Promise<T> {
  return ask(door, { method, path, headers, body, headersTimeout: IMPORT_TIMEOUT_MS });
}

interface Asked {
  readonly method: "GET" | "POST" | "PUT" | "PUT";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Readable | null;
  readonly headersTimeout: number;
}

async function ask<T>(door: Door, asked: Asked): Promise<T> {
  const credential = door.credential ?? (door.key === undefined ? undefined : fixedKey(door.key));
  if (credential === undefined) return askWith(door, asked, {});
  return showing(credential, randomUUID(), (shown) => askWith(door, asked, { authorization: `Bearer ${shown}` }));
}

async function askWith<T>(door: Door, { path, headers, ...sent }: Asked, key: Record<string, string>): Promise<T> {
  const url = new URL(path, door.url).href;
  let status: number;
  let text: string;
  try {
    const answer = await request(url, { ...sent, headers: { ...key, ...headers } });
    status = answer.statusCode;
    text = await answer.body.text();
  } catch (cause) {
    throw new SyncError("UNREACHABLE", `${door.url} does not answer; is it running?`, { url: door.url }, cause);
  }
  door.onAnswer?.(Buffer.byteLength(text));
  const value = parse(text, door.url);
  if (status < 300) return value as T;
  const { code, message, ...details } = (value as { error?: { code?: unknown; message?: unknown } }).error ?? {};
  if (isErrorCode(code)) throw new SyncError(code, String(message), details);
  throw new SyncError("NOT_AN_ANSWER", `${door.url} answered HTTP ${status}, but not as Tillsync does.`, { status });
}

function parse(text: string, url: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SyncError(
      "NOT_AN_ANSWER",
      `What ${url} answered is not JSON; something else listens there.`,
      { url },
      cause,
    );
  }
}
