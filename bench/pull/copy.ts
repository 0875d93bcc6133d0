// A worker: the least that could do the same. COPY out of PostgreSQL straight into SQLite, in one process and one
// transaction, with the same search indexes. Nothing is checked, and nothing could go on after a kill.
import Database from "better-sqlite3";
import pg from "pg";
import { answer } from "../worker-side.ts";

const MIB = 2 ** 20;

const SCHEMA = `CREATE TABLE item (place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, row TEXT NOT NULL) STRICT;
  CREATE TABLE item_name (name TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (name, id)) STRICT, WITHOUT ROWID;
  CREATE TABLE barcode (id TEXT PRIMARY KEY, gtin TEXT NOT NULL, row TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX barcode_gtin ON barcode (gtin);
  CREATE VIRTUAL TABLE item_word USING fts5 (words, content = '', detail = none, columnsize = 0,
    tokenize = "unicode61 remove_diacritics 2");`;

answer({
  copy: async ({ file, databaseUrl }: { file: string; databaseUrl: string }) => {
    const begin = performance.now();
    const beforeMiB = process.memoryUsage.rss() / MIB;
    const db = new Database(file);
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    db.exec(SCHEMA);
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    db.exec("BEGIN");
    const item = db.prepare("INSERT INTO item (place, id, row) VALUES (?, ?, ?)");
    const name = db.prepare("INSERT INTO item_name (name, id) VALUES (?, ?)");
    const word = db.prepare("INSERT INTO item_word (rowid, words) VALUES (?, ?)");
    const barcode = db.prepare("INSERT INTO barcode (id, gtin, row) VALUES (?, ?, ?)");
    let items = 0;
    await copyOut(client, "items", (text) => {
      const row = JSON.parse(text) as { id: string; name: string };
      item.run(++items, row.id, text);
      name.run(row.name.toLowerCase(), row.id);
      word.run(items, row.name);
    });
    let barcodes = 0;
    await copyOut(client, "itemBarcodes", (text) => {
      const row = JSON.parse(text) as { id: string; gtin?: string; barcode: string };
      barcode.run(row.id, row.gtin ?? row.barcode, text);
      barcodes++;
    });
    db.exec("COMMIT");
    const ms = performance.now() - begin;
    await client.end();
    db.close();
    return { ms, items, barcodes, beforeMiB, peakMiB: process.resourceUsage().maxRSS / 1024 };
  },
});

/** One `COPY TO STDOUT`, a line at a time. In its text format a row has no raw line feeds, and backslashes are doubled. */
function copyOut(client: pg.Client, module: string, onRow: (text: string) => void): Promise<void> {
  const sql = `COPY (SELECT row_text FROM tillsync.module_row WHERE module = '${module}' AND row_text IS NOT NULL ORDER BY id COLLATE "C") TO STDOUT`;
  let rest = "";
  return new Promise((resolve, reject) => {
    const query = {
      submit: (connection: { query(text: string): void }) => connection.query(sql),
      handleCopyData: ({ chunk }: { chunk: Buffer }) => {
        const lines = (rest + chunk.toString("utf8")).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) onRow(line.includes("\\") ? unescaped(line) : line);
      },
      handleCommandComplete: () => {},
      handleError: (error: Error) => reject(error),
      handleReadyForQuery: () => resolve(),
    };
    client.query(query as unknown as pg.Submittable);
  });
}

function unescaped(line: string): string {
  return line.replace(/\\(.)/g, (_all, char: string) => ({ n: "\n", t: "\t", r: "\r" })[char] ?? char);
}
