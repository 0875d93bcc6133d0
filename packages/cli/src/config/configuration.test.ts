import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../import/testing/temporary-file.ts";
import { allKeys, type ConfigurationSources, loadConfiguration } from "./configuration.ts";
import { centralUrl, databaseUrl, terminalFile } from "./derived.ts";
import { KEYS } from "./keys.ts";

describe("layers", () => {
  it("win over those before them, and each value says where it came from", async () => {
    const files = {
      "tillsync.config.json": { Sync: { StoreId: "base", BatchSize: 1, MaxRetryAttempts: 7 }, Server: { Port: 1 } },
      "tillsync.config.prod.json": { Sync: { StoreId: "overlay", BatchSize: 2 }, Server: { Port: 2 } },
      "other.json": { Sync: { BatchSize: 3 }, Server: { Port: 3 } },
    };
    const { values, origin, folder } = await load(files, {
      env: { NODE_ENV: "test", TILLSYNC_ENV: "prod", SERVER_PORT: "4", STORE_ID: "" },
      configFile: "other.json",
      flags: [{ key: "Server.Port", flag: "--server-port", value: "5" }],
    });
    expect(values).toMatchObject({
      "Sync.MaxRetryAttempts": 7,
      "Sync.StoreId": "overlay",
      "Sync.BatchSize": 3,
      "Server.Port": 5,
    });
    expect(origin("Sync.StoreId")).toBe(join(folder, "tillsync.config.prod.json"));
    expect(origin("Server.Port")).toBe("flag --server-port");
    expect(origin("Terminal.Port")).toBe("default");
  });

  it("may all be missing: every key has its default", async () => {
    const { values } = await load({});
    for (const key of allKeys()) expect(values[key]).toBe(KEYS[key].default);
  });

  it("take NODE_ENV where TILLSYNC_ENV says nothing, and refuse a name that leaves the folder", async () => {
    const files = { "tillsync.config.test.json": { Sync: { StoreId: "from test" } } };
    expect((await load(files, { env: { NODE_ENV: "test" } })).values["Sync.StoreId"]).toBe("from test");
    await expect(load(files, { env: { TILLSYNC_ENV: "../x" } })).rejects.toThrow(
      "TILLSYNC_ENV (from the environment) must be letters",
    );
  });
});

it("takes 001's file as it is", async () => {
  const { values } = await load({
    "tillsync.config.json": {
      Sync: {
        StoreId: "STORE001",
        CentralApiEndpoint: "http://store_api:8080/api/inventory/events",
        MaxRetryAttempts: 3,
        RetryDelayMinutes: 5,
        SyncIntervalSeconds: 10,
        BatchSize: 50,
        EnableDetailedLogging: false,
      },
      Database: { ConnectionString: "Data Source=data/POS_Local.db", AutoMigrate: true, CommandTimeoutSeconds: 30 },
      Kafka: { BootstrapServers: "kafka:9092", InventoryTopic: "inventory-events", Enabled: true },
    },
  });
  expect(centralUrl(values)).toBe("http://store_api:8080");
  expect(terminalFile(values)).toBe("data/POS_Local.db");
  expect(values).toMatchObject({
    "Sync.SyncIntervalSeconds": 10,
    "Sync.RetryDelayMinutes": 5,
    "Kafka.BootstrapServers": "kafka:9092",
  });
});

it("takes the environment variables of 001 and 004", async () => {
  const { values } = await load(
    {},
    {
      env: {
        STORE_ID: "S2",
        KAFKA_BOOTSTRAP_SERVERS: "kafka:9092, other:9093",
        API_BASE_URL: "https://api.yourpos.com",
        DATABASE_URL: "jdbc:postgresql://localhost:5432/auraflow_pos",
        DATABASE_USER: "postgres",
        DATABASE_PASSWORD: "p@ss/word",
        SERVER_PORT: "8081",
        DEVICE_ID: "0198C0DE-0000-7000-8000-000000000001",
        SYNC_INTERVAL_SECONDS: "30",
        TILLSYNC_KEY: "tsk_1",
      },
    },
  );
  expect(databaseUrl(values)).toBe("postgresql://postgres:p%40ss%2Fword@localhost:5432/auraflow_pos");
  expect(centralUrl(values)).toBe("https://api.yourpos.com");
  expect(values).toMatchObject({
    "Sync.StoreId": "S2",
    "Server.Port": 8081,
    "Sync.SyncIntervalSeconds": 30,
    "Terminal.Key": "tsk_1",
  });
  expect(values["Terminal.Id"]).toBe("0198c0de-0000-7000-8000-000000000001");
});

it.each([
  ["postgresql://a:b@db/pos", "postgresql://a:b@db/pos"],
  ["postgres://db/pos", "postgres://me:secret@db/pos"],
  ["jdbc:postgresql://db/pos?user=a&password=b", "postgresql://db/pos?user=a&password=b"],
  ["postgresql:///pos?host=/run/postgresql", "postgresql:///pos?host=/run/postgresql&user=me&password=secret"],
])("fills user and password into %s only where they are missing", async (url, expected) => {
  const { values } = await load({}, { env: { DATABASE_URL: url, DATABASE_USER: "me", DATABASE_PASSWORD: "secret" } });
  expect(decodeURIComponent(databaseUrl(values) ?? "")).toBe(expected);
});

it("reads proxies as addresses and networks, in one form", async () => {
  const { values } = await load({
    "tillsync.config.json": { Server: { TrustedProxies: "10.0.0.5, ::1,10.1.0.0/16" } },
  });
  expect(values["Server.TrustedProxies"]).toBe("10.0.0.5,::1,10.1.0.0/16");
});

it("reads sections and keys in any case, but not one key twice", async () => {
  expect((await load({ "tillsync.config.json": { sync: { storeID: "x" } } })).values["Sync.StoreId"]).toBe("x");
  const twice = load({ "tillsync.config.json": { Sync: { StoreId: "x" }, sync: { storeid: "y" } } });
  await expect(twice).rejects.toThrow(/Sync.StoreId \(from .*\) must be written once; got two of it/);
});

describe("a mistake", () => {
  it("in a key is refused with the nearest known one", async () => {
    await expect(load({ "tillsync.config.json": { Sync: { BachSize: 3 } } })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringMatching(
        /^Sync\.BachSize \(from .*tillsync\.config\.json\) is not a key of Tillsync\. Did you mean Sync\.BatchSize\?$/,
      ),
    });
    await expect(load({ "tillsync.config.json": { Snyc: { StoreId: "x" } } })).rejects.toThrow(
      "Did you mean Sync.StoreId?",
    );
  });

  it.each([
    [
      { SERVER_PORT: "http" },
      'Server.Port (from environment variable SERVER_PORT) must be a whole number from 0 to 65535; got "http".',
    ],
    [{ SERVER_PORT: "70000" }, 'got "70000"'],
    [
      { SYNC_INTERVAL_SECONDS: "0" },
      "Sync.SyncIntervalSeconds (from environment variable SYNC_INTERVAL_SECONDS) must be a whole number from 1",
    ],
    [
      { CENTRAL_API_URL: "store_api:8080" },
      "Sync.CentralApiEndpoint (from environment variable CENTRAL_API_URL) must be an http or https address",
    ],
    [{ DEVICE_ID: "auto" }, 'Terminal.Id (from environment variable DEVICE_ID) must be a UUID; got "auto".'],
    [
      { KAFKA_BOOTSTRAP_SERVERS: "kafka" },
      "Kafka.BootstrapServers (from environment variable KAFKA_BOOTSTRAP_SERVERS) must be host:port",
    ],
  ])("in %j names key, source, what is wanted and what came", async (env, message) => {
    await expect(load({}, { env })).rejects.toThrow(message);
  });

  it.each([
    [{ Sync: { Profile: "often" } }, 'must be "shift" or "continuous" or "live"; got "often".'],
    [{ Sync: { BatchSize: 2.5 } }, "must be a whole number from 1 to 1000; got 2.5."],
    [{ Sync: { EnableDetailedLogging: "yes" } }, 'must be true or false; got "yes".'],
    [{ Sync: { StoreId: 7 } }, "must be 1 to 64 characters; got 7."],
    [{ Sync: { StoreId: null } }, "got null."],
    [{ Sync: "fast" }, "Sync (from"],
    [[], "The file (from"],
    [{ Database: { ConnectionString: "postgres://db/x" } }, "must be Data Source=FILE, or the path of a file"],
    [{ Database: { ConnectionString: "Data Source=x;Mode=ReadOnly" } }, "must be Data Source=FILE"],
    [{ Terminal: { TimeZone: "Nairobi" } }, "must be an IANA time zone"],
    [{ Terminal: { DayCutoffHour: 24 } }, "must be a whole number from 0 to 23; got 24."],
    [
      { Server: { TrustedProxies: "proxy" } },
      'must be IP addresses with commas, such as 10.0.0.5,10.1.0.0/16; got "proxy".',
    ],
    [{ Server: { TrustedProxies: "10.0.0.5/33" } }, 'got "10.0.0.5/33"'],
    [{ Server: { RequestsPerSecondPerStore: 0 } }, "must be a whole number from 1 to 100000; got 0."],
    [
      { Kafka: { Enabled: true } },
      "Kafka.BootstrapServers (from default) must be host:port while Kafka.Enabled is true; got nothing.",
    ],
    [
      { Terminal: { Host: "0.0.0.0" } },
      "Terminal.LocalKey (from default) must be a key while Terminal.Host is 0.0.0.0",
    ],
  ])("in the file %j is refused", async (content, message) => {
    await expect(load({ "tillsync.config.json": content })).rejects.toThrow(message);
  });

  it("in a secret does not show it", async () => {
    const env = { DATABASE_URL: "mysql://root:hunter2@db/x" };
    const error = await load({}, { env }).catch((reason: Error) => reason);
    expect(String(error)).toContain(
      "Server.DatabaseUrl (from environment variable DATABASE_URL) must be a PostgreSQL address",
    );
    expect(JSON.stringify([String(error), error])).not.toContain("hunter2");
  });

  it("in the file itself is named with its place, without its content", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "tillsync.config.json"), '{\n"Server": {\n"DatabasePassword": hunter2 }}');
    const error = await loadConfiguration({ directory: folder, env: {} }).catch((reason: Error) => reason);
    expect(String(error)).toMatch(/The configuration file .*tillsync\.config\.json is not JSON/);
    expect(String(error)).not.toContain("hunter2");
    await expect(loadConfiguration({ directory: folder, env: {}, configFile: "/nowhere.json" })).rejects.toThrow(
      "is not JSON",
    );
    await expect(load({}, { configFile: "nowhere.json" })).rejects.toThrow(/nowhere\.json cannot be read/);
  });
});

async function load(files: Readonly<Record<string, unknown>>, sources: Partial<ConfigurationSources> = {}) {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), JSON.stringify(content));
  const configFile = sources.configFile === undefined ? {} : { configFile: join(folder, sources.configFile) };
  return { ...(await loadConfiguration({ directory: folder, env: {}, ...sources, ...configFile })), folder };
}
