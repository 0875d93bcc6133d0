import { randomBytes } from "node:crypto";
import pg from "pg";

export interface FreshDatabase {
  /** As the database's owner, who is no superuser, as at a hosting company: row-level security holds for it. */
  readonly url: string;
  /** As superuser, for what only that one may do. */
  readonly adminUrl: string;
  /** Throws the database away, whoever is still connected. */
  drop(): Promise<void>;
}

/**
 * An empty database of its own for one test file, on the cluster that `npm test` started.
 *
 * ```ts
 * const database = await freshDatabase();
 * afterAll(() => database.drop());
 * ```
 */
export async function freshDatabase(): Promise<FreshDatabase> {
  const admin = process.env.TILLSYNC_PG_URL;
  if (admin === undefined) {
    throw new Error("no PostgreSQL for tests (TILLSYNC_PG_URL): name the file *.pg.test.ts and run `npm test -- pg`");
  }
  const name = `test_${randomBytes(8).toString("hex")}`;
  const password = randomBytes(16).toString("hex");
  await asAdmin(admin, [`CREATE ROLE ${name} LOGIN PASSWORD '${password}'`, `CREATE DATABASE ${name} OWNER ${name}`]);
  return {
    url: onDatabase(admin, name, { user: name, password }),
    adminUrl: onDatabase(admin, name),
    drop: () => asAdmin(admin, [`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`, `DROP ROLE IF EXISTS ${name}`]),
  };
}

async function asAdmin(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

function onDatabase(url: string, name: string, account?: { user: string; password: string }): string {
  const result = new URL(url);
  result.pathname = `/${name}`;
  if (account !== undefined) {
    result.username = account.user;
    result.password = account.password;
  }
  return result.href;
}
