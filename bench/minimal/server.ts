// A worker: the smallest server of a pipeline somebody might write by hand. One route, one statement, no questions.
import { fastify } from "fastify";
import pg from "pg";
import { answer } from "../worker-side.ts";
import { INSERT_ROWS, type MinimalPlace, type MinimalSale, parametersOf, rowOf } from "./rows.ts";

const app = fastify({ bodyLimit: 64 * 1024 * 1024 });
let pool: pg.Pool | undefined;

interface Batch {
  readonly place: MinimalPlace;
  readonly sales: readonly MinimalSale[];
}

app.post("/batch", async (request) => {
  const { place, sales } = request.body as Batch;
  await pool?.query({ name: "insert", text: INSERT_ROWS, values: parametersOf(place, sales.map(rowOf)) });
  return { stored: sales.length };
});

answer(
  {
    start: async ({ databaseUrl }: { databaseUrl: string }) => {
      pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
      return app.listen({ host: "127.0.0.1", port: 0 });
    },
  },
  async () => {
    await app.close();
    await pool?.end();
  },
);
