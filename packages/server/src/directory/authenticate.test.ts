import { describe, expect, it } from "vitest";
import { authenticator, CACHE_MS, type Caller, rememberCallers } from "./authenticate.ts";
import { isKey, keyHash, makeKey } from "./keys.ts";

const CALLER: Caller = { orgId: 1, storeId: 2, role: "admin", name: "head office", terminal: null };

/** A directory that knows some keys, counts its questions, and a clock that moves when told. */
function directory() {
  const known = new Map<string, Caller>();
  const world = { asked: 0, nowMs: 0, down: false };
  const byHash = rememberCallers(
    async (hash) => {
      world.asked += 1;
      if (world.down) throw new Error("down");
      return [...known].find(([key]) => keyHash(key) === hash)?.[1];
    },
    () => world.nowMs,
  );
  const remembered = authenticator(byHash, async () => undefined);
  return { known, world, remembered };
}

describe("makeKey", () => {
  it("makes keys of one shape that never repeat", () => {
    const keys = Array.from({ length: 1000 }, makeKey);
    expect(keys.every(isKey)).toBe(true);
    expect(new Set(keys).size).toBe(1000);
    expect(keyHash("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });
});

describe("rememberCallers", () => {
  it("asks once for requests that come together, and not again within 30 seconds", async () => {
    const { known, world, remembered } = directory();
    const key = makeKey();
    known.set(key, CALLER);
    expect(await Promise.all([remembered(key), remembered(key)])).toEqual([CALLER, CALLER]);
    world.nowMs = CACHE_MS - 1;
    expect(await remembered(key)).toEqual(CALLER);
    expect(world.asked).toBe(1);
  });

  it("notices a revoked key after 30 seconds, and a new one as well", async () => {
    const { known, world, remembered } = directory();
    const [revoked, added] = [makeKey(), makeKey()];
    known.set(revoked, CALLER);
    await remembered(revoked);
    expect(await remembered(added)).toBeUndefined();
    known.delete(revoked);
    known.set(added, CALLER);
    expect(await remembered(added)).toBeUndefined();
    world.nowMs = CACHE_MS;
    expect(await remembered(revoked)).toBeUndefined();
    expect(await remembered(added)).toEqual(CALLER);
    expect(world.asked).toBe(4);
  });

  it("does not remember a failure of the database", async () => {
    const { known, world, remembered } = directory();
    const key = makeKey();
    known.set(key, CALLER);
    world.down = true;
    await expect(remembered(key)).rejects.toThrow("down");
    world.down = false;
    expect(await remembered(key)).toEqual(CALLER);
  });

  it("keeps good keys through a flood of wrong ones", async () => {
    const { known, world, remembered } = directory();
    const key = makeKey();
    known.set(key, CALLER);
    await remembered(key);
    for (let i = 0; i < 3000; i++) await remembered(makeKey());
    world.asked = 0;
    expect(await remembered(key)).toEqual(CALLER);
    expect(world.asked).toBe(0);
  });

  it("asks nobody about a text that is no key", async () => {
    const { world, remembered } = directory();
    for (const text of ["", "tsk_short", `${makeKey()}x`, "' OR 1=1 --"])
      expect(await remembered(text)).toBeUndefined();
    expect(world.asked).toBe(0);
  });
});
