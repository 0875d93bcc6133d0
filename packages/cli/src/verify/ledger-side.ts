import { CHAIN_START, SyncError } from "@tillsync/protocol";
import type { DigestPage, LedgerPage, LedgerRow, MarkedRows } from "@tillsync/server";
import { askJson, type Door } from "../http-door.ts";

const PAGE_ROWS = 2000;

/** What travelled for a comparison. */
export interface Travelled {
  requests: number;
  /** Of answers, as they are before packing. */
  bytes: number;
  /** Changes that came one by one, because something differed near them. */
  rows: number;
}

type Life = { readonly incarnation: string; readonly ordinal: number };
type Stretch = { readonly fromSeq: number; readonly toSeq: number };

/** A terminal's changes as the centre has them, asked for through its door. */
export interface Ledger {
  readonly travelled: Travelled;
  /** Digests of ranges of `size`, page by page; an empty page when the centre does not know the life. */
  digests(life: Life, from: { fromSeq: number; toSeq?: number; size: number }): Promise<DigestPage>;
  /** The rows of a stretch, in order, as far as they are there. */
  rows(life: Life, stretch: Stretch): Promise<LedgerRow[]>;
  /** One row, judged behind the hash that is known to be before it. */
  rowBehind(life: Life, seq: number, prevHash: string): Promise<LedgerRow | undefined>;
  /** Has the centre look at rows that were found wrong there, and ask for those that are. */
  mark(incarnation: string, seqs: readonly number[]): Promise<MarkedRows>;
  /** The newest life the centre knows, and as `ordinal` how many there are; undefined when there is none. */
  newestLife(): Promise<DigestPage | undefined>;
}

export function openLedger(centre: Door, terminal: string, pageRows = PAGE_ROWS): Ledger {
  const travelled: Travelled = { requests: 0, bytes: 0, rows: 0 };
  const door: Door = {
    ...centre,
    onAnswer: (bytes) => {
      travelled.requests++;
      travelled.bytes += bytes;
    },
  };
  const path = `/api/admin/terminals/${terminal}`;
  const ask = async <T>(what: string, query: object): Promise<T | undefined> => {
    const text = new URLSearchParams(
      Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
    );
    try {
      return await askJson<T>(door, "GET", `${path}/${what}?${text}`);
    } catch (error) {
      if (error instanceof SyncError && error.code === "NOT_FOUND") return undefined;
      throw error;
    }
  };
  const rows = async (query: object): Promise<readonly LedgerRow[]> => {
    const { changes = [] } = (await ask<LedgerPage>("ledger", query)) ?? {};
    travelled.rows += changes.length;
    return changes;
  };
  return {
    travelled,
    digests: async ({ incarnation, ordinal }, from) => {
      const page = await ask<DigestPage>("digests", { incarnation, ...from });
      const nothing = { durableThrough: 0, chainHash: CHAIN_START, ranges: [], totals: [], nextSeq: null };
      return page ?? { terminal, incarnation, ordinal, ...nothing };
    },
    rows: async ({ incarnation }, { fromSeq, toSeq }) => {
      const found: LedgerRow[] = [];
      for (let from = fromSeq; from <= toSeq; ) {
        const limit = Math.min(toSeq - from + 1, pageRows);
        const page = await rows({ incarnation, fromSeq: from, limit });
        found.push(...page);
        // A page in which all rows are missing has none; one with large rows is shorter.
        from = (page.at(-1)?.seq ?? from + limit - 1) + 1;
      }
      return found;
    },
    rowBehind: async ({ incarnation }, seq, prevHash) =>
      (await rows({ incarnation, fromSeq: seq, limit: 1, prevHash })).at(0),
    mark: (incarnation, seqs) => askJson<MarkedRows>(door, "POST", `${path}/repair`, { incarnation, seqs }),
    newestLife: () => ask<DigestPage>("digests", { toSeq: 1 }),
  };
}
