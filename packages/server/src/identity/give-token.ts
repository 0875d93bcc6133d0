import { type GrantClaims, SyncError, TOKEN_SECONDS, type TokenAnswer, type TokenRequest } from "@tillsync/protocol";
import type pg from "pg";
import { inScope } from "../db/scope.ts";
import { attach } from "../directory/attach.ts";
import { findKey, type KnownKey } from "../directory/authenticate.ts";
import { grantedOf } from "../directory/grants.ts";
import { checkAssertion, refused } from "./assertion.ts";
import { type CentreKey, type CentreKeys, hashOfThumbprint, thumbprintOf } from "./centre-key.ts";
import { kidOf, readGrant, signGrant } from "./grant.ts";
import { signToken } from "./token.ts";

export interface TokenDesk {
  readonly pool: pg.Pool;
  readonly centreKey: CentreKeys;
  readonly wallMs: () => number;
}

/** How long after its end an assertion is remembered as used: clocks of several servers differ. */
const REMEMBER_MS = 5 * 60_000;

/**
 * Gives a terminal a token for what it signed with its key. A terminal that is not known here and shows a grant of ours is
 * attached again first; one whose grant is later than what is known is believed as well.
 *
 * @throws SyncError UNAUTHENTICATED, TERMINAL_UNKNOWN, GRANT_REFUSED, UNAVAILABLE
 */
export async function giveToken(desk: TokenDesk, { assertion, grant: shown }: TokenRequest): Promise<TokenAnswer> {
  const centre = await desk.centreKey();
  const nowMs = desk.wallMs();
  const thumbprint = kidOf(assertion) ?? "";
  const known = await knownMachine(desk.pool, thumbprint);
  const grant = shown === undefined ? undefined : await laterGrant(centre, shown, known);
  const x = known?.x ?? grant?.cnf.jwk.x;
  const terminal = known?.terminal ?? grant?.sub;
  if (x === undefined || terminal === undefined) throw unknownTerminal(nowMs);
  if (thumbprintOf(x) !== thumbprint) throw refused("it is signed with another key than the one in its grant", nowMs);
  const claims = await checkAssertion(assertion, { x, terminal, centreId: centre.id, nowMs });
  if (known?.revokedAt) throw revoked(nowMs);
  if (grant !== undefined) await attach(desk.pool, grant, nowMs);
  const machine = grant === undefined ? known : await knownMachine(desk.pool, thumbprint);
  if (machine === undefined || machine.revokedAt !== null) throw revoked(nowMs);
  const { orgId, storeId } = machine;
  const granted = await inScope(desk.pool, machine, async (client) => {
    await useOnce(client, machine, { keyHash: hashOfThumbprint(thumbprint), ...claims }, nowMs);
    return grantedOf(client, machine, machine);
  });
  return {
    token: await signToken(centre, { orgId, storeId, terminal, thumbprint }, nowMs),
    expiresInS: TOKEN_SECONDS,
    serverTimeMs: nowMs,
    access: machine.drainingAt === null ? "active" : "draining",
    grant: await signGrant(centre, granted),
  };
}

interface KnownMachine extends KnownKey {
  readonly x: string;
  readonly terminal: string;
  readonly serial: number;
  readonly grantedAt: Date;
}

async function knownMachine(pool: pg.Pool, thumbprint: string): Promise<KnownMachine | undefined> {
  if (!/^[A-Za-z0-9_-]{43}$/.test(thumbprint)) return undefined;
  const key = await findKey(pool, hashOfThumbprint(thumbprint));
  return key?.x == null ? undefined : (key as KnownMachine);
}

/**
 * The grant that was shown, when it says more than is known here. A machine that is known needs none: one that cannot be
 * read is passed over then, and the answer brings the right one.
 *
 * @throws SyncError GRANT_REFUSED
 */
async function laterGrant(
  centre: CentreKey,
  text: string,
  known: KnownMachine | undefined,
): Promise<GrantClaims | undefined> {
  if (known === undefined) return readGrant(centre, text);
  const grant = await readGrant(centre, text).catch((error: unknown) => {
    if (error instanceof SyncError && error.code === "GRANT_REFUSED") return undefined;
    throw error;
  });
  return grant === undefined || known.serial >= grant.serial ? undefined : grant;
}

/** One assertion, one token: whoever copies it on the way is given none. */
async function useOnce(
  client: pg.PoolClient,
  { orgId, storeId }: KnownMachine,
  { keyHash, jti, exp }: { keyHash: string; jti: string; exp: number },
  nowMs: number,
): Promise<void> {
  const { rowCount } = await client.query(
    `WITH old AS (
       DELETE FROM assertion_used WHERE org_id = $1 AND store_id = $2 AND key_hash = decode($3, 'hex') AND until < $5
     )
     INSERT INTO assertion_used (org_id, store_id, key_hash, jti, until) VALUES ($1, $2, decode($3, 'hex'), $4, $6)
     ON CONFLICT DO NOTHING`,
    [orgId, storeId, keyHash, jti, new Date(nowMs), new Date(exp * 1000 + REMEMBER_MS)],
  );
  if (rowCount === 0) throw refused("it was used before", nowMs);
}

function unknownTerminal(serverTimeMs: number): SyncError {
  const message =
    "The centre does not know this machine's key. If it was enrolled here, its grant attaches it again; else enrol it.";
  return new SyncError("TERMINAL_UNKNOWN", message, { field: "assertion", serverTimeMs });
}

function revoked(serverTimeMs: number): SyncError {
  const message =
    "Head office revoked this machine. Everything on it is kept, and can be delivered when head office lets it drain.";
  return new SyncError("UNAUTHENTICATED", message, { field: "assertion", serverTimeMs });
}
