import { type HeadRow, headKey, type SettlementAt, type StoreTables } from "../centre/tables.ts";
import type { Machine } from "../till/machine.ts";
import type { StoreAtEnd } from "./centre.ts";
import { isPrivateRight, privateFault } from "./private-parts.ts";
import { at, placesOf } from "./till.ts";
import type { Entry, TillView } from "./till-view.ts";

const LIFE_SPAN = 2 ** 40;

interface Manifest {
  readonly openSeq: number;
  readonly earlier?: readonly unknown[];
  readonly counts: Readonly<Record<string, number>>;
  readonly totals: readonly { currency: string; tender: string; amountMinor: number }[];
}

/**
 * I21 and I34 of shifts: each closed one ends judged, by itself, with exactly the exceptions that there are and the money
 * that its bytes say; its till knows it; and what was damaged on one side is whole again, if the other side had it.
 */
export function checkSettlement(store: StoreAtEnd): void {
  for (const machine of store.machines) {
    const view = store.views.get(machine);
    if (view === undefined) continue;
    for (const entry of closingsOf(view)) if (isOwn(machine, entry)) checkShift(store, machine, view, entry);
  }
}

/** A closing that came back was made before this database was put back, or by another copy of it. */
function isOwn({ suspect, ledger }: Machine, entry: Entry): boolean {
  const places = placesOf(entry);
  return suspect === null || ledger.told.some((told) => places.includes(`${at(told)} ${told.hash}`));
}

/** Closings that can be read, of a till's own journal. */
export function closingsOf({ entries }: TillView): Entry[] {
  return entries.filter(({ kind, intact, said }) => kind === "shift.closed" && intact && said.kind === "shift.closed");
}

/** What is missing to the end of a shift; null when nothing is. Asked while things come to rest. */
export function unfinished(tables: StoreTables, machine: Machine, { incarnation, seq, ordinal }: Entry): string | null {
  const { terminal } = machine.options.settings;
  const key = headKey(terminal, incarnation, seq);
  const head = tables.heads.get(key);
  if (head?.kind !== "shift.closed" || head.repeat) return null;
  const row = tables.settlements.get(key);
  if (row === undefined) return "was never judged";
  if (row.due) return "is due to be judged again";
  if (row.judgement.state === "different") return `is different: ${row.judgement.need.join(", ")}`;
  const known = machine.disk
    .prepare("SELECT state, own IS NULL AS unseen, lacks FROM settlement WHERE position = ?")
    .get(ordinal * LIFE_SPAN + seq) as { state: string; unseen: number; lacks: number } | undefined;
  if (known?.state !== row.judgement.state) return `is ${known?.state ?? "waiting"} at its till`;
  return known.unseen === 1 || known.lacks > 0 ? `lacks ${known.lacks} rows at its till` : null;
}

function checkShift({ tables, chronicle }: StoreAtEnd, machine: Machine, view: TillView, closing: Entry): void {
  const { terminal } = machine.options.settings;
  const name = `${machine.name} ${at(closing)} (shift ${closing.localId})`;
  const missing = unfinished(tables, machine, closing);
  if (missing !== null) {
    chronicle.violate("I34", `${name} ${missing}`);
    return;
  }
  const row = tables.settlements.get(headKey(terminal, closing.incarnation, closing.seq));
  if (row === undefined) return; // it came in an earlier life already, and was judged there
  const manifest = (JSON.parse(closing.body) as { payload: Manifest }).payload;
  if (closing.origin !== null) {
    checkSentAgain(chronicle, name, view, { closing, origin: closing.origin, manifest, row });
    return;
  }
  const stretch = view.entries.filter(
    ({ incarnation, seq }) => incarnation === closing.incarnation && seq >= manifest.openSeq && seq <= closing.seq,
  );
  const heads = stretch.flatMap((entry) => tables.heads.get(headKey(terminal, entry.incarnation, entry.seq)) ?? []);
  checkExceptions(chronicle, name, row, {
    heads,
    mayDiffer: mayDiffer(machine, stretch, manifest.earlier !== undefined),
  });
  const bodies = heads.filter(({ damaged, seq }) => !damaged && seq < closing.seq).map(({ body }) => body);
  const centre = moneyOf(bodies);
  if (centre !== textOf(row.judgement.totals))
    chronicle.violate("I21", `${name} was judged with ${textOf(row.judgement.totals)}; its bytes say ${centre}`);
  if (heads.length !== stretch.length) chronicle.violate("I21", `${name}: the centre lacks rows`);
  for (const entry of stretch) {
    const head = tables.heads.get(headKey(terminal, entry.incarnation, entry.seq));
    if (head && !head.damaged && head.body !== entry.body && !machine.rottenLate.has(at(entry)))
      chronicle.violate("I21", `${name}: ${entry.seq} is settled, and other bytes at the till`);
    const fault = privateFault(entry, head);
    if (fault !== null && !machine.rotten.has(at(entry)))
      chronicle.violate("I21", `${name}: ${entry.seq} is settled, and ${fault}`);
  }
}

/** A closing that was sent again speaks of the rows that its till had then, wherever those stand now. */
function checkSentAgain(
  chronicle: StoreAtEnd["chronicle"],
  name: string,
  { entries }: TillView,
  of: { closing: Entry; origin: NonNullable<Entry["origin"]>; manifest: Manifest; row: SettlementAt },
): void {
  const { closing, origin, manifest, row } = of;
  const rows = new Map<number, Entry>();
  for (const entry of entries) {
    const was = entry.origin ?? entry;
    const isThere = was.incarnation === origin.incarnation && was.seq >= manifest.openSeq && was.seq < origin.seq;
    if (isThere && entry.ordinal <= closing.ordinal) rows.set(was.seq, entry);
  }
  if ([...rows.values()].some(({ intact }) => !intact)) return;
  const sold = moneyOf([...rows.values()].map(({ body }) => body));
  if (sold !== textOf(row.judgement.totals))
    chronicle.violate("I21", `${name} was judged with ${textOf(row.judgement.totals)}; its rows say ${sold}`);
  if (row.judgement.exceptions.some(({ code }) => code === "MANIFEST_DIFFERS"))
    chronicle.violate("I21", `${name}: its manifest is right, and was called wrong`);
}

function checkExceptions(
  chronicle: StoreAtEnd["chronicle"],
  name: string,
  { judgement }: SettlementAt,
  { heads, mayDiffer: isExcused }: { heads: readonly HeadRow[]; mayDiffer: boolean },
): void {
  const isWrong = ({ effect, damaged, body, private: secret }: HeadRow) =>
    effect !== "applied" || damaged || !isPrivateRight(body, secret);
  const wanted = heads.filter(isWrong).map(({ seq }) => seq);
  const printed = judgement.exceptions.filter(({ code }) => code === "MANIFEST_DIFFERS" || code === "EARLIER_DIFFERS");
  const got = judgement.exceptions.filter((exception) => !printed.includes(exception)).map(({ seq }) => seq);
  const inOrder = wanted.sort((one, other) => one - other).join(", ");
  if (got.join(", ") !== inOrder)
    chronicle.violate("I21", `${name} lists the exceptions ${got.join(", ")}; there are ${inOrder}`);
  if (printed.length > 0 && !isExcused)
    chronicle.violate("I21", `${name}: its manifest is right, and was called wrong`);
  const hasAny = judgement.exceptions.length > 0;
  if (hasAny !== (judgement.state === "settled-with-exceptions"))
    chronicle.violate("I21", `${name} is ${judgement.state} with ${judgement.exceptions.length} exceptions`);
}

/** A manifest is made of what the disk gave at closing time. */
function mayDiffer(machine: Machine, stretch: readonly Entry[], hasEarlier: boolean): boolean {
  const places = [...stretch.map(at), ...(hasEarlier ? machine.rotten : [])];
  return machine.wasMisread || places.some((place) => machine.rotten.has(place));
}

interface Paid {
  readonly kind?: unknown;
  readonly payload?: {
    readonly currency?: unknown;
    readonly tenders?: readonly { readonly type: string; readonly amountMinor: number }[];
    readonly tender?: string;
    readonly amountMinor?: number;
  };
}

/** Added up apart from the product's code. */
function moneyOf(bodies: readonly string[]): string {
  const sums = new Map<string, number>();
  const add = (currency: unknown, tender: string, amountMinor: number) => {
    const key = `${String(currency)} ${tender}`;
    sums.set(key, (sums.get(key) ?? 0) + amountMinor);
  };
  for (const body of bodies) {
    const { kind, payload } = parsed(body);
    if (kind === "order.closed" && payload?.currency !== undefined)
      for (const { type, amountMinor } of payload.tenders ?? []) add(payload.currency, type, amountMinor);
    if (kind === "transaction.recorded" && payload?.amountMinor !== undefined)
      add(payload.currency, payload.tender ?? "none", payload.amountMinor);
  }
  return [...sums]
    .map(([key, sum]) => `${key} ${sum}`)
    .sort()
    .join("; ");
}

function parsed(body: string): Paid {
  try {
    return (JSON.parse(body) as Paid | null) ?? {};
  } catch {
    return {};
  }
}

function textOf(totals: readonly { currency: string; tender: string; amountMinor: number }[]): string {
  return totals
    .map(({ currency, tender, amountMinor }) => `${currency} ${tender} ${amountMinor}`)
    .sort()
    .join("; ");
}
