import { gzipSync, zstdCompressSync } from "node:zlib";
import type { Mutator } from "./mutator.ts";

/** What a good request on a route looks like. */
export interface DoorExample {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface HostileRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

export interface RequestOptions {
  /** `POST /api/orders/:localId/pay` */
  readonly route: string;
  readonly example: DoorExample;
  /** The key that opens it, if one is needed. */
  readonly key: string | undefined;
  /** Send some bodies packed, as the route allows. */
  readonly packs: boolean;
}

const CONTENT_TYPES = [
  "text/plain",
  "application/x-www-form-urlencoded",
  "application/json; charset=utf-16",
  "application/json;",
  "multipart/form-data; boundary=x",
  "application/xml",
  "*/*",
  "",
  "x".repeat(200),
];
const ENCODINGS = ["br", "deflate", "gzip, gzip", "identity", "zstd", "gzip", "x-gzip", "", "\u00e9"];
const AUTHORIZATIONS = [
  "Bearer",
  "Bearer ",
  "Basic dXNlcjpwYXNz",
  "Bearer x",
  "bearer tsk_",
  `Bearer ${"a".repeat(128)}`,
];
const OTHER_HEADERS: readonly (readonly [string, string])[] = [
  ["x-correlation-id", "a'; DROP TABLE x; --"],
  ["x-correlation-id", "y".repeat(300)],
  ["accept-encoding", "zstd;q=1, gzip;q=0, *;q=0.5,,,;;"],
  ["accept-encoding", "gzip"],
  ["accept", "text/html"],
  ["x-device-id", "\u00ff\u00fe"],
  ["x-device-id", "till 1"],
  ["x-forwarded-for", "1.2.3.4, ::1"],
  ["range", "bytes=0-"],
  ["if-none-match", "*"],
  ["origin", "http://evil.example"],
  ["cookie", "a=b; __proto__=1"],
  ["x-http-method-override", "DELETE"],
  ["__proto__", "1"],
  ["constructor", "1"],
];
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];

/** A request made hostile in some places, so that the others get it past the first check. */
export function hostileRequest(mutator: Mutator, options: RequestOptions): HostileRequest {
  const { chance } = mutator;
  const [declared = "GET", pattern = "/"] = options.route.split(" ");
  const method = chance.oneIn(40) ? chance.pick(METHODS) : declared;
  const url = addressOf(mutator, pattern, options.example);
  const headers: Record<string, string> = {};
  if (options.key !== undefined && !chance.oneIn(25)) headers.authorization = `Bearer ${options.key}`;
  else if (chance.oneIn(2)) headers.authorization = chance.pick(AUTHORIZATIONS);
  for (let more = chance.below(3); more > 1; more--) {
    const [name, value] = chance.pick(OTHER_HEADERS);
    headers[name] = value;
  }
  const hasBody = options.example.body !== undefined ? !chance.oneIn(40) : chance.oneIn(30);
  if (!hasBody) return { method, url, headers, body: undefined };
  headers["content-type"] = chance.oneIn(40) ? chance.pick(CONTENT_TYPES) : "application/json";
  const body = chance.oneIn(60) ? Buffer.alloc(0) : mutator.json(options.example.body ?? {});
  return { method, url, headers, body: packed(mutator, headers, body, options.packs) };
}

function packed(mutator: Mutator, headers: Record<string, string>, body: Buffer, packs: boolean): Buffer {
  const { chance } = mutator;
  if (chance.oneIn(60)) {
    headers["content-encoding"] = chance.pick(ENCODINGS);
    return body;
  }
  if (!packs || !chance.oneIn(8)) return body;
  const zstd = chance.oneIn(2);
  headers["content-encoding"] = zstd ? "zstd" : "gzip";
  const bytes = zstd ? zstdCompressSync(body) : gzipSync(body, { level: 1 });
  return chance.oneIn(4) ? mutator.bytes(bytes) : bytes;
}

function addressOf(mutator: Mutator, pattern: string, { params = {}, query = {} }: DoorExample): string {
  const { chance } = mutator;
  const path = pattern.replace(/:(\w+)/g, (_whole, name: string) =>
    chance.oneIn(3) ? escaped(mutator) : encodeURIComponent(params[name] ?? "x"),
  );
  const parts = Object.entries(query).map(([name, value]) => {
    return `${name}=${chance.oneIn(4) ? escaped(mutator) : encodeURIComponent(value)}`;
  });
  if (chance.oneIn(15)) parts.push(`${escaped(mutator)}=${escaped(mutator)}`);
  if (parts.length > 0 && chance.oneIn(15)) parts.push(parts[0] ?? "");
  const address = parts.length > 0 ? `${path}?${parts.join("&")}` : path;
  return chance.oneIn(60)
    ? `${address}${chance.pick(["/", "//", "/..", "#x", "?", "%", "%00", "/x".repeat(500)])}`
    : address;
}

/** Hostile text for an address: well escaped, or with escapes that mean nothing. */
function escaped(mutator: Mutator): string {
  if (mutator.chance.oneIn(6)) {
    return mutator.chance.pick(["%", "%zz", "%ff", "%ed%a0%80", "%00", "%2e%2e%2f", "..", "%25", "+", ";", "%c0%af"]);
  }
  return encodeURIComponent(mutator.text().toWellFormed()).slice(0, 3000);
}
