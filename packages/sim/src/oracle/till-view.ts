import type { Machine } from "../till/machine.ts";
import { changeHash, type Said, START, said } from "./bytes.ts";

/** One row of a till's journal, read past the product. */
export interface Entry {
  readonly ordinal: number;
  readonly incarnation: string;
  readonly seq: number;
  readonly hash: string;
  readonly kind: string;
  readonly localId: string;
  readonly businessDate: string;
  readonly receiptSequence: number | null;
  readonly body: string;
  readonly private: string | null;
  /** What its bytes say. */
  readonly said: Said;
  /** Where it stood first, when it was sent again in a later life. */
  readonly origin: { readonly incarnation: string; readonly seq: number; readonly hash: string } | null;
  /** Its bytes give its hash. */
  readonly intact: boolean;
  /** It follows the entry before it. */
  readonly follows: boolean;
  /** Only its place in the chain is left on the till: body and private part are those that it gave up. */
  readonly isRetired: boolean;
}

export interface LifeMark {
  readonly ordinal: number;
  readonly incarnation: string;
  readonly durableThrough: number;
  /** What this database lost of it up to here is to come back. */
  readonly returnsTo: number;
}

/** What is on a till's disk, past all faults and past the product's own reading code. */
export interface TillView {
  readonly lives: readonly LifeMark[];
  readonly entries: readonly Entry[];
  readonly sold: ReadonlyMap<string, { readonly receipt: string | null; readonly amountMinor: number }>;
  /** Receipt numbers that the till passed over, because the centre has them: `day` is ordinal and business date. */
  readonly floors: readonly { readonly day: string; readonly from: number; readonly to: number }[];
  /** By `incarnation/seq`: what the centre told of changes that it did not apply. */
  readonly exceptions: ReadonlyMap<string, string>;
}

/** Rows are in journal order: `position = ordinal * 2^40 + seq`, as the migration says. */
const LIFE_SPAN = 2 ** 40;

interface JournalRow {
  readonly position: number;
  readonly hash: string;
  readonly kind: string;
  readonly local_id: string;
  readonly business_date: string;
  readonly receipt_sequence: number | null;
  readonly body: string;
  readonly private: string | null;
  readonly origin: string | null;
  readonly retired: string | null;
}

export function viewOf(machine: Machine): TillView {
  const { disk } = machine;
  const all = <Row>(sql: string) => disk.prepare(sql).all() as Row[];
  const lives = livesOf(machine);
  const names = new Map(lives.map(({ ordinal, incarnation }) => [ordinal, incarnation]));
  const rows = all<JournalRow>(
    "SELECT position, lower(hex(hash)) AS hash, kind, local_id, business_date, receipt_sequence, body, private, origin, retired FROM journal ORDER BY position",
  ).map((row) => (row.retired === null ? row : { ...row, ...machine.retired.get(row.hash) }));
  const floors = all<{ day: string; from: number; to: number }>(
    `SELECT ordinal || ' ' || replace(business_date, '-', '') AS day, from_sequence AS "from", to_sequence AS "to" FROM receipt_floor`,
  );
  const exceptions = all<{ position: number; effect: string }>("SELECT position, effect FROM exception");
  const sold = all<{ local_id: string; receipt: string | null; amount_minor: number }>("SELECT * FROM pos_sale");
  const place = (position: number) => `${names.get(Math.floor(position / LIFE_SPAN))}/${position % LIFE_SPAN}`;
  return {
    lives,
    entries: entriesOf(machine, rows, names),
    floors,
    sold: new Map(sold.map((row) => [row.local_id, { receipt: row.receipt, amountMinor: row.amount_minor }])),
    exceptions: new Map(exceptions.map(({ position, effect }) => [place(position), effect])),
  };
}

export function livesOf(machine: Machine): LifeMark[] {
  return machine.disk
    .prepare(
      "SELECT ordinal, incarnation, durable_through AS durableThrough, returns_to AS returnsTo FROM life ORDER BY ordinal",
    )
    .all() as LifeMark[];
}

/** A till is looked at after every crash; what has not changed since need not be read and hashed again. */
const seen = new WeakMap<
  Machine,
  Map<number, { readonly row: JournalRow; readonly prevHash: string; readonly entry: Entry }>
>();

function entriesOf(machine: Machine, rows: readonly JournalRow[], names: ReadonlyMap<number, string>): Entry[] {
  const known = seen.get(machine) ?? new Map<number, { row: JournalRow; prevHash: string; entry: Entry }>();
  seen.set(machine, known);
  let before = { ordinal: 0, seq: 0, hash: START };
  return rows.map((row) => {
    const ordinal = Math.floor(row.position / LIFE_SPAN);
    const seq = row.position % LIFE_SPAN;
    if (ordinal !== before.ordinal) before = { ordinal, seq: 0, hash: START };
    const { hash: prevHash, seq: prevSeq } = before;
    before = { ordinal, seq, hash: row.hash };
    const last = known.get(row.position);
    const same =
      last?.prevHash === prevHash &&
      last.row.body === row.body &&
      last.row.hash === row.hash &&
      last.row.retired === row.retired &&
      last.row.private === row.private;
    if (same && last.entry.follows === (seq === prevSeq + 1)) return last.entry;
    const entry = entryOf(machine, row, {
      ordinal,
      incarnation: names.get(ordinal) ?? "",
      seq,
      prevHash,
      follows: seq === prevSeq + 1,
    });
    known.set(row.position, { row, prevHash, entry });
    return entry;
  });
}

function entryOf(
  machine: Machine,
  row: JournalRow,
  place: Pick<Entry, "ordinal" | "incarnation" | "seq" | "follows"> & { prevHash: string },
): Entry {
  const { hash, kind, local_id: localId, business_date: businessDate, receipt_sequence: receiptSequence, body } = row;
  const { prevHash: _prevHash, ...rest } = place;
  const origin = row.origin === null ? "" : originText(row.origin);
  const { terminal } = machine.options.settings;
  const intact = changeHash({ terminal, ...place, origin, body }) === hash;
  return {
    ...rest,
    hash,
    kind,
    localId,
    businessDate,
    receiptSequence,
    body,
    private: row.private,
    origin: row.origin === null ? null : (JSON.parse(row.origin) as Entry["origin"]),
    said: said(body),
    intact,
    isRetired: row.retired !== null,
  };
}

function originText(json: string): string {
  const { incarnation, seq, hash } = JSON.parse(json) as { incarnation: string; seq: number; hash: string };
  return `${incarnation}:${seq}:${hash}`;
}

/** How far the till has read the feed, as it wrote it down. */
export function cursorOf(machine: Machine): string | null {
  const row = machine.disk.prepare("SELECT cursor FROM lane").get() as { cursor: string | null } | undefined;
  return row?.cursor ?? null;
}

/** False before the first start came far enough to make the tables. */
export function hasTables(machine: Machine): boolean {
  const tables = machine.disk
    .prepare("SELECT count(*) AS n FROM sqlite_master WHERE name IN ('journal', 'pos_sale')")
    .get() as { n: number };
  return tables.n === 2;
}
