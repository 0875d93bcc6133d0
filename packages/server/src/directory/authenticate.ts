import type pg from "pg";
import { withPresentedKey } from "../db/scope.ts";
import { hashOfThumbprint } from "../identity/centre-key.ts";
import { isToken, type ReadToken } from "../identity/token.ts";
import type { KeyRole } from "./enroll.ts";
import { isKey, keyHash } from "./keys.ts";

/** Who a request comes from: what its key says. */
export interface Caller {
  readonly orgId: number;
  readonly storeId: number;
  readonly role: KeyRole;
  /** The key's name: the actor of whatever is done with it. */
  readonly name: string;
  /** The terminal's UUID; null for keys that belong to none. */
  readonly terminal: string | null;
  /** Its machine was replaced or is leaving: it may deliver what it has, and nothing else. */
  readonly isDraining?: true;
}

/** Undefined when the key or token is unknown, over or revoked. @throws SyncError UNAVAILABLE */
export type Authenticate = (shown: string) => Promise<Caller | undefined>;

/** The same by the key's SHA-256, 64 hex digits. */
export type FindCaller = (keyHash: string) => Promise<Caller | undefined>;

/** How long an answer is believed: a revoked key ends within this time on every server. */
export const CACHE_MS = 30_000;
/** Callers remembered. More terminals than this on one server only cost a query each now and then. */
const MAX_KNOWN = 10_000;
/** Strangers remembered, apart from the others, so that a flood of wrong keys pushes no good one out. */
const MAX_UNKNOWN = 1_000;

/** A key as it is kept, good or not. */
export interface KnownKey extends Omit<Caller, "isDraining"> {
  /** `x` of the machine's public key; null for a key that is a text. */
  readonly x: string | null;
  readonly serial: number | null;
  readonly grantedAt: Date | null;
  readonly drainingAt: Date | null;
  readonly revokedAt: Date | null;
}

/** Looks a key up in the database. Row security shows the row to nobody but who presents its key. */
export async function findKey(pool: pg.Pool, keyHash: string): Promise<KnownKey | undefined> {
  const { rows } = await withPresentedKey(pool, keyHash, (client) =>
    client.query<Omit<KnownKey, "x"> & { publicKey: Buffer | null }>(
      `SELECT org_id AS "orgId", store_id AS "storeId", role, name, terminal, public_key AS "publicKey", serial,
         granted_at AS "grantedAt", draining_at AS "drainingAt", revoked_at AS "revokedAt" FROM access_key`,
    ),
  );
  if (rows[0] === undefined) return undefined;
  const { publicKey, ...key } = rows[0];
  return { ...key, x: publicKey?.toString("base64url") ?? null };
}

/** Who comes with this key now. */
export async function findCaller(pool: pg.Pool, keyHash: string): Promise<Caller | undefined> {
  const key = await findKey(pool, keyHash);
  if (key === undefined || key.revokedAt !== null) return undefined;
  const { orgId, storeId, role, name, terminal, drainingAt } = key;
  return { orgId, storeId, role, name, terminal, ...(drainingAt === null ? {} : { isDraining: true as const }) };
}

/** True for a text that could be shown at a door: an access key, or a token. */
export function isShown(text: string): boolean {
  return isKey(text) || isToken(text);
}

/**
 * Finds out who comes with what was shown. A token says whom it was given to, and never more than its key may do now:
 * both have to agree.
 */
export function authenticator(find: FindCaller, readToken: ReadToken): Authenticate {
  return async (shown) => {
    if (isKey(shown)) return find(keyHash(shown));
    const bearer = await readToken(shown);
    if (bearer === undefined) return undefined;
    const caller = await find(hashOfThumbprint(bearer.thumbprint));
    const isSame =
      caller?.orgId === bearer.orgId &&
      caller.storeId === bearer.storeId &&
      caller.terminal === bearer.terminal &&
      caller.role === bearer.role;
    return isSame ? caller : undefined;
  };
}

/**
 * Finds callers with a memory of at most 30 seconds, for good and for wrong keys. Requests that come together ask the
 * database once. A failure of the database is not remembered.
 *
 * @param monotonicMs a clock that never goes back
 */
export function rememberCallers(lookUp: FindCaller, monotonicMs: () => number): FindCaller {
  const known = new Map<string, { caller: Caller | undefined; untilMs: number }>();
  const unknown: typeof known = new Map();
  const underWay = new Map<string, Promise<Caller | undefined>>();

  const ask = async (hash: string): Promise<Caller | undefined> => {
    const untilMs = monotonicMs() + CACHE_MS;
    const caller = await lookUp(hash);
    known.delete(hash);
    unknown.delete(hash);
    if (caller === undefined) put(unknown, MAX_UNKNOWN, hash, { caller, untilMs });
    else put(known, MAX_KNOWN, hash, { caller, untilMs });
    return caller;
  };

  // The hash, not the key: a memory dump gives no key away.
  return async (hash) => {
    const entry = known.get(hash) ?? unknown.get(hash);
    if (entry !== undefined && monotonicMs() < entry.untilMs) return entry.caller;
    let answer = underWay.get(hash);
    if (answer === undefined) {
      answer = ask(hash).finally(() => underWay.delete(hash));
      underWay.set(hash, answer);
    }
    return answer;
  };
}

/** Keeps the map bounded: the entry that was put first goes first. */
function put<V>(map: Map<string, V>, max: number, key: string, value: V): void {
  if (map.size >= max) {
    const oldest = map.keys().next();
    if (!oldest.done) map.delete(oldest.value);
  }
  map.set(key, value);
}
