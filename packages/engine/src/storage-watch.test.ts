import { describe, expect, it } from "vitest";
import type { Room } from "./ports.ts";
import { CLOSING_BYTES, LOW_BYTES, RESERVE_BYTES, SHORT_BYTES } from "./storage-watch.ts";
import { refusalOf } from "./testing/refusal.ts";
import { stubDriver } from "./testing/stub-driver.ts";
import { openTill, sale } from "./testing/till.ts";

/** A disk with so much room; commits fail when it has none. */
class FakeDisk implements Room {
  free = 10 * LOW_BYTES;
  reserve = 0;
  /** Milliseconds that the next commits take. */
  commitMs = 0;
  /** What one commit takes of the room. */
  perCommit = 0;
  onCommit: () => void = () => {};

  freeBytes = () => this.free;
  reserveBytes = () => this.reserve;

  fill(bytes: number): void {
    if (bytes - this.reserve > this.free) throw new Error("no space left on device");
    this.free -= bytes - this.reserve;
    this.reserve = bytes;
  }

  release(toBytes: number): void {
    if (toBytes >= this.reserve) return;
    this.free += this.reserve - toBytes;
    this.reserve = toBytes;
  }

  readonly open = stubDriver({
    exec: (sql, go) => {
      if (sql === "COMMIT") {
        if (this.perCommit > this.free)
          throw Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });
        this.free -= this.perCommit;
        this.onCommit();
      }
      go();
    },
  });
}

async function tillOn(disk: FakeDisk, withReserve = true) {
  const till = await openTill({ open: disk.open, ...(withReserve && { room: disk }) });
  await till.clock.advance(5_000);
  return till;
}

describe("a disk that becomes full", () => {
  it("goes on selling from the reserve, says so, and keeps the last part for closing the shift (I27)", async () => {
    const disk = new FakeDisk();
    const till = await tillOn(disk);
    expect(till.terminal.status().storage).toMatchObject({ state: "ok", reserveBytes: RESERVE_BYTES });
    Object.assign(disk, { free: 0, perCommit: CLOSING_BYTES });
    for (const localId of ["a", "b", "c"]) expect(till.terminal.closeOrder(sale(localId)).duplicate).toBe(false);
    expect(till.terminal.status()).toMatchObject({
      light: "red",
      storage: { state: "full", code: "STORE_FULL", reserveBytes: CLOSING_BYTES },
    });
    expect(till.terminal.status().text).toContain("free space now");
    expect(refusalOf(() => till.terminal.closeOrder(sale("d"))).code).toBe("STORE_FULL");
    expect(till.terminal.order("d")).toBeUndefined();
    till.terminal.closeShift({});
    expect(till.terminal.shift()).toBeNull();
  });

  it("refuses at once, and keeps the shift open, without a reserve: what the reserve is for", async () => {
    const disk = new FakeDisk();
    const till = await tillOn(disk, false);
    Object.assign(disk, { free: 0, perCommit: 1 });
    expect(refusalOf(() => till.terminal.closeOrder(sale("a"))).code).toBe("STORE_FULL");
    expect(refusalOf(() => till.terminal.closeShift({})).code).toBe("STORE_FULL");
    expect(till.terminal.shift()).not.toBeNull();
    disk.perCommit = 0;
    till.terminal.closeOrder(sale("a"));
    expect(till.terminal.status().storage.state).toBe("ok");
  });

  it("runs no function of the POS twice: that is refused, and may be tried again", async () => {
    const disk = new FakeDisk();
    const till = await tillOn(disk);
    Object.assign(disk, { free: 0, perCommit: 1 });
    let ran = 0;
    const act = () => till.terminal.transaction((tx) => [ran++, tx.closeOrder(sale("a"))]);
    expect(refusalOf(act).code).toBe("STORE_FULL");
    expect(ran).toBe(1);
  });

  it("makes the reserve whole again when there is room, and is well again", async () => {
    const disk = new FakeDisk();
    const till = await tillOn(disk);
    Object.assign(disk, { free: 0, perCommit: 1 });
    till.terminal.closeOrder(sale("a"));
    Object.assign(disk, { free: 2 * LOW_BYTES, perCommit: 0 });
    await till.clock.advance(60_000);
    expect(till.terminal.status().storage).toMatchObject({ state: "ok", reserveBytes: RESERVE_BYTES });
  });

  it("is told early, and gives back what can be fetched again before it takes room from sales", async () => {
    const disk = new FakeDisk();
    const till = await tillOn(disk);
    disk.free = LOW_BYTES - 1;
    await till.clock.advance(60_000);
    expect(till.terminal.status()).toMatchObject({ light: "yellow", storage: { state: "low", code: null } });
    till.tamper("INSERT INTO module_generation (module) VALUES ('items')");
    till.tamper(
      `INSERT INTO module_copy (module, scope, phase, building, building_hash, building_rows, n, row_count, expected, wrong)
       VALUES ('items', 'store', 'snapshot', 1, ?, 0, 0, 0, 0, 0)`,
      "0".repeat(64),
    );
    disk.free = SHORT_BYTES - 1;
    await till.clock.advance(61_000);
    expect(till.store.read.all("SELECT 1 FROM module_copy WHERE building IS NOT NULL")).toEqual([]);
    expect(till.store.read.all("SELECT 1 FROM module_generation")).toEqual([]);
    expect(till.terminal.closeOrder(sale("a")).seq).toBe(2);
  });
});

describe("a disk that is slow", () => {
  it("is told by the commit that a cashier waited for, and forgotten when it is well again", async () => {
    const disk = new FakeDisk();
    const till = await tillOn(disk);
    disk.onCommit = () => void till.clock.standStill(800);
    till.terminal.closeOrder(sale("a"));
    expect(till.terminal.status().storage).toMatchObject({ state: "slow", lastCommitMs: 800 });
    expect(till.terminal.status().light).toBe("yellow");
    disk.onCommit = () => {};
    await till.clock.advance(6 * 60_000);
    expect(till.terminal.status().storage.state).toBe("ok");
  });
});

describe("a disk that fails", () => {
  it("is told for as long as the till runs, although each error was resolved", async () => {
    let failing = false;
    const open = stubDriver({
      exec: (sql, go) => {
        if (sql === "COMMIT" && failing) {
          failing = false;
          throw Object.assign(new Error("disk I/O error"), { code: "SQLITE_IOERR_FSYNC" });
        }
        go();
      },
    });
    const till = await openTill({ open });
    failing = true;
    expect(refusalOf(() => till.terminal.closeOrder(sale("a"))).code).toBe("NOT_SOLD");
    expect(till.terminal.closeOrder(sale("a")).seq).toBe(2);
    expect(till.terminal.status()).toMatchObject({
      light: "red",
      storage: { state: "failing", code: "STORE_FAILING", errors: 1 },
    });
  });

  it("stops selling when SQLite finds the database damaged, and says what to save (I27)", async () => {
    let damaged = false;
    const open = stubDriver({
      exec: (sql, go) => {
        if (damaged && sql === "BEGIN IMMEDIATE")
          throw Object.assign(new Error("database disk image is malformed"), { code: "SQLITE_CORRUPT" });
        go();
      },
    });
    const till = await openTill({ open });
    damaged = true;
    expect(refusalOf(() => till.terminal.closeOrder(sale("a"))).code).toBe("STORE_DAMAGED");
    damaged = false;
    expect(refusalOf(() => till.terminal.closeOrder(sale("a"))).message).toContain("tillsync export --salvage");
    expect(till.terminal.status()).toMatchObject({
      light: "red",
      stopped: { code: "STORE_DAMAGED" },
      storage: { state: "damaged" },
    });
  });
});
