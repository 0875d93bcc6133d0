// A worker: what SQLite itself can do. One sale and one outbox row in one transaction, `synchronous=FULL`, nothing else.
import Database from "better-sqlite3";
import { type Sale, sales } from "../sales.ts";
import { answer } from "../worker-side.ts";
import type { SellOrder } from "./engine-till.ts";
import { timeEach } from "./time-each.ts";

answer({
  sell: async ({ file, warmUp, count }: SellOrder) => {
    const db = new Database(file);
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    db.exec(`CREATE TABLE sale (local_id TEXT PRIMARY KEY, total_minor INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE outbox (id INTEGER PRIMARY KEY, local_id TEXT NOT NULL, sent INTEGER NOT NULL DEFAULT 0);`);
    const insertSale = db.prepare("INSERT INTO sale (local_id, total_minor, body) VALUES (?, ?, ?)");
    const insertOutbox = db.prepare("INSERT INTO outbox (local_id) VALUES (?)");
    const sell = db.transaction((sale: Sale) => {
      const totalMinor = sale.tenders.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
      insertSale.run(sale.localId, totalMinor, JSON.stringify({ ...sale, totalMinor }));
      insertOutbox.run(sale.localId);
    });
    await timeEach(sales(warmUp, 2), sell);
    const timed = await timeEach(sales(count), sell);
    const { rows } = db.prepare("SELECT count(*) AS rows FROM sale JOIN outbox USING (local_id)").get() as {
      rows: number;
    };
    db.close();
    return { ...timed, rows: rows - warmUp };
  },
});
