import { httpProbe } from "@tillsync/engine";
import { startServer } from "@tillsync/server";
import { migratedDatabase } from "@tillsync/server/testing";
import { pino } from "pino";
import { expect, it, onTestFinished } from "vitest";

it("a till's probe finds a real centre ready, and not while it has no database or is gone", async () => {
  const database = await migratedDatabase();
  const server = await startServer({
    databaseUrl: database.url,
    host: "127.0.0.1",
    port: 0,
    log: pino({ level: "silent" }),
  });
  const probe = httpProbe(server.url);
  onTestFinished(() => probe.close());
  const ask = () => probe.ask("central", AbortSignal.any([]));
  expect(await ask()).toBe("proper");
  await server.pool.end();
  expect(await ask()).toBe("troubled");
  await server.close().catch(() => {}); // its pool is gone already
  expect(await ask()).toBe("silent");
  await database.drop();
});
