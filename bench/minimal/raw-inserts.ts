// A worker: PostgreSQL by itself. The same rows in the same statement, one batch after the other, no outbox and no HTTP.
import Database from "better-sqlite3";
import pg from "pg";
import { answer } from "../worker-side.ts";
import { INSERT_ROWS, type MinimalPlace, type MinimalSale, parametersOf, rowOf } from "./rows.ts";

const BATCH = 500;

interface Insert {
  readonly file: string;
  readonly databaseUrl: string;
  readonly place: MinimalPlace;
}

answer({
  insert: async ({ file, databaseUrl, place }: Insert) => {
    const db = new Database(file, { readonly: true });
    const sales = db.prepare("SELECT seq, hash, body FROM outbox ORDER BY seq").all() as MinimalSale[];
    db.close();
    const rows = sales.map(rowOf);
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    const begin = performance.now();
    for (let at = 0; at < rows.length; at += BATCH) {
      const values = parametersOf(place, rows.slice(at, at + BATCH));
      await client.query({ name: "insert", text: INSERT_ROWS, values });
    }
    const ms = performance.now() - begin;
    await client.end();
    return { ms };
  },
});
