import { CHAIN_START, SyncError } from "@tillsync/protocol";
import type { LedgerPage } from "@tillsync/server";
import { askJson, type Door } from "../http-door.ts";

const PAGE_ROWS = 2000;

/** A terminal's changes as the centre has them, read page by page through its door. */
export interface Ledger {
  /** A page covers this many seq, rows that are missing included. */
  readonly pageRows: number;
  /** A page of a life from `fromSeq` on; an empty one when the centre does not know the life. */
  page(life: { readonly incarnation: string; readonly ordinal: number }, fromSeq: number): Promise<LedgerPage>;
  /** The newest life the centre knows, and as `ordinal` how many there are; undefined when there is none. */
  newestLife(): Promise<{ readonly incarnation: string; readonly ordinal: number } | undefined>;
}

export function openLedger(centre: Door, terminal: string, pageRows = PAGE_ROWS): Ledger {
  const ask = async (query: string): Promise<LedgerPage | undefined> => {
    try {
      return await askJson<LedgerPage>(centre, "GET", `/api/admin/terminals/${terminal}/ledger?${query}`);
    } catch (error) {
      if (error instanceof SyncError && error.code === "NOT_FOUND") return undefined;
      throw error;
    }
  };
  return {
    pageRows,
    page: async ({ incarnation, ordinal }, fromSeq) => {
      const page = await ask(`incarnation=${incarnation}&fromSeq=${fromSeq}&limit=${pageRows}`);
      const nothing = { durableThrough: 0, chainHash: CHAIN_START, changes: [], nextSeq: null };
      return page ?? { terminal, incarnation, ordinal, ...nothing };
    },
    newestLife: () => ask("limit=1"),
  };
}
