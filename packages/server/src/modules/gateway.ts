import {
  formatModuleCursor,
  type GatewayAnswer,
  type GatewayModule,
  type Have,
  MODULES,
  type ModuleName,
  type ModulePosition,
  type Scope as ModuleScope,
  parseModuleCursor,
  SCOPES,
} from "@tillsync/protocol";
import type pg from "pg";
import { inScope } from "../db/scope.ts";
import type { Caller } from "../directory/authenticate.ts";
import { placeOf } from "./place.ts";
import { fits, isAhead, LIFE_COLUMNS, type StateRow, standingOf } from "./standing.ts";
import { STATE_COLUMNS } from "./state.ts";

const KIND = "SELECT kind FROM terminal WHERE org_id = $1 AND store_id = $2 AND terminal = $3";

/** How the places of $2 stand, in their order; with what was changed behind `n` of each, summed up from its commits. */
const STANDINGS = `SELECT ${STATE_COLUMNS}, ${LIFE_COLUMNS}, encode(c.hash, 'hex') AS "hashThen",
    (SELECT coalesce(sum(b.inserted + b.updated + b.deleted), 0)::bigint FROM module_commit b
      WHERE b.org_id = $1 AND b.store_id = w.store_id AND b.module = w.module AND b.n > w.n) AS changed
  FROM server_identity i CROSS JOIN jsonb_to_recordset($2::jsonb) AS w (place integer, store_id integer, module text, n bigint)
  LEFT JOIN module_state s ON s.org_id = $1 AND s.store_id = w.store_id AND s.module = w.module
  LEFT JOIN module_commit c ON c.org_id = $1 AND c.store_id = w.store_id AND c.module = w.module AND c.n = w.n
  ORDER BY w.place`;

type Row = StateRow & { readonly hashThen: string | null; readonly changed: number };

interface Asked {
  readonly module: ModuleName;
  readonly scope: ModuleScope;
  readonly storeId: number;
  readonly cursor: ModulePosition | undefined;
}

/** What a terminal should have, and how much of it is new to it. @throws SyncError UNAVAILABLE */
export async function readGateway(
  pool: pg.Pool,
  caller: Caller,
  have: readonly Have[],
  modulesOf: (kind: string) => readonly ModuleName[],
): Promise<GatewayAnswer> {
  return inScope(pool, caller, async (client) => {
    const { rows } = await client.query<{ kind: string }>(KIND, [caller.orgId, caller.storeId, caller.terminal]);
    const modules = modulesOf(rows[0]?.kind ?? "");
    const asked = modules.flatMap((module) => SCOPES.map((scope) => askedFor(caller, module, scope, have)));
    const places = asked.map(({ module, storeId, cursor }, place) => ({
      ...{ place, module },
      ...{ store_id: storeId, n: cursor?.n ?? 0 },
    }));
    const standings = await client.query<Row>(STANDINGS, [caller.orgId, JSON.stringify(places)]);
    return { modules: asked.map((one, place) => answerFor(one, standings.rows[place], modules)) };
  });
}

function askedFor(caller: Caller, module: ModuleName, scope: ModuleScope, have: readonly Have[]): Asked {
  const { storeId } = placeOf(caller, module, scope);
  const given = have.find((one) => one.module === module && one.scope === scope);
  return { module, scope, storeId, cursor: given && positionOrNone(given.cursor) };
}

/** A text that is no cursor fits nothing; here that is an answer and no refusal. */
function positionOrNone(cursor: string): ModulePosition | undefined {
  try {
    return parseModuleCursor(cursor);
  } catch {
    return undefined;
  }
}

function answerFor(asked: Asked, row: Row | undefined, modules: readonly ModuleName[]): GatewayModule {
  const { module, scope, storeId, cursor } = asked;
  const standing = standingOf(row);
  const { epoch, n, rows, bytes, hash } = standing;
  const hashThen = row?.hashThen ?? null;
  const place = { orgId: 0, storeId, module };
  const knows = cursor !== undefined && fits(cursor, place, { ...standing, hashThen });
  const isKept = cursor !== undefined && !knows && isAhead(cursor, place, standing);
  const isShared = knows && cursor.epoch !== epoch;
  const dependsOn = MODULES[module].dependsOn.filter((parent) => modules.includes(parent));
  return {
    ...{ module, scope, dependsOn, epoch, n, rows, bytes, hash },
    cursor: formatModuleCursor({ epoch, storeId, n, hash }),
    news: knows ? (row?.changed ?? 0) : isKept ? 0 : rows,
    ...(isKept ? { history: "kept" as const } : isShared ? { history: "shared" as const } : {}),
  };
}
