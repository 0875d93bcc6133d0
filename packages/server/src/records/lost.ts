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
import type { PlacedStamp } from "./state.ts";

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
