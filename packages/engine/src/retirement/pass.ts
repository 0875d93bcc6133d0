import type { Sql } from "../ports.ts";
import { type Candidate, mayRetire, RETIRED_KINDS, type Rule } from "./rule.ts";
import { stubOf } from "./stub.ts";

/** Rows read at a time; of each only what stands before its bytes. */
const PAGE = 256;

const ROWS = `SELECT position, kind, local_id AS localId, business_date AS businessDate, retired IS NOT NULL AS isRetired
  FROM journal WHERE position > ? AND position <= ? ORDER BY position LIMIT ${PAGE}`;

type Row = Candidate & { readonly isRetired: number };

/** One walk over the journal, from the first change that was not retired to the last that is backed up. */
export class Pass {
  #at: number | undefined;
  #firstKept: number | undefined;
  #changes = 0;
  #bytes = 0;

  /** The work of one transaction, for `inSlices`. */
  in(tx: Sql, rule: Rule): { readonly step: () => boolean; readonly seal: (isLast: boolean) => void } {
    this.#at ??= tx.get<{ through: number }>("SELECT through FROM retirement")?.through ?? 0;
    const end = Math.max(0, ...rule.backedUp.values());
    let rows: Row[] = [];
    const step = () => {
      if (rows.length === 0) rows = tx.all<Row>(ROWS, this.#at ?? 0, end).reverse();
      const row = rows.pop();
      if (row === undefined) return false;
      this.#look(tx, rule, row);
      this.#at = row.position;
      return true;
    };
    return { step, seal: (isLast) => this.#seal(tx, isLast) };
  }

  #look(tx: Sql, rule: Rule, row: Row): void {
    if (row.isRetired === 1 || !RETIRED_KINDS.has(row.kind)) return;
    if (mayRetire(tx, rule, row)) this.#retire(tx, row);
    else this.#firstKept ??= row.position;
  }

  #retire(tx: Sql, { position, kind }: Row): void {
    const found = tx.get<{ body: string; bytes: number }>(
      "SELECT body, octet_length(body) + coalesce(octet_length(private), 0) AS bytes FROM journal WHERE position = ?",
      position,
    );
    if (found === undefined) return;
    const stub = JSON.stringify(stubOf(kind, found.body, found.bytes));
    tx.run("UPDATE journal SET body = '', private = NULL, retired = ? WHERE position = ?", stub, position);
    this.#changes++;
    this.#bytes += found.bytes;
  }

  #seal(tx: Sql, isLast: boolean): void {
    if (this.#changes > 0)
      tx.run("UPDATE retirement SET changes = changes + ?, bytes = bytes + ?", this.#changes, this.#bytes);
    [this.#changes, this.#bytes] = [0, 0];
    const through = this.#firstKept === undefined ? this.#at : this.#firstKept - 1;
    if (isLast && through !== undefined)
      tx.run("UPDATE retirement SET through = ? WHERE through <> ?", through, through);
  }
}

/** A row comes back whole: it does not count any more, and the next pass begins before it. */
export function unretire(tx: Sql, position: number): void {
  tx.run(
    `UPDATE retirement SET through = min(through, ?), changes = changes - (found.given IS NOT NULL),
       bytes = bytes - coalesce(found.given, 0)
     FROM (SELECT (SELECT retired ->> 'bytes' FROM journal WHERE position = ?) AS given) AS found`,
    position - 1,
    position,
  );
}
