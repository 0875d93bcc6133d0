import type pg from "pg";
import type { Scope } from "../ingest/ports.ts";
import type { Lost } from "./lost.ts";
import { AT_HEAD_OFFICE, type PlacedStamp } from "./state.ts";
import { INSERT_CONFLICT, SET_STORE } from "./statements.ts";

/** Keeps each in the store of whoever wrote what does not stand; again it changes nothing. */
export async function keepConflicts(
  client: pg.PoolClient,
  { orgId, storeId }: Scope,
  lost: readonly Lost[],
  nowMs: number,
): Promise<void> {
  let at = storeId;
  const goTo = async (store: number) => {
    if (at !== store) await client.query(SET_STORE, [String(store)]);
    at = store;
  };
  for (const { id, type, lost: loser, stands, local, remote, decided } of lost) {
    await goTo(loser.storeId);
    const by = stands === null ? [null, null, null, null] : [stands.storeId, ...placeOf(stands)];
    const sides = [JSON.stringify(local), JSON.stringify(remote)];
    const place = [orgId, loser.storeId, id, type, ...placeOf(loser), ...by];
    await client.query(INSERT_CONFLICT, [...place, ...sides, decided, new Date(nowMs)]);
  }
  await goTo(storeId);
}

function placeOf({ terminal, incarnation, seq }: PlacedStamp) {
  return [terminal === AT_HEAD_OFFICE ? null : terminal, incarnation, seq];
}
