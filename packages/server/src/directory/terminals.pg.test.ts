import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CentreKey, hashOfThumbprint, loadCentreKey } from "../identity/centre-key.ts";
import { exchange } from "../ingest/exchange.ts";
import type { Scope } from "../ingest/ports.ts";
import { postgresIngest } from "../ingest/postgres.ts";
import type { ExchangeContext } from "../ingest/prepare.ts";
import { sha256 } from "../ledger/sha256.ts";
import { postgresSettlements } from "../settlement/postgres.ts";
import { settleShift } from "../settlement/settle.ts";
import { type MigratedDatabase, migratedDatabase } from "../testing/migrated-database.ts";
import { claimsOf, SampleMachine } from "../testing/sample-machine.ts";
import { SampleShifts } from "../testing/sample-shift.ts";
import { listActs } from "./acts.ts";
import { findCaller } from "./authenticate.ts";
import { enroll } from "./enroll.ts";
import { type Desk, enrollMachine, replaceMachine } from "./enroll-machine.ts";
import { changeAccess } from "./machine-access.ts";
import { rename } from "./rename.ts";
import { moveTerminal, retire } from "./retire.ts";
import { listTerminals } from "./terminals.ts";

const START_MS = Date.UTC(2026, 0, 16);
const BY = { actor: "Wanjiru", reason: "a test" };
let database: MigratedDatabase;
let centre: CentreKey;
let scope: Scope;
let ingest: ExchangeContext;
let nowMs = START_MS;
let made = 0;

beforeAll(async () => {
  database = await migratedDatabase();
  centre = await loadCentreKey(database.pool, START_MS);
  const admin = { org: "demo", currency: "KES", role: "admin", name: "head office" } as const;
  scope = await enroll(database.pool, { ...admin, store: "STORE001" }, START_MS);
  await enroll(database.pool, { ...admin, store: "STORE002" }, START_MS);
  ingest = { store: await postgresIngest(database.pool), sha256, nowMs: () => nowMs };
});
afterAll(() => database.drop());

const desk = (): Desk => ({
  ...{ pool: database.pool, centre, nowMs },
  scope: { orgId: scope.orgId, storeId: scope.storeId },
});

/** A machine with a journal, which it can send for as long as the centre lets it. */
class Till {
  readonly machine: SampleMachine;
  readonly life: SampleShifts;
  sent = 0;

  constructor(terminal: string = randomUUID()) {
    this.machine = new SampleMachine(terminal);
    this.life = new SampleShifts(terminal, (++made).toString(16).padStart(16, "0"));
  }

  get terminal(): string {
    return this.machine.terminal;
  }

  get unsent(): number {
    return this.life.wires.length - this.sent;
  }

  /** What its key may do now. */
  async access(): Promise<"active" | "draining" | "none"> {
    const caller = await findCaller(database.pool, hashOfThumbprint(this.machine.kid));
    return caller === undefined ? "none" : caller.isDraining === true ? "draining" : "active";
  }

  /** One exchange as the door lets it through. @returns false when the door is shut */
  async send(upTo = this.life.wires.length): Promise<boolean> {
    nowMs += 60_000;
    const caller = await findCaller(database.pool, hashOfThumbprint(this.machine.kid));
    if (caller === undefined) return false;
    const { durableThrough } = await exchange(ingest, caller, this.life.request(this.sent + 1, upTo));
    this.sent = durableThrough;
    return true;
  }
}

const wanted = ({ machine }: Till, shortId: string) => ({
  ...{ id: machine.terminal, shortId, publicKey: machine.x, name: `till ${shortId}` },
});
const wantedAgain = ({ machine }: Till, oldMachines: "draining" | "revoked" = "draining") => ({
  ...{ publicKey: machine.x, name: "new machine", oldMachines },
});

async function enrolled(shortId = `E${++made}`): Promise<Till & { shortId: string }> {
  const till = new Till();
  await enrollMachine(desk(), wanted(till, shortId), BY);
  return Object.assign(till, { shortId });
}

const viewOf = async (terminal: string) =>
  (await listTerminals(database.pool, scope)).find((one) => one.terminal === terminal);

describe("enrolling a machine", () => {
  it("answers the same when the answer got lost and it is sent again", async () => {
    const till = new Till();
    const first = await enrollMachine(desk(), wanted(till, "A1"), BY);
    nowMs += 60_000;
    expect(await enrollMachine(desk(), wanted(till, "A1"), BY)).toEqual(first);
    expect(claimsOf(first.grant)).toMatchObject({
      ...{ iss: centre.id, sub: till.terminal, org: "demo", store: "STORE001", currency: "KES" },
      ...{ shortId: "A1", kind: "retail", serial: 1, cnf: { jwk: { kty: "OKP", crv: "Ed25519", x: till.machine.x } } },
    });
    expect(first.parent).toBeNull();
  });

  it("takes over a terminal that came with an access key until now, and that key ends", async () => {
    const shown = { org: "demo", store: "STORE001", currency: "KES", role: "terminal", name: "old" } as const;
    const till = new Till();
    const { key } = await enroll(database.pool, { ...shown, terminal: { shortId: "A2", id: till.terminal } }, nowMs);
    const before = await findCaller(database.pool, sha256(key));
    expect(before).toMatchObject({ terminal: till.terminal });
    await enrollMachine(desk(), wanted(till, "A2"), BY);
    expect(await findCaller(database.pool, sha256(key))).toBeUndefined();
    expect(await till.access()).toBe("active");
  });

  it("refuses a short id or a terminal that has a machine, and a key that was used", async () => {
    const till = await enrolled("A3");
    const refused = { code: "TERMINAL_TAKEN" };
    await expect(enrollMachine(desk(), wanted(new Till(), "A3"), BY)).rejects.toMatchObject(refused);
    await expect(enrollMachine(desk(), wanted(new Till(till.terminal), "A3"), BY)).rejects.toMatchObject(refused);
    const same = { ...wanted(new Till(), "A4"), publicKey: till.machine.x };
    await expect(enrollMachine(desk(), same, BY)).rejects.toMatchObject(refused);
    await changeAccess(desk(), till.terminal, { access: "revoked" }, BY);
    await expect(enrollMachine(desk(), wanted(till, "A3"), BY)).rejects.toMatchObject(refused);
  });
});

describe("replacing a machine", () => {
  it("gives the terminal to the new one, and the old one delivers what it had not sent", async () => {
    const old = await enrolled();
    old.life.addSales(5, "old");
    await old.send(2);
    const next = new Till(old.terminal);
    const { parent, grant } = await replaceMachine(desk(), old.terminal, wantedAgain(next), BY);
    expect(parent).toEqual({ incarnation: old.life.incarnation, seq: 2, hash: old.life.hashAt(2) });
    expect(claimsOf(grant)).toMatchObject({ sub: old.terminal, serial: 2 });
    expect([await old.access(), await next.access()]).toEqual(["draining", "active"]);
    next.life.addSales(1, "new");
    expect(await next.send()).toBe(true);
    expect(await old.send()).toBe(true);
    expect((await viewOf(old.terminal))?.left).toMatchObject({ changes: 0 });
    expect((await viewOf(old.terminal))?.machines.map(({ machine, access }) => [machine, access])).toEqual([
      [2, "active"],
      [1, "draining"],
    ]);
  });

  it("ends a stolen one at once, and what it held can be delivered when it is found", async () => {
    const old = await enrolled();
    old.life.addSales(3, "stolen");
    await replaceMachine(desk(), old.terminal, wantedAgain(new Till(old.terminal), "revoked"), BY);
    expect(await old.send()).toBe(false);
    await changeAccess(desk(), old.terminal, { access: "draining", machine: 1 }, BY);
    expect(await old.send()).toBe(true);
    expect(old.unsent).toBe(0);
    await expect(changeAccess(desk(), old.terminal, { access: "active", machine: 1 }, BY)).rejects.toMatchObject({
      code: "TERMINAL_TAKEN",
    });
  });

  it("begins another life also when the old one never called: it may have sold", async () => {
    const old = await enrolled();
    const next = new Till(old.terminal);
    const { parent } = await replaceMachine(desk(), old.terminal, wantedAgain(next), BY);
    expect(parent).toEqual({ incarnation: "0".repeat(16), seq: 0, hash: "0".repeat(64) });
  });

  it("of another store's terminal is not found", async () => {
    const till = await enrolled();
    const elsewhere = { ...desk(), scope: { orgId: scope.orgId, storeId: scope.storeId + 1 } };
    const refused = { code: "NOT_FOUND" };
    await expect(replaceMachine(elsewhere, till.terminal, wantedAgain(new Till()), BY)).rejects.toMatchObject(refused);
    await expect(rename(elsewhere, till.terminal, "Z9", BY)).rejects.toMatchObject(refused);
    await expect(retire(elsewhere, till.terminal, { anyway: true }, BY)).rejects.toMatchObject(refused);
    await expect(changeAccess(elsewhere, till.terminal, { access: "revoked" }, BY)).rejects.toMatchObject(refused);
  });
});

describe("renaming a terminal", () => {
  it("never gives a name to another that printed it once, and gives it back to its own", async () => {
    const [one, other] = [await enrolled("N1"), await enrolled("N2")];
    expect(await rename(desk(), one.terminal, "N3", BY)).toMatchObject({ before: "N1", shortId: "N3" });
    const refused = { code: "TERMINAL_TAKEN" };
    await expect(rename(desk(), other.terminal, "N1", BY)).rejects.toMatchObject(refused);
    await expect(rename(desk(), other.terminal, "N3", BY)).rejects.toMatchObject(refused);
    await expect(enrollMachine(desk(), wanted(new Till(), "N1"), BY)).rejects.toMatchObject(refused);
    expect(await rename(desk(), one.terminal, "N1", BY)).toMatchObject({ before: "N3" });
  });

  it("is one of two when two want one name at the same moment", async () => {
    const tills = [await enrolled(), await enrolled(), await enrolled()];
    const results = await Promise.allSettled(tills.map(({ terminal }) => rename(desk(), terminal, "N9", BY)));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });
});

describe("retiring a terminal", () => {
  it("waits until it called again and holds nothing, says how much that is, and ends its key", async () => {
    const till = await enrolled();
    till.life.open("shift-r");
    till.life.addSales(3, "r");
    await till.send(2);
    const asked = () => retire(desk(), till.terminal, { anyway: false }, BY);
    expect(await asked()).toMatchObject({ state: "draining", left: { changes: 2, openShifts: 1 } });
    expect(await till.access()).toBe("draining");
    await till.send();
    expect(await asked()).toMatchObject({ state: "draining", left: { changes: 0, openShifts: 1 } });
    const seq = till.life.close();
    await till.send();
    expect(await asked()).toMatchObject({ state: "draining", left: { openShifts: 0, unsettledShifts: 1 } });
    await settleShift({ ingest, settlements: postgresSettlements(database.pool) }, scope, { ...till.life, seq });
    expect(await asked()).toMatchObject({ state: "retired" });
    expect(await till.send()).toBe(false);
    expect(await asked()).toMatchObject({ state: "retired" });
    const acts = (await listActs(database.pool, scope, undefined)).acts.filter((one) => one.terminal === till.terminal);
    expect(acts.map(({ act, actor }) => [act, actor])).toEqual([
      ["retired", "Wanjiru"],
      ["draining", "Wanjiru"],
      ["enrolled", "Wanjiru"],
    ]);
  });

  it("does not believe an old silence: one that holds nothing as far as is known has to call first", async () => {
    const till = await enrolled();
    till.life.addSales(1, "s");
    await till.send();
    nowMs += 86_400_000;
    expect(await retire(desk(), till.terminal, { anyway: false }, BY)).toMatchObject({ state: "draining" });
    till.life.addSales(1, "late");
    await till.send();
    expect(await retire(desk(), till.terminal, { anyway: false }, BY)).toMatchObject({ state: "retired" });
  });

  it("waits for machines that were replaced as well, until they are ended", async () => {
    const old = await enrolled();
    const next = new Till(old.terminal);
    await replaceMachine(desk(), old.terminal, wantedAgain(next), BY);
    await retire(desk(), old.terminal, { anyway: false }, BY);
    await next.send();
    const asked = () => retire(desk(), old.terminal, { anyway: false }, BY);
    expect(await asked()).toMatchObject({ state: "draining", olderMachines: 1 });
    await changeAccess(desk(), old.terminal, { access: "revoked", machine: 1 }, BY);
    expect(await asked()).toMatchObject({ state: "retired" });
  });

  it("can be called off while it delivers", async () => {
    const till = await enrolled();
    await retire(desk(), till.terminal, { anyway: false }, BY);
    await changeAccess(desk(), till.terminal, { access: "active" }, BY);
    expect(await till.access()).toBe("active");
    await retire(desk(), till.terminal, { anyway: true }, BY);
    await expect(changeAccess(desk(), till.terminal, { access: "active" }, BY)).rejects.toMatchObject({
      code: "TERMINAL_TAKEN",
    });
  });
});

describe("moving a terminal to another store", () => {
  it("lets the old store have what is pending first; each change stays in the store it was sold in", async () => {
    const till = await enrolled();
    till.life.addSales(2, "m");
    await till.send(1);
    const there = new Till();
    const move = (atOnce = false) =>
      moveTerminal(desk(), till.terminal, { ...wanted(there, "M1"), store: "STORE002", atOnce }, BY);
    await expect(move()).rejects.toMatchObject({ code: "NOT_DRAINED", details: { left: { changes: 1 } } });
    expect(await there.access()).toBe("none");
    await till.send();
    expect(await move()).toMatchObject({ terminal: there.terminal, shortId: "M1", store: "STORE002", parent: null });
    expect([await till.access(), await there.access()]).toEqual(["none", "active"]);
    there.life.addSales(1, "m");
    await there.send();
    const caller = await findCaller(database.pool, hashOfThumbprint(there.machine.kid));
    expect(caller?.storeId).not.toBe(scope.storeId);
  });

  it("can begin at once, and the old one goes on delivering to its own store", async () => {
    const till = await enrolled();
    till.life.addSales(2, "m");
    const there = new Till();
    await moveTerminal(desk(), till.terminal, { ...wanted(there, "M2"), store: "STORE002", atOnce: true }, BY);
    expect([await till.access(), await there.access()]).toEqual(["draining", "active"]);
    expect(await till.send()).toBe(true);
    expect(till.unsent).toBe(0);
  });

  it("refuses a store that is none, or the same", async () => {
    const till = await enrolled();
    const to = (store: string) =>
      moveTerminal(desk(), till.terminal, { ...wanted(new Till(), "M3"), store, atOnce: true }, BY);
    await expect(to("STORE009")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(to("STORE001")).rejects.toMatchObject({ code: "INVALID_INPUT" });
    expect(await till.access()).toBe("active");
  });
});

it("whatever head office does in whatever order, nothing sold is lost and at most one machine is active", async () => {
  const which = { till: fc.nat(3) };
  const step = fc.oneof(
    fc.record({ what: fc.constant("sell" as const), ...which }),
    fc.record({ what: fc.constant("send" as const), ...which }),
    fc.record({ what: fc.constantFrom("drain" as const, "revoke" as const, "resume" as const), ...which }),
    fc.record({ what: fc.constantFrom("replace" as const, "replace-stolen" as const), ...which }),
    fc.record({ what: fc.constantFrom("retire" as const, "retire-anyway" as const, "rename" as const), ...which }),
  );
  const ACCESS = { drain: "draining", revoke: "revoked", resume: "active" } as const;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
      const first = await enrolled();
      const { terminal } = first;
      const tills: Till[] = [first];
      for (const { what, till: index } of steps) {
        const till = tills[index % tills.length] ?? first;
        const serial = { machine: (await viewOf(terminal))?.machines.toReversed()[tills.indexOf(till)]?.machine };
        if (what === "sell") till.life.addSales(1, `p${till.life.incarnation}`);
        else if (what === "send") await till.send();
        else if (what === "rename") await rename(desk(), terminal, `P${++made}`, BY);
        else if (what === "retire" || what === "retire-anyway")
          await retire(desk(), terminal, { anyway: what === "retire-anyway" }, BY);
        else if (what === "replace" || what === "replace-stolen") {
          const next = new Till(terminal);
          await replaceMachine(desk(), terminal, wantedAgain(next, what === "replace" ? "draining" : "revoked"), BY);
          tills.push(next);
        } else
          await changeAccess(desk(), terminal, { access: ACCESS[what], ...serial }, BY).catch(({ code }) =>
            expect([what, code]).toEqual(["resume", "TERMINAL_TAKEN"]),
          );
        const access = await Promise.all(tills.map((one) => one.access()));
        expect(access.slice(0, -1)).not.toContain("active");
      }
      // Whatever is still on a machine, there is a way for it.
      for (const till of tills.filter(({ unsent }) => unsent > 0)) {
        const machine = (await viewOf(terminal))?.machines.toReversed()[tills.indexOf(till)]?.machine;
        if ((await till.access()) === "none") await changeAccess(desk(), terminal, { access: "draining", machine }, BY);
        expect(await till.send()).toBe(true);
        expect(till.unsent).toBe(0);
      }
      expect((await viewOf(terminal))?.left.changes ?? 0).toBe(0);
    }),
    { numRuns: 12 },
  );
});
