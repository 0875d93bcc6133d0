import fc from "fast-check";
import {
  DELETED,
  type FieldValue,
  isSame,
  type Loss,
  type MergePolicy,
  mergeEdit,
  NO_RECORD,
  type RecordEdit,
  type SharedRecord,
} from "../merge.ts";
import { compareStamps, effectiveAtMs, type Stamp } from "../stamp.ts";

const HOUR_MS = 3_600_000;

/** What happens to one record, one after the other, a second apart in true time. */
export interface Happening {
  readonly what: "edit" | "delete" | "create" | "meet";
  readonly till: number;
  readonly field: number;
}

const of = (what: Happening["what"], weight: number) => ({
  weight,
  arbitrary: fc.record({ what: fc.constant(what), till: fc.nat(4), field: fc.nat(2) }),
});
export const script = fc.array(fc.oneof(of("edit", 5), of("delete", 1), of("create", 1), of("meet", 2)), {
  maxLength: 30,
});
/** By how much the clock of each of five tills is off, milliseconds. */
export const skews = fc.array(fc.integer({ min: -24 * HOUR_MS, max: 24 * HOUR_MS }), { minLength: 5, maxLength: 5 });

export type Merge = typeof mergeEdit;

export interface Play {
  readonly edits: readonly RecordEdit[];
  readonly losses: readonly Loss[];
  readonly record: SharedRecord;
  /** What each till reads when all have met the centre. */
  readonly copies: readonly SharedRecord[];
}

interface Till {
  copy: SharedRecord;
  unsent: (RecordEdit & { readonly occurredAtMs: number })[];
  seq: number;
}

/** Tills that edit one record, each offline between two meetings with the centre, with a clock that is off by its skew. */
export function play(
  happenings: readonly Happening[],
  skewsMs: readonly number[],
  policy: MergePolicy,
  merge: Merge = mergeEdit,
): Play {
  let record = NO_RECORD;
  const losses: Loss[] = [];
  const edits: RecordEdit[] = [];
  const tills = skewsMs.map((): Till => ({ copy: NO_RECORD, unsent: [], seq: 0 }));
  const meet = (till: Till, skewMs: number, receivedAtMs: number) => {
    for (const { occurredAtMs, ...sent } of till.unsent) {
      const at = effectiveAtMs({ occurredAtMs, clockOffsetMs: -skewMs, receivedAtMs });
      const stamped = { ...sent, stamp: { ...sent.stamp, effectiveAtMs: at } };
      edits.push(stamped);
      const merged = merge(record, stamped, policy);
      record = merged.record;
      losses.push(...merged.losses);
    }
    till.copy = record;
    till.unsent = [];
  };
  let nowMs = 1_000 * HOUR_MS;
  for (const { what, till: number, field } of happenings) {
    nowMs += 1_000;
    const [till, skewMs] = [tills[number], skewsMs[number] ?? 0];
    if (till === undefined) continue;
    if (what === "meet") meet(till, skewMs, nowMs);
    else till.unsent.push(editOf(till, { what, field: `f${field}`, nowMs, skewMs, name: String(number) }));
  }
  for (let round = 0; round < 2; round++)
    for (const [number, till] of tills.entries()) meet(till, skewsMs[number] ?? 0, nowMs + 1_000);
  return { edits, losses, record, copies: tills.map(({ copy }) => copy) };
}

interface Act {
  readonly what: "edit" | "delete" | "create";
  readonly field: string;
  readonly nowMs: number;
  readonly skewMs: number;
  readonly name: string;
}

/** What a person does who sees the till's copy with its own edits over it. */
function editOf(till: Till, { what, field, nowMs, skewMs, name }: Act): Till["unsent"][number] {
  const seen = till.unsent.reduce((view, next) => mergeEdit(view, next, "client-wins").record, till.copy);
  const base = Object.fromEntries(Object.entries(seen.fields).map(([of, { value }]) => [of, value]));
  const deleted: Record<string, FieldValue> = what === "edit" ? {} : { [DELETED]: what === "delete" ? true : null };
  const set = what === "delete" ? deleted : { ...deleted, [field]: `${name}.${nowMs}` };
  const occurredAtMs = nowMs + skewMs;
  const stamp = { effectiveAtMs: occurredAtMs, terminal: name, incarnation: "1", seq: ++till.seq };
  return { stamp, set, base, add: { points: till.seq }, occurredAtMs };
}

/** Which promises a play breaks; none, if the merge is right. `order`: the same edits in another order. */
export function brokenBy(
  played: Play,
  policy: MergePolicy,
  order: readonly RecordEdit[],
  merge: Merge = mergeEdit,
): string[] {
  const { edits, losses, record, copies } = played;
  const sum = edits.reduce((total, { add }) => total + (add.points ?? 0), 0);
  const again = order.reduce((merged, edit) => merge(merged, edit, policy).record, NO_RECORD);
  const isKeptAll = edits.every((one) =>
    Object.entries(one.set).every(([field, value]) => isKept(played, one, field, value)),
  );
  const broken: Readonly<Record<string, boolean>> = {
    "versions in = versions kept": !isKeptAll,
    "no delta lost": (record.totals.points ?? 0) !== sum,
    "all tills equal at rest": copies.some((copy) => copy !== record),
    "nothing loses to itself": losses.some(({ lost, stands }) => compareStamps(lost.stamp, stands.stamp) === 0),
    "any order gives the same": policy === "per-field" && !isEqual(again, record),
    "the last write in truth stands": policy === "per-field" && !isLastInTruth(played),
  };
  return Object.entries(broken).flatMap(([promise, isBroken]) => (isBroken ? [promise] : []));
}

function isEqual(one: SharedRecord, other: SharedRecord): boolean {
  const sorted = ({ fields, totals }: SharedRecord) => [fields, totals].map((map) => Object.entries(map).sort());
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function isLastInTruth({ edits, record }: Play): boolean {
  return Object.entries(record.fields).every(([field, { value }]) => {
    const writes = edits.filter(({ set }) => Object.hasOwn(set, field));
    const last = writes.toSorted((one, other) => one.stamp.effectiveAtMs - other.stamp.effectiveAtMs).at(-1);
    return value === last?.set[field];
  });
}

/** Its value stands, or lost and is kept, or whoever wrote the next one had seen it. */
function isKept({ edits, losses, record }: Play, one: RecordEdit, field: string, value: FieldValue): boolean {
  const isIts = (at: Stamp) => compareStamps(at, one.stamp) === 0;
  const standing = record.fields[field];
  if (standing && (isIts(standing.stamp) || isSame(standing.value, value))) return true;
  const isLost = ({ field: name, lost }: Loss) => name === field && (isIts(lost.stamp) || isSame(lost.value, value));
  if (losses.some(isLost)) return true;
  return edits.some(
    (other) => Object.hasOwn(other.set, field) && !isIts(other.stamp) && isSame(other.base[field] ?? null, value),
  );
}
