import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { enroll, migrate, openPool } from "@tillsync/server";
import { startPostgres } from "@tillsync/server/embedded";
import { afterAll, expect, it } from "vitest";
import { TillsyncProcess } from "./testing/tillsync-process.ts";

const root = mkdtempSync(join(tmpdir(), "tillsync-server-backup-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const [data, again, backups] = ["data", "again", "backups"].map((name) => join(root, name)) as [string, string, string];

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { code, stdout, stderr } = await new TillsyncProcess([...args, "--json"], { env }).ended();
  return { code, stderr, value: code === 0 ? (JSON.parse(stdout) as Record<string, unknown>) : undefined };
}

it("the steps of docs/operating.md: back the server up, restore it into a new folder, begin an epoch, say that a backup is done", async () => {
  const postgres = await startPostgres({ dataDir: data });
  await migrate(postgres.url);
  const pool = openPool(postgres.url, { max: 1 });
  await enroll(pool, { org: "demo", store: "main", currency: "KES", role: "admin", name: "head office" }, 0);
  await pool.end();
  // Nobody runs it: the command starts it for as long as it needs it.
  await postgres.stop("fast");

  const taken = await run(["backup", "--server", "--data-dir", data, "--to", backups]);
  expect(taken.stderr).toMatch(/verifying: a PostgreSQL starts on a copy of the backup/);
  expect(taken.value).toMatchObject({ verified: { stores: 1, changes: 0 }, moved: { lives: 0 } });

  const full = await run(["restore", "--server", "--from", backups, "--data-dir", data]);
  expect(full).toMatchObject({ code: 1, value: undefined });
  expect(full.stderr).toContain("DATA_DIR_NOT_EMPTY");

  const restored = await run(["restore", "--server", "--from", backups, "--data-dir", again]);
  expect(restored.value).toMatchObject({ changes: 0, timeline: 2 });

  const second = await startPostgres({ dataDir: again });
  try {
    const env = { DATABASE_URL: second.url };
    const renewed = await run(["restore", "--server", "--renew"], env);
    expect(renewed.value?.serverEpoch).not.toBe(restored.value?.serverEpoch);
    const at = new Date(Date.now() - 60_000).toISOString();
    const done = await run(["backup", "--server", "--completed", "--taken-at", at], env);
    expect(done.value).toMatchObject({ stores: 1, lives: 0, changes: 0 });
    const neither = await run(["backup", "--server", "--completed"], env);
    expect(neither.stderr).toContain("INVALID_INPUT");
  } finally {
    await second.stop("immediate");
  }
}, 600_000);
