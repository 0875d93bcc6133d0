import {
  DELETED,
  type ErrorCode,
  type FieldValue,
  type Loss,
  type MergePolicy,
  type RecordEdit,
  type SharedRecord,
  type Stamp,
} from "@tillsync/protocol";
import type pg from "pg";
import type { Scope } from "../ingest/ports.ts";
import { AT_HEAD_OFFICE, type PlacedStamp } from "./state.ts";
import { INSERT_CONFLICT, SET_STORE } from "./statements.ts";

type Fields = Record<string, FieldValue>;

/** A write of a customer that does not stand, beside the one that does: the fields in which they differ. */
export interface Lost {
  readonly id: string;
  readonly type: ErrorCode;
  readonly lost: PlacedStamp;
  readonly stands: PlacedStamp | null;
  readonly local: Fields;
  readonly remote: Fields;
  readonly decided: Decided;
}

/** How the centre decided a conflict, until a person did. */
export type Decided = "LAST_WRITE_WINS" | "CLIENT_WINS" | "SERVER_WINS" | "MANUAL";

const DECIDED: Readonly<Record<MergePolicy, Decided>> = {
  "per-field": "LAST_WRITE_WINS",
  "client-wins": "CLIENT_WINS",
  "server-wins": "SERVER_WINS",
  manual: "MANUAL",
};

/** The losses of one edit, those between the same two writes together. */
export function lostOf(id: string, losses: readonly Loss[], policy: MergePolicy): Lost[] {
  const pairs = Map.groupBy(losses, ({ lost, stands }) => `${textOf(lost.stamp)} ${textOf(stands.stamp)}`);
  return [...pairs.values()].flatMap((alike): Lost[] => {
    const [first] = alike;
    if (first === undefined) return [];
    const isDeleted = alike.some(({ isHidden }) => isHidden);
    const shown = alike.filter(({ isHidden }) => !isHidden).map(({ field, stands }) => [field, stands.value] as const);
    return [
      {
        id,
        type: isDeleted ? "DELETED_ITEM" : "CONCURRENT_MODIFICATION",
        // A record's stamps are of tills of some store, or of head office: all of them say which.
        lost: first.lost.stamp as PlacedStamp,
        stands: first.stands.stamp as PlacedStamp,
        local: Object.fromEntries(alike.map(({ field, lost }) => [field, lost.value])),
        remote: Object.fromEntries([...shown, ...(isDeleted ? [[DELETED, true] as const] : [])]),
        decided: DECIDED[policy],
      },
    ];
  });
}

function textOf({ effectiveAtMs, terminal, incarnation, seq }: Stamp): string {
  return `${effectiveAtMs}/${terminal}/${incarnation}/${seq}`;
}

/** An edit that would make a row which no till can read: what stands goes on standing. */
export function refusedEdit(id: string, { stamp, set }: RecordEdit, before: SharedRecord): Lost {
  const remote = Object.keys(set).map((field) => [field, before.fields[field]?.value ?? null] as const);
  const lost = stamp as PlacedStamp;
  const sides = { local: { ...set }, remote: Object.fromEntries(remote) };
  return { id, type: "BODY_INVALID", lost, stands: null, ...sides, decided: "SERVER_WINS" };
}

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
