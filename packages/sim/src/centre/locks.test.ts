import { describe, expect, it } from "vitest";
import { Locks } from "./locks.ts";

const [one, other] = [{ name: "one" }, { name: "other" }];

describe("Locks", () => {
  it("gives a lock to whoever waited for it, once it is free", async () => {
    const locks = new Locks();
    const seen: string[] = [];
    await locks.acquire(one, "row");
    const waiting = locks.acquire(other, "row").then(() => seen.push("other has it"));
    seen.push("one has it");
    locks.release(one);
    await waiting;
    expect(seen).toEqual(["one has it", "other has it"]);
  });

  it("may be taken again by its holder", async () => {
    const locks = new Locks();
    await locks.acquire(one, "row");
    await locks.acquire(one, "row");
    expect(locks.count(one)).toBe(1);
  });

  it("refuses a wait that would close a circle", async () => {
    const locks = new Locks();
    await locks.acquire(one, "a");
    await locks.acquire(other, "b");
    void locks.acquire(one, "b");
    await expect(locks.acquire(other, "a")).rejects.toMatchObject({ code: "40P01" });
  });

  it("keeps what was taken before a savepoint", async () => {
    const locks = new Locks();
    await locks.acquire(one, "before");
    const kept = locks.count(one);
    await locks.acquire(one, "after");
    locks.release(one, kept);
    await locks.acquire(other, "after");
    expect([locks.count(one), locks.count(other)]).toEqual([1, 1]);
  });
});
