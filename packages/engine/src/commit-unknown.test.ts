import { describe, expect, it } from "vitest";
import { refusalOf } from "./testing/refusal.ts";
import { stubDriver } from "./testing/stub-driver.ts";
import { openTill, sale, type Till } from "./testing/till.ts";

/** What the disk does with the next commit, and with every try to read it back. */
interface Disk {
  commit: "works" | "fails before it took effect" | "fails after it took effect";
  reopen: "works" | "fails";
}

async function fragileTill(): Promise<{ till: Till; disk: Disk }> {
  const disk: Disk = { commit: "works", reopen: "works" };
  const error = Object.assign(new Error("disk I/O error"), { code: "SQLITE_IOERR_FSYNC" });
  const open = stubDriver({
    exec: (sql, go) => {
      if (sql === "PRAGMA journal_mode = WAL" && disk.reopen === "fails") throw error;
      if (sql !== "COMMIT" || disk.commit === "works") return go();
      if (disk.commit === "fails after it took effect") go();
      disk.commit = "works";
      throw error;
    },
  });
  return { till: await openTill({ open }), disk };
}

const recordedIds = (till: Till) =>
  till.events.flatMap((event) => (event.type === "recorded" ? [event.recorded.localId] : [])).slice(1);

describe("a sale whose commit reported an error (I3)", () => {
  it("is sold when reopening finds it: the cashier gets its receipt, and nobody notices", async () => {
    const { till, disk } = await fragileTill();
    disk.commit = "fails after it took effect";
    const recorded = till.terminal.closeOrder(sale("a"));
    expect(recorded).toMatchObject({ receiptNumber: "T01-20260116-00001", seq: 2, duplicate: false });
    expect(till.terminal.order("a")?.receiptNumber).toBe(recorded.receiptNumber);
    expect(recordedIds(till)).toEqual(["a"]);
    expect(till.witness.seen).toMatchObject({ seq: 2, hash: recorded.hash });
    expect(till.terminal.status()).toMatchObject({ pendingOrders: 1, pending: 1 });
    await till.settle();
    expect(till.terminal.status()).toMatchObject({ pending: 0, syncedOrders: 1 });
    expect(till.terminal.closeOrder(sale("b"))).toMatchObject({ receiptNumber: "T01-20260116-00002", seq: 3 });
  });

  it("is not sold when reopening does not find it: nothing of it is left, and the next sale gets its number", async () => {
    const { till, disk } = await fragileTill();
    disk.commit = "fails before it took effect";
    const { code, details, retryable } = refusalOf(() => till.terminal.closeOrder(sale("a")));
    expect({ code, retryable, localId: details.localId }).toEqual({
      code: "NOT_SOLD",
      retryable: true,
      localId: "a",
    });
    expect(till.terminal.order("a")).toBeUndefined();
    expect(recordedIds(till)).toEqual([]);
    expect(till.terminal.closeOrder(sale("a"))).toMatchObject({ receiptNumber: "T01-20260116-00001", seq: 2 });
    await till.settle();
    expect(till.terminal.status().pending).toBe(0);
  });

  it.each([
    ["fails after it took effect", ["a", "b"]],
    ["fails before it took effect", []],
  ] as const)("with others and rows of the POS in it, %s: all or nothing", async (commit, sold) => {
    const { till, disk } = await fragileTill();
    till.terminal.transaction(({ sql }) => sql.run("CREATE TABLE own (id TEXT) STRICT"));
    disk.commit = commit;
    const act = () =>
      till.terminal.transaction((tx) => {
        tx.closeOrder(sale("a"));
        tx.sql.run("INSERT INTO own VALUES ('a')");
        tx.closeOrder(sale("b"));
        return "printed";
      });
    if (sold.length > 0) expect(act()).toBe("printed");
    else expect(refusalOf(act).code).toBe("NOT_SOLD");
    expect(["a", "b"].filter((id) => till.terminal.order(id))).toEqual([...sold]);
    expect(till.store.read.all("SELECT id FROM own")).toHaveLength(sold.length > 0 ? 1 : 0);
  });

  it("stays unknown when the database cannot be read back: selling stops, and a restart tells", async () => {
    const { till, disk } = await fragileTill();
    disk.commit = "fails after it took effect";
    disk.reopen = "fails";
    expect(refusalOf(() => till.terminal.closeOrder(sale("a"))).code).toBe("COMMIT_UNKNOWN");
    expect(refusalOf(() => till.terminal.closeOrder(sale("b"))).code).toBe("TERMINAL_STOPPED");
    expect(refusalOf(() => till.terminal.order("a")).code).toBe("TERMINAL_STOPPED");
    expect(till.terminal.status()).toMatchObject({ light: "red", stopped: { code: "TERMINAL_STOPPED" } });
    expect(till.events.at(-1)).toMatchObject({ type: "status", status: { stopped: { code: "TERMINAL_STOPPED" } } });
    disk.reopen = "works";
    await till.restart();
    expect(till.terminal.order("a")?.receiptNumber).toBe("T01-20260116-00001");
    expect(till.terminal.closeOrder(sale("a")).duplicate).toBe(true);
  });

  it("that only held rows of the POS stays unknown: only the POS can look them up", async () => {
    const { till, disk } = await fragileTill();
    disk.commit = "fails after it took effect";
    expect(
      refusalOf(() => till.terminal.transaction(({ sql }) => sql.run("CREATE TABLE own (id TEXT) STRICT"))).code,
    ).toBe("COMMIT_UNKNOWN");
    expect(till.terminal.closeOrder(sale("a")).seq).toBe(2);
  });

  it("survives it when it closes a shift, which is flushed to the witness", async () => {
    const { till, disk } = await fragileTill();
    disk.commit = "fails after it took effect";
    till.terminal.closeShift({});
    expect(till.terminal.shift()).toBeNull();
    expect(till.witness.flushedAt).toMatchObject({ seq: 2 });
  });
});

describe("the loop's own commit that reported an error", () => {
  it.each(["fails after it took effect", "fails before it took effect"] as const)(
    "%s: the answer counts once in the end",
    async (commit) => {
      const { till, disk } = await fragileTill();
      till.terminal.closeOrder(sale("a"));
      disk.commit = commit;
      await till.settle();
      await till.clock.advance(60_000);
      expect(till.terminal.status()).toMatchObject({
        ...{ pending: 0, syncedOrders: 1 },
        // A disk that reports errors is told, however well it ended.
        storage: { state: "failing", errors: 1 },
      });
      expect(till.centre.stored(till.terminal.status().incarnation)).toHaveLength(2);
      expect(till.terminal.closeOrder(sale("b")).seq).toBe(3);
    },
  );

  it("and cannot be read back: selling stops, the till can be closed and started again", async () => {
    const { till, disk } = await fragileTill();
    till.terminal.closeOrder(sale("a"));
    Object.assign(disk, { commit: "fails before it took effect", reopen: "fails" });
    await till.settle();
    expect(refusalOf(() => till.terminal.closeOrder(sale("b"))).code).toBe("TERMINAL_STOPPED");
    await till.clock.advance(3_600_000);
    disk.reopen = "works";
    await till.restart();
    await till.settle();
    expect(till.terminal.status()).toMatchObject({ pending: 0, syncedOrders: 1 });
  });
});
