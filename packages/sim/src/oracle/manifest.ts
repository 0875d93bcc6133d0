import type { Machine } from "../till/machine.ts";
import { type Entry, type TillView, viewOf } from "./till-view.ts";

/** Types of transactions that are cash in and out beside sales, as docs/protocol.md has them. */
const IN: ReadonlySet<unknown> = new Set(["PaidIn", "Loan"]);
const OUT: ReadonlySet<unknown> = new Set(["PaidOut", "Pickup"]);

/** A stretch as a manifest tells it. */
interface Told {
  readonly incarnation?: string;
  readonly openSeq: number;
  readonly closeSeq: number;
  readonly chainHead: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly totals: readonly Amount[];
}

interface Manifest extends Told {
  readonly openingFloat?: { readonly currency: string; readonly amountMinor: number };
  readonly cashMoves?: readonly { readonly currency: string; readonly inMinor: number; readonly outMinor: number }[];
  readonly expected: readonly Amount[];
  readonly counted?: readonly Amount[];
  readonly overShort?: readonly Amount[];
  readonly receipts?: readonly { readonly first: string; readonly last: string; readonly count: number }[];
  readonly earlier?: readonly Told[];
}

interface Amount {
  readonly currency: string;
  readonly tender: string;
  readonly amountMinor: number;
}

/** Closings that were looked at: entries of a till are kept from one look to the next. */
const seen = new WeakSet<Entry>();

/**
 * I34: a closing says truly what its shift held, to the minor unit. Added up again from the bytes, by the words of
 * docs/protocol.md and without the product's code. A stretch in which a change was damaged is passed over.
 */
export function checkManifests(machine: Machine, view: TillView = viewOf(machine)): void {
  for (const [index, entry] of view.entries.entries()) {
    if (entry.kind !== "shift.closed" || !entry.intact || seen.has(entry)) continue;
    seen.add(entry);
    if (machine.suspect !== null && hasMoved(view.entries.slice(0, index), entry)) continue;
    const isRotten = (one: Entry) => !one.intact || machine.rotten.has(`${one.incarnation}/${one.seq}`);
    for (const fault of faultsOf(view.entries.slice(0, index), entry, isRotten))
      machine.options.chronicle.violate("I34", `${machine.name}: the closing of ${entry.localId}: ${fault}`);
  }
}

/** Rows that moved or came back stand elsewhere than when the shift was closed: then the centre's judgement is looked at. */
function hasMoved(before: readonly Entry[], closed: Entry): boolean {
  const opened = before.find(({ kind, localId }) => kind === "shift.opened" && localId === closed.localId);
  return closed.origin !== null || opened?.ordinal !== closed.ordinal || opened.origin !== null;
}

function faultsOf(before: readonly Entry[], closed: Entry, isRotten: (entry: Entry) => boolean): string[] {
  const manifest = payloadOf(closed) as unknown as Manifest;
  const start = before.findIndex(({ kind, localId }) => kind === "shift.opened" && localId === closed.localId);
  const opened = before[start];
  if (opened === undefined) return ["it was never opened"];
  const entries = before.slice(start);
  const lives = [...Map.groupBy(entries, ({ ordinal }) => ordinal).values()];
  const told = [...(manifest.earlier ?? []), manifest];
  if (told.length !== lives.length) return [`${told.length} lives are told of ${lives.length}`];
  if (entries.some(isRotten)) return [];
  return [
    ...lives.flatMap((life, index) => compare(`life ${index + 1}`, stretchOf(life), toldOf(told[index]))),
    ...compare("drawer", drawerOf(opened, entries, manifest.counted), drawerTold(manifest)),
  ];
}

/** What a stretch comes to. */
function stretchOf(entries: readonly Entry[]) {
  const counts: Record<string, number> = {};
  for (const entry of entries) {
    const kind = kindOf(entry);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  const [first, last] = [entries[0], entries.at(-1)];
  const range = `${first?.seq} to ${last?.seq}, ${last?.hash}`;
  return { range, counts: sorted(counts), totals: sorted(Object.fromEntries(sumsOf(entries))) };
}

function toldOf(told: Told | undefined) {
  const range = `${told?.openSeq} to ${told?.closeSeq}, ${told?.chainHead}`;
  return { range, counts: sorted(told?.counts ?? {}), totals: byName(told?.totals) };
}

function sumsOf(entries: readonly Entry[]): Map<string, number> {
  const sums = new Map<string, number>();
  const add = (currency: unknown, tender: unknown, amountMinor: unknown) => {
    const name = `${String(currency)} ${String(tender)}`;
    sums.set(name, (sums.get(name) ?? 0) + Number(amountMinor));
  };
  for (const entry of entries) {
    const { currency, tenders, tender = "none", amountMinor } = payloadOf(entry);
    if (kindOf(entry) === "transaction.recorded") add(currency, tender, amountMinor);
    if (kindOf(entry) !== "order.closed" || !Array.isArray(tenders)) continue;
    for (const one of tenders as Record<string, unknown>[]) add(currency, one.type, one.amountMinor);
  }
  return sums;
}

function drawerOf(opened: Entry, entries: readonly Entry[], counted: readonly Amount[] = []) {
  const { currency, openingFloatMinor } = payloadOf(opened);
  const expected = new Map([...sumsOf(entries)].filter(([name]) => !name.endsWith(" none")));
  const float = openingFloatMinor === undefined ? null : `${String(openingFloatMinor)} ${String(currency)}`;
  const cash = `${String(currency)} cash`;
  if (openingFloatMinor !== undefined) expected.set(cash, (expected.get(cash) ?? 0) + Number(openingFloatMinor));
  const over = counted.map(({ currency: code, tender, amountMinor }) => {
    const name = `${code} ${tender}`;
    return [name, amountMinor - (expected.get(name) ?? 0)] as const;
  });
  const moved = entries.filter((entry) => entry.kind === "transaction.recorded" && payloadOf(entry).tender === "cash");
  const sumOf = (types: ReadonlySet<unknown>, sign: 1 | -1) =>
    moved.reduce(
      (sum, entry) => (types.has(payloadOf(entry).type) ? sum + sign * Number(payloadOf(entry).amountMinor) : sum),
      0,
    );
  const receipts = entries.filter(({ kind }) => kind === "order.closed").length;
  const overShort = sorted(Object.fromEntries(over));
  return {
    float,
    expected: sorted(Object.fromEntries(expected)),
    overShort,
    in: sumOf(IN, 1),
    out: sumOf(OUT, -1),
    receipts,
  };
}

/** A till sells in one currency here. */
function drawerTold({ openingFloat, expected, overShort, cashMoves = [], receipts = [] }: Manifest) {
  const float = openingFloat === undefined ? null : `${openingFloat.amountMinor} ${openingFloat.currency}`;
  const [moved = { inMinor: 0, outMinor: 0 }] = cashMoves;
  const count = receipts.reduce((sum, range) => sum + range.count, 0);
  const said = { in: moved.inMinor, out: moved.outMinor, receipts: count };
  return { float, expected: byName(expected), overShort: byName(overShort), ...said };
}

function byName(amounts: readonly Amount[] = []) {
  return sorted(
    Object.fromEntries(amounts.map(({ currency, tender, amountMinor }) => [`${currency} ${tender}`, amountMinor])),
  );
}

function sorted(of: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1));
}

function compare(what: string, found: object, told: object): string[] {
  const texts = [found, told].map((side) => JSON.stringify(Object.entries(side).sort(([x], [y]) => (x < y ? -1 : 1))));
  return texts[0] === texts[1] ? [] : [`${what}: it says ${texts[1]}, its bytes say ${texts[0]}`];
}

/** The kind that a change's bytes name: the one it is filed under at the till is only a copy, and the centre has another. */
function kindOf({ said: { kind } }: Entry): string {
  return kind !== null && /^[^\p{Cc}\p{Cs}]{1,32}$/u.test(kind) ? kind : "unreadable";
}

function payloadOf({ body }: Entry): Record<string, unknown> {
  try {
    const { payload } = JSON.parse(body) as { payload?: Record<string, unknown> };
    return payload ?? {};
  } catch {
    return {}; // planted bytes that say nothing
  }
}
