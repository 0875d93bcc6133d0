import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PostgresError, startPostgres } from "@tillsync/server/embedded";

/**
 * Vitest's global set-up for the parts that need PostgreSQL: one throwaway cluster for the whole part, or the server of
 * TILLSYNC_TEST_DATABASE_URL (a superuser's URL). Tests find it as TILLSYNC_PG_URL, through `freshDatabase()`.
 */
export default async function setUp(): Promise<(() => Promise<void>) | undefined> {
  // Several projects in one vitest run share the first one's cluster.
  if (process.env.TILLSYNC_PG_URL !== undefined) return undefined;
  const given = process.env.TILLSYNC_TEST_DATABASE_URL;
  if (given !== undefined) {
    process.env.TILLSYNC_PG_URL = given;
    return undefined;
  }
  const dataDir = mkdtempSync(join(tmpdir(), "tillsync-test-pg-"));
  const postgres = await startPostgres({ dataDir }).catch((error: unknown) => {
    // scripts/test.ts reports the part `pg` as not run then; of the others only some tests need a database.
    if (error instanceof PostgresError && error.code === "PG_BINARIES_MISSING") return undefined;
    throw error;
  });
  if (postgres === undefined) return undefined;
  process.env.TILLSYNC_PG_URL = postgres.adminUrl;
  // The postmaster is detached: when vitest is stopped half-way, it would stay for ever.
  const leaveNothing = () => {
    process.kill(postgres.pid, "SIGKILL");
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once("exit", leaveNothing);
  return async () => {
    process.off("exit", leaveNothing);
    await postgres.stop("immediate");
    rmSync(dataDir, { recursive: true, force: true });
  };
}
