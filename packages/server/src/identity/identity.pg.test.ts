import { randomUUID } from "node:crypto";
import { ASSERTION_SECONDS, SIGNED_TYPES, TOKEN_SECONDS } from "@tillsync/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CACHE_MS } from "../directory/authenticate.ts";
import { enroll } from "../directory/enroll.ts";
import { type MigratedDatabase, migratedDatabase } from "../testing/migrated-database.ts";
import { ask, type Claims, claimsOf, SampleMachine, tokenOf } from "../testing/sample-machine.ts";
import { type TestApp, testApp } from "../testing/test-app.ts";
import { type CentreKey, centreKeyOf, loadCentreKey } from "./centre-key.ts";
import { readGrant, signGrant } from "./grant.ts";

const STORE = { org: "demo", store: "STORE001", currency: "KES" } as const;
let database: MigratedDatabase;
let world: TestApp;
let centre: CentreKey;
let admin: string;
let made = 0;

beforeAll(async () => {
  database = await migratedDatabase();
  world = testApp(database.pool);
  centre = await loadCentreKey(database.pool, world.nowMs);
  admin = (await enroll(database.pool, { ...STORE, role: "admin", name: "Wanjiru" }, world.nowMs)).key;
});
afterAll(() => database.drop());

/** A machine that was just enrolled, under a short id that nobody had. */
async function enrolled() {
  const machine = new SampleMachine();
  const shortId = `T${++made}`;
  const wanted = { id: machine.terminal, shortId, publicKey: machine.x, name: `till ${shortId}` };
  const { status, body } = await ask(world.app, "/api/admin/terminals", wanted, admin);
  expect(status, JSON.stringify(body)).toBe(200);
  return { machine, shortId, grant: body.grant as string, wanted };
}

const now = () => ({ centreId: centre.id, nowMs: world.nowMs });
const exchangeOf = (terminal: string) => ({
  ...{ protocolVersion: 1, terminal, incarnation: "a".repeat(16), fromSeq: 1, prevHash: "0".repeat(64) },
  ...{ changes: [], headSeq: 0, cursor: null },
});
const exchange = async (terminal: string, token: string) => {
  const { status, body } = await ask(world.app, "/api/sync/exchange", exchangeOf(terminal), token);
  return { status, code: body.error?.code as string | undefined };
};

describe("POST /api/token", () => {
  it("gives a token that opens the doors of its own terminal, and no other's", async () => {
    const { machine, grant } = await enrolled();
    const other = await enrolled();
    const answer = await tokenOf(world.app, machine, now());
    expect(answer).toMatchObject({ expiresInS: TOKEN_SECONDS, serverTimeMs: world.nowMs, access: "active", grant });
    expect(await exchange(machine.terminal, answer.token)).toEqual({ status: 200, code: undefined });
    expect(await exchange(other.machine.terminal, answer.token)).toEqual({ status: 403, code: "FORBIDDEN" });
    const overview = await world.app.inject({
      url: "/api/admin/overview",
      headers: { authorization: `Bearer ${answer.token}` },
    });
    expect(overview.statusCode).toBe(403);
  });

  it("gives one that ends after 15 minutes", async () => {
    const { machine } = await enrolled();
    const { token } = await tokenOf(world.app, machine, now());
    world.nowMs += TOKEN_SECONDS * 1000 - 1;
    expect(await exchange(machine.terminal, token)).toMatchObject({ status: 200 });
    world.nowMs += 1;
    expect(await exchange(machine.terminal, token)).toEqual({ status: 401, code: "UNAUTHENTICATED" });
    expect(await exchange(machine.terminal, (await tokenOf(world.app, machine, now())).token)).toMatchObject({
      status: 200,
    });
  });

  it("asks the database no more often than for a key: once for 30 seconds of exchanges", async () => {
    const { machine } = await enrolled();
    const { token } = await tokenOf(world.app, machine, now());
    let asked = 0;
    const connect = database.pool.connect.bind(database.pool);
    database.pool.connect = (...args: []) => {
      asked += 1;
      return connect(...args);
    };
    for (let each = 0; each < 20; each++) await exchange(machine.terminal, token);
    database.pool.connect = connect;
    expect(asked).toBe(1);
  });

  it.each<[string, Claims, Claims]>([
    ["another terminal", { iss: randomUUID(), sub: randomUUID() }, {}],
    ["a subject that is not the issuer", { sub: randomUUID() }, {}],
    ["another centre", { aud: "A".repeat(43) }, {}],
    ["more than a minute", { exp: Math.floor(Date.UTC(2026, 0, 16) / 1000) + 86_400 }, {}],
    ["yesterday", { iat: 1_700_000_000, exp: 1_700_000_060 }, {}],
    ["the other way round", { exp: 0 }, {}],
    ["no number", { jti: undefined }, {}],
    ["one thing more", { scope: "admin" }, {}],
    ["another type", {}, { typ: SIGNED_TYPES.token }],
    ["no algorithm", {}, { alg: "none" }],
    ["a shared secret", {}, { alg: "HS256" }],
  ])("refuses an assertion that says %s", async (_what, over, header) => {
    const { machine } = await enrolled();
    const { status, body } = await ask(world.app, "/api/token", {
      assertion: machine.assertion(centre.id, world.nowMs, over, header),
    });
    expect([status, body.error.code]).toEqual([401, "UNAUTHENTICATED"]);
    expect(body.error.serverTimeMs).toBe(world.nowMs);
  });

  it("refuses one that somebody else signed, or that was altered on the way", async () => {
    const { machine } = await enrolled();
    const thief = new SampleMachine(machine.terminal);
    const [head, body, signature] = machine.assertion(centre.id, world.nowMs).split(".");
    const later = Buffer.from(JSON.stringify({ ...claimsOf(`.${body}.`), exp: Math.floor(world.nowMs / 1000) + 59 }));
    for (const assertion of [
      thief.assertion(centre.id, world.nowMs, {}, { kid: machine.kid }),
      `${head}.${later.toString("base64url")}.${signature}`,
    ])
      expect(await ask(world.app, "/api/token", { assertion })).toMatchObject({ status: 401 });
  });

  it("takes each assertion once, on whichever server it comes", async () => {
    const { machine } = await enrolled();
    const assertion = machine.assertion(centre.id, world.nowMs);
    const second = testApp(database.pool);
    second.nowMs = world.nowMs;
    expect(await ask(world.app, "/api/token", { assertion })).toMatchObject({ status: 200 });
    for (const { app } of [world, second])
      expect(await ask(app, "/api/token", { assertion })).toMatchObject({ status: 401 });
  });

  it("forgets used assertions once they are too old to be taken", async () => {
    const { machine } = await enrolled();
    await tokenOf(world.app, machine, now());
    world.nowMs += 10 * 60_000;
    await tokenOf(world.app, machine, now());
    const { rows } = await admins(`SELECT count(*)::integer AS kept FROM tillsync.assertion_used
      WHERE key_hash = decode('${Buffer.from(machine.kid, "base64url").toString("hex")}', 'hex')`);
    expect(rows).toEqual([{ kept: 1 }]);
  });

  it("lets a clock be a little ahead, and no more", async () => {
    const { machine } = await enrolled();
    const at = async (offsetMs: number) =>
      (await ask(world.app, "/api/token", { assertion: machine.assertion(centre.id, world.nowMs + offsetMs) })).status;
    expect(await at(30_000)).toBe(200);
    expect(await at(31_000)).toBe(401);
    expect(await at(-(ASSERTION_SECONDS - 1) * 1000)).toBe(200);
    expect(await at(-ASSERTION_SECONDS * 1000)).toBe(401);
  });

  it("knows its own tokens on every server and after a restart, since the key is in the database", async () => {
    const { machine } = await enrolled();
    const { token } = await tokenOf(world.app, machine, now());
    const second = testApp(database.pool);
    second.nowMs = world.nowMs;
    const { status } = await ask(second.app, "/api/sync/exchange", exchangeOf(machine.terminal), token);
    expect(status).toBe(200);
    expect((await Promise.all([1, 2, 3].map(() => loadCentreKey(database.pool, 0)))).map(({ id }) => id)).toEqual(
      Array(3).fill(centre.id),
    );
  });

  it("takes neither an assertion nor a grant for a token, nor another centre's token", async () => {
    const { machine, grant } = await enrolled();
    const foreign = new SampleMachine();
    const { token } = await tokenOf(world.app, machine, now());
    const forged = foreign.sign({ alg: "EdDSA", typ: SIGNED_TYPES.token }, claimsOf(token));
    for (const shown of [machine.assertion(centre.id, world.nowMs), grant, forged])
      expect(await exchange(machine.terminal, shown)).toEqual({ status: 401, code: "UNAUTHENTICATED" });
  });

  it("ends with the machine's key within 30 seconds, token or not", async () => {
    const { machine } = await enrolled();
    const { token } = await tokenOf(world.app, machine, now());
    expect(await exchange(machine.terminal, token)).toMatchObject({ status: 200 });
    const revoking = { access: "revoked", reason: "stolen" };
    await ask(world.app, `/api/admin/terminals/${machine.terminal}/access`, revoking, admin);
    world.nowMs += CACHE_MS;
    expect(await exchange(machine.terminal, token)).toMatchObject({ status: 401 });
    const { body } = await ask(world.app, "/api/token", { assertion: machine.assertion(centre.id, world.nowMs) });
    expect(body.error).toMatchObject({ code: "UNAUTHENTICATED", message: expect.stringContaining("revoked") });
  });

  it("is bounded like wrong keys are, and right ones count for nothing", async () => {
    const { app } = testApp(database.pool);
    const { machine } = await enrolled();
    const stranger = new SampleMachine();
    const asking = (who: SampleMachine) =>
      ask(app, "/api/token", { assertion: who.assertion(centre.id, Date.UTC(2026, 0, 16)) });
    for (let each = 0; each < 210; each++) expect((await asking(machine)).status).toBe(200);
    const answers = new Set<number>();
    for (let each = 0; each < 210; each++) answers.add((await asking(stranger)).status);
    expect([...answers]).toEqual([401, 429]);
  });

  it("refuses what is no request for a token", async () => {
    for (const body of [
      {},
      { assertion: "a.b" },
      { assertion: "a.b.c", more: 1 },
      { assertion: `${"a".repeat(3000)}.b.c` },
    ])
      expect(await ask(world.app, "/api/token", body)).toMatchObject({ status: 400 });
    expect(await ask(world.app, "/api/token", { assertion: "a.b.c" })).toMatchObject({ status: 401 });
  });
});

describe("a grant", () => {
  /** The directory as it was before somebody was enrolled: whatever is there of the terminal is not. */
  const restoreToBefore = (terminal: string) =>
    admins(`DELETE FROM tillsync.access_key WHERE terminal = '${terminal}';
      DELETE FROM tillsync.short_id_holder WHERE terminal = '${terminal}';
      DELETE FROM tillsync.terminal WHERE terminal = '${terminal}'`);
  const present = (machine: SampleMachine, grant?: string) =>
    ask(world.app, "/api/token", {
      assertion: machine.assertion(centre.id, world.nowMs),
      ...(grant === undefined ? {} : { grant }),
    });

  it("attaches a terminal again to a centre that was restored to before its enrolment, and that is noted", async () => {
    const { machine, grant, shortId } = await enrolled();
    await restoreToBefore(machine.terminal);
    const without = await present(machine);
    expect([without.status, without.body.error.code]).toEqual([401, "TERMINAL_UNKNOWN"]);
    const { status, body } = await present(machine, grant);
    expect([status, body.grant]).toEqual([200, grant]);
    expect(await exchange(machine.terminal, body.token)).toMatchObject({ status: 200 });
    expect(await present(machine)).toMatchObject({ status: 200 });
    const acts = await world.app.inject({ url: "/api/admin/acts", headers: { authorization: `Bearer ${admin}` } });
    expect(acts.json().acts[0]).toMatchObject({
      ...{ act: "attached", terminal: machine.terminal, actor: "the terminal's grant" },
      details: { shortId, serial: 1, knewTerminal: false, knewMachine: false },
    });
  });

  it("brings organization and store with it when those are lost as well", async () => {
    const machine = new SampleMachine();
    const granted = {
      ...{ sub: machine.terminal, org: "lost", store: "S9", currency: "UGX", shortId: "T01", kind: "retail" },
      ...{ name: "till", serial: 3, iat: 1, cnf: { jwk: { kty: "OKP", crv: "Ed25519", x: machine.x } as const } },
    };
    const grant = await signGrant(centre, granted);
    const { status, body } = await present(machine, grant);
    expect(status).toBe(200);
    expect(body.grant).toBe(grant);
    expect(claimsOf(body.grant)).toMatchObject({ org: "lost", store: "S9", currency: "UGX", serial: 3 });
  });

  it("is refused clearly when another centre signed it", async () => {
    const { machine, grant } = await enrolled();
    await restoreToBefore(machine.terminal);
    const elsewhere = centreKeyOf((await import("node:crypto")).generateKeyPairSync("ed25519").privateKey);
    const { iss: _, ...granted } = await readGrant(centre, grant);
    const { status, body } = await present(machine, await signGrant(elsewhere, granted));
    expect([status, body.error.code]).toEqual([403, "GRANT_REFUSED"]);
    expect(body.error.message).toContain("another centre");
  });

  it.each<[string, Claims]>([
    ["organization", { org: "rich" }],
    ["store", { store: "STORE002" }],
    ["terminal", { sub: randomUUID() }],
    ["short id", { shortId: "T99" }],
    ["kind", { kind: "restaurant" }],
    ["serial", { serial: 9 }],
    ["time", { iat: 1 }],
    ["key", { cnf: { jwk: { kty: "OKP", crv: "Ed25519", x: new SampleMachine().x } } }],
  ])("is refused when its %s was altered", async (_what, over) => {
    const { machine, grant } = await enrolled();
    await restoreToBefore(machine.terminal);
    const [head, body, signature] = grant.split(".");
    const altered = Buffer.from(JSON.stringify({ ...claimsOf(`.${body}.`), ...over })).toString("base64url");
    const answer = await present(machine, `${head}.${altered}.${signature}`);
    expect([answer.status, answer.body.error.code]).toEqual([403, "GRANT_REFUSED"]);
    const { rows } = await admins(`SELECT FROM tillsync.terminal WHERE terminal = '${machine.terminal}'`);
    expect(rows).toEqual([]);
  });

  it("is worth nothing without the key that is in it", async () => {
    const { machine, grant } = await enrolled();
    await restoreToBefore(machine.terminal);
    const thief = new SampleMachine(machine.terminal);
    expect(await present(thief, grant)).toMatchObject({ status: 401 });
    expect(
      await ask(world.app, "/api/token", {
        assertion: thief.assertion(centre.id, world.nowMs, {}, { kid: machine.kid }),
        grant,
      }),
    ).toMatchObject({ status: 401 });
  });

  it("revives nothing that head office ended: a revoked machine, a retired terminal", async () => {
    const revoked = await enrolled();
    const ended = { access: "revoked", reason: "stolen" };
    await ask(world.app, `/api/admin/terminals/${revoked.machine.terminal}/access`, ended, admin);
    expect(await present(revoked.machine, revoked.grant)).toMatchObject({ status: 401 });
    const retired = await enrolled();
    const end = { anyway: true, reason: "scrapped" };
    await ask(world.app, `/api/admin/terminals/${retired.machine.terminal}/retire`, end, admin);
    expect(await present(retired.machine, retired.grant)).toMatchObject({ status: 401 });
    // As when only the enrolment of the machine was lost, and the retirement was not.
    await admins(`DELETE FROM tillsync.access_key WHERE terminal = '${retired.machine.terminal}'`);
    const { status, body } = await present(retired.machine, retired.grant);
    expect([status, body.error.message]).toEqual([403, expect.stringContaining("retired")]);
  });

  it("of a machine that was replaced is refused when the centre has the later one, even if it lost the earlier", async () => {
    const { machine, grant } = await enrolled();
    const next = new SampleMachine(machine.terminal);
    const wanted = { publicKey: next.x, name: "new machine", reason: "broken" };
    const later = await ask(world.app, `/api/admin/terminals/${machine.terminal}/replace`, wanted, admin);
    expect(later.status).toBe(200);
    await restoreToBefore(machine.terminal);
    expect(await present(next, later.body.grant)).toMatchObject({ status: 200 });
    const { status, body } = await present(machine, grant);
    expect([status, body.error.code]).toEqual([403, "GRANT_REFUSED"]);
    expect(body.error.message).toContain("another machine was enrolled for this terminal since");
  });

  it("of the later machine wins when the centre knows the earlier only, which may deliver from then on", async () => {
    const { machine } = await enrolled();
    const next = new SampleMachine(machine.terminal);
    const wanted = { publicKey: next.x, name: "new machine", reason: "broken" };
    const later = await ask(world.app, `/api/admin/terminals/${machine.terminal}/replace`, wanted, admin);
    await admins(`DELETE FROM tillsync.access_key WHERE terminal = '${machine.terminal}' AND serial = 2;
      UPDATE tillsync.access_key SET draining_at = NULL WHERE terminal = '${machine.terminal}';
      UPDATE tillsync.terminal SET grant_serial = 1 WHERE terminal = '${machine.terminal}'`);
    expect((await present(machine)).body.access).toBe("active");
    expect((await present(next, later.body.grant)).body.access).toBe("active");
    expect((await present(machine)).body.access).toBe("draining");
  });

  it("brings a lost rename back, unless the name is somebody else's by now", async () => {
    const { machine, grant, shortId } = await enrolled();
    const url = `/api/admin/terminals/${machine.terminal}/rename`;
    await ask(world.app, url, { shortId: `R${made}`, reason: "moved to the door" }, admin);
    const { grant: renamed } = (await present(machine, grant)).body;
    expect(claimsOf(renamed)).toMatchObject({ shortId: `R${made}`, serial: 2 });
    const lose = () =>
      admins(`DELETE FROM tillsync.short_id_holder WHERE short_id = 'R${made}';
        UPDATE tillsync.terminal SET short_id = '${shortId}', grant_serial = 1 WHERE terminal = '${machine.terminal}';
        UPDATE tillsync.access_key SET serial = 1 WHERE terminal = '${machine.terminal}'`);
    await lose();
    expect(claimsOf((await present(machine, renamed)).body.grant)).toMatchObject({ shortId: `R${made}`, serial: 2 });
    await lose();
    const other = new SampleMachine();
    const wanted = { id: other.terminal, shortId: `R${made}`, publicKey: other.x, name: "other" };
    expect(await ask(world.app, "/api/admin/terminals", wanted, admin)).toMatchObject({ status: 200 });
    const refusal = (await present(machine, renamed)).body.error;
    expect([refusal.code, refusal.message]).toEqual(["GRANT_REFUSED", expect.stringContaining(`R${made}`)]);
  });

  it("that cannot be read holds no terminal up that is known without it", async () => {
    const { machine, grant } = await enrolled();
    expect((await present(machine, `${grant.slice(0, -8)}AAAAAAAA`)).body.grant).toBe(grant);
  });
});

/** Past row security. */
async function admins(sql: string) {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: database.adminUrl });
  await client.connect();
  try {
    const answer = await client.query(sql);
    return { rows: answer.rows ?? [] };
  } finally {
    await client.end();
  }
}
