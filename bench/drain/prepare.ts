// A worker: makes the pending sales that every contender of a round starts from, once for all rounds.
import { openTerminal } from "@tillsync/engine";
import { readOnly } from "@tillsync/engine/sqlite";
import Database from "better-sqlite3";
import { sales } from "../sales.ts";
import { answer } from "../worker-side.ts";

export interface Prepare {
  readonly terminal: string;
  readonly shortId: string;
  /** The till's database; it must not exist. */
  readonly file: string;
  /** The outbox with the same sales; it must not exist. */
  readonly outbox: string;
  readonly count: number;
  readonly seed: number;
}

/** A sale at a time would be a flush at a time; how they came there is not what is measured. */
const SALES_A_COMMIT = 1000;

answer({
  prepare: async ({ terminal, shortId, file, outbox, count, seed }: Prepare) => {
    const central = { url: "http://127.0.0.1:9", key: "tsk_offline" };
    const till = openTerminal({ file, terminal, shortId, store: "main", currency: "KES", central });
    till.openShift({ operator: "Amina", businessDate: "2026-01-16" });
    const left = sales(count, seed);
    for (let done = 0; done < count; done += SALES_A_COMMIT) {
      till.transaction((tx) => {
        for (let at = done; at < Math.min(count, done + SALES_A_COMMIT); at++) {
          const { value } = left.next();
          if (value) tx.closeOrder(value);
        }
      });
    }
    await till.close(0);
    copyToOutbox(file, outbox);
  },
});

function copyToOutbox(file: string, outbox: string): void {
  const journal = readOnly(file);
  const db = new Database(outbox);
  db.pragma("journal_mode = WAL");
  db.exec(
    "CREATE TABLE outbox (seq INTEGER PRIMARY KEY, hash TEXT NOT NULL, body TEXT NOT NULL, sent INTEGER NOT NULL DEFAULT 0)",
  );
  const insert = db.prepare("INSERT INTO outbox (hash, body) VALUES (?, ?)");
  const rows = journal.iterate<{ hash: string; body: string }>(
    "SELECT lower(hex(hash)) AS hash, body FROM journal WHERE kind = 'order.closed' ORDER BY position",
  );
  db.transaction(() => {
    for (const { hash, body } of rows) insert.run(hash, body);
  })();
  journal.close();
  db.pragma("wal_checkpoint(TRUNCATE)");
  db.close();
}
