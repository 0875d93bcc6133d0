import type { Machine } from "../till/machine.ts";
import { changeHash, START } from "./bytes.ts";

/** One row of a till's journal, read past the product. */
export interface Entry {
  readonly ordinal: number;
  readonly incarnation: string;
  readonly seq: number;
  readonly hash: string;
  readonly kind: string;
  readonly localId: string;
  readonly businessDate: string;
  readonly body: string;
  readonly private: string | null;
  /** Its bytes give its hash. */
  readonly intact: boolean;
  /** It follows the entry before it. */
  readonly follows: boolean;
}

export interface LifeMark {
  readonly ordinal: number;
  readonly incarnation: string;
  readonly durableThrough: number;
}

/** What is on a till's disk, past all faults and past the product's own reading code. */
export interface TillView {
  readonly lives: readonly LifeMark[];
  readonly entries: readonly Entry[];
  readonly sold: ReadonlyMap<string, { readonly receipt: string | null; readonly amountMinor: number }>;
  /** By `incarnation/seq`: what the centre told of changes that it did not apply. */
  readonly exceptions: ReadonlyMap<string, string>;
  readonly cursor: string | null;
}

/** Rows are in journal order: `position = ordinal * 2^40 + seq`, as the migration says. */
const LIFE_SPAN = 2 ** 40;

interface JournalRow {
  readonly position: number;
  readonly hash: string;
  readonly kind: string;
  readonly local_id: string;
  readonly business_date: string;
  readonly body: string;
  readonly private: string | null;
  readonly origin: string | null;
}

export function viewOf(machine: Machine): TillView {
  const db = machine.disk.rows;
  const all = <Row>(sql: string) => db.prepare(sql).all() as Row[];
  const lives = all<LifeMark>("SELECT ordinal, incarnation, durable_through AS durableThrough FROM life ORDER BY ordinal");
  const names = new Map(lives.map(({ ordinal, incarnation }) => [ordinal, incarnation]));
  const rows = all<JournalRow>("SELECT position, lower(hex(hash)) AS hash, kind, local_id, business_date, body, private, origin FROM journal ORDER BY position");
  const exceptions = all<{ position: number; effect: string }>("SELECT position, effect FROM exception");
  const sold = all<{ local_id: string; receipt: string | null; amount_minor: number }>("SELECT * FROM pos_sale");
  const place = (position: number) => `${names.get(Math.floor(position / LIFE_SPAN))}/${position % LIFE_SPAN}`;
  return {
    lives,
    entries: entriesOf(machine.options.settings.terminal, rows, names),
    sold: new Map(sold.map((row) => [row.local_id, { receipt: row.receipt, amountMinor: row.amount_minor }])),
    exceptions: new Map(exceptions.map(({ position, effect }) => [place(position), effect])),
    cursor: all<{ cursor: string | null }>("SELECT cursor FROM lane")[0]?.cursor ?? null,
  };
}

function entriesOf(terminal: string, rows: readonly JournalRow[], names: ReadonlyMap<number, string>): Entry[] {
  let before = { ordinal: 0, seq: 0, hash: START };
  return rows.map((row) => {
    const ordinal = Math.floor(row.position / LIFE_SPAN);
    const seq = row.position % LIFE_SPAN;
    const incarnation = names.get(ordinal) ?? "";
    if (ordinal !== before.ordinal) before = { ordinal, seq: 0, hash: START };
    const origin = row.origin === null ? "" : originText(row.origin);
    const intact = changeHash({ terminal, incarnation, seq, prevHash: before.hash, origin, body: row.body }) === row.hash;
    const follows = seq === before.seq + 1;
    before = { ordinal, seq, hash: row.hash };
    const { hash, kind, local_id: localId, business_date: businessDate, body, private: secret } = row;
    return { ordinal, incarnation, seq, hash, kind, localId, businessDate, body, private: secret, intact, follows };
  });
}

function originText(json: string): string {
  const { incarnation, seq, hash } = JSON.parse(json) as { incarnation: string; seq: number; hash: string };
  return `${incarnation}:${seq}:${hash}`;
}

/** False before the first start came far enough to make the tables. */
export function hasTables(machine: Machine): boolean {
  const tables = machine.disk.rows.prepare("SELECT count(*) AS n FROM sqlite_master WHERE name IN ('journal', 'pos_sale')").get() as { n: number };
  return tables.n === 2;
}
