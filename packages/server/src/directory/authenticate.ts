import type pg from "pg";
import { withPresentedKey } from "../db/scope.ts";
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
}

/** Undefined when the key is unknown or revoked. @throws SyncError UNAVAILABLE */
export type Authenticate = (key: string) => Promise<Caller | undefined>;

/** How long an answer is believed: a revoked key ends within this time on every server. */
export const CACHE_MS = 30_000;
/** Callers remembered. More terminals than this on one server only cost a query each now and then. */
const MAX_KNOWN = 10_000;
/** Strangers remembered, apart from the others, so that a flood of wrong keys pushes no good one out. */
const MAX_UNKNOWN = 1_000;

/** Looks a key up in the database. Row security shows the row to nobody but who presents its key. */
export async function authenticate(pool: pg.Pool, key: string): Promise<Caller | undefined> {
  if (!isKey(key)) return undefined;
  const { rows } = await withPresentedKey(pool, keyHash(key), (client) =>
    client.query<Caller>(
      `SELECT org_id AS "orgId", store_id AS "storeId", role, name, terminal FROM access_key WHERE revoked_at IS NULL`,
    ),
  );
  return rows[0];
}

/**
 * The same with a memory of at most 30 seconds, for good and for wrong keys. Requests that come together ask the
 * database once. A failure of the database is not remembered.
 *
 * @param monotonicMs a clock that never goes back
 */
export function rememberCallers(lookUp: Authenticate, monotonicMs: () => number): Authenticate {
  const known = new Map<string, { caller: Caller | undefined; untilMs: number }>();
  const unknown: typeof known = new Map();
  const underWay = new Map<string, Promise<Caller | undefined>>();

  const ask = async (key: string, hash: string): Promise<Caller | undefined> => {
    const untilMs = monotonicMs() + CACHE_MS;
    const caller = await lookUp(key);
    known.delete(hash);
    unknown.delete(hash);
    if (caller === undefined) put(unknown, MAX_UNKNOWN, hash, { caller, untilMs });
    else put(known, MAX_KNOWN, hash, { caller, untilMs });
    return caller;
  };

  return async (key) => {
    if (!isKey(key)) return undefined;
    // The hash, not the key: a memory dump gives no key away.
    const hash = keyHash(key);
    const entry = known.get(hash) ?? unknown.get(hash);
    if (entry !== undefined && monotonicMs() < entry.untilMs) return entry.caller;
    let answer = underWay.get(hash);
    if (answer === undefined) {
      answer = ask(key, hash).finally(() => underWay.delete(hash));
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
