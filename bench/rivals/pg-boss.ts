// A worker: pg-boss, a queue in PostgreSQL. Jobs of one sale are put in by 500, fetched by 500, written as the same rows
// and completed. It has no outbox on the till, so its way begins one step later than the others'.
import Database from "better-sqlite3";
import pg from "pg";
import { INSERT_ROWS, type MinimalPlace, type MinimalSale, parametersOf, rowOf } from "../minimal/rows.ts";
import { answer } from "../worker-side.ts";

const BATCH = 500;
const QUEUE = "sales";

interface Job {
  readonly id: string;
  readonly data: MinimalSale;
}

/** As much of pg-boss 12 as is used. */
interface Boss {
  on(event: "error", listener: (error: unknown) => void): void;
  start(): Promise<unknown>;
  createQueue(name: string): Promise<void>;
  insert(name: string, jobs: { data: object }[]): Promise<unknown>;
  fetch(name: string, options: { batchSize: number }): Promise<Job[]>;
  complete(name: string, ids: string[]): Promise<unknown>;
  stop(options: { graceful: boolean }): Promise<void>;
}

interface Given {
  readonly file: string;
  readonly databaseUrl: string;
  readonly place: MinimalPlace;
  /** Where to import pg-boss from. */
  readonly from: string;
}

let boss: Boss | undefined;

async function started({ from, databaseUrl }: Given): Promise<Boss> {
  if (boss) return boss;
  const { PgBoss } = (await import(from)) as { PgBoss: new (url: string) => Boss };
  boss = new PgBoss(databaseUrl);
  boss.on("error", () => {});
  await boss.start();
  await boss.createQueue(QUEUE);
  return boss;
}

answer(
  {
    drain: async (given: Given) => {
      const queue = await started(given);
      const db = new Database(given.file, { readonly: true });
      const sales = db.prepare("SELECT seq, hash, body FROM outbox ORDER BY seq").all() as MinimalSale[];
      db.close();
      const client = new pg.Client({ connectionString: given.databaseUrl });
      await client.connect();
      const begin = performance.now();
      for (let at = 0; at < sales.length; at += BATCH)
        await queue.insert(
          QUEUE,
          sales.slice(at, at + BATCH).map((data) => ({ data })),
        );
      for (let left = sales.length; left > 0; ) {
        const jobs = await queue.fetch(QUEUE, { batchSize: BATCH });
        if (jobs.length === 0) throw new Error(`pg-boss gives no more jobs, and ${left} are left`);
        // Jobs of one insert come in the order of their random ids; the feed tells ranges.
        const rows = jobs.map(({ data }) => rowOf(data)).sort((one, other) => one.seq - other.seq);
        await client.query({ name: "insert", text: INSERT_ROWS, values: parametersOf(given.place, rows) });
        await queue.complete(
          QUEUE,
          jobs.map(({ id }) => id),
        );
        left -= jobs.length;
      }
      const ms = performance.now() - begin;
      await client.end();
      return { ms, left: 0 };
    },
  },
  () => boss?.stop({ graceful: false }),
);
