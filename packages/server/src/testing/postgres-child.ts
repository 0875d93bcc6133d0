// Started by tests as a process of its own: runs PostgreSQL on the folder of its first argument, prints what came of
// it as one line of JSON, and stays until it is killed.
import { PostgresError, startPostgres } from "../embedded/index.ts";

const dataDir = process.argv[2];
if (dataDir === undefined) throw new Error("usage: postgres-child.ts DATA_DIR");

try {
  const { pid, port, adminUrl } = await startPostgres({ dataDir });
  process.stdout.write(`${JSON.stringify({ pid, port, adminUrl })}\n`);
  setInterval(() => {}, 60_000);
} catch (error) {
  if (!(error instanceof PostgresError)) throw error;
  process.stdout.write(`${JSON.stringify({ code: error.code, message: error.message })}\n`);
}
