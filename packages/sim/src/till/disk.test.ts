import { openDurable, SqliteStore } from "@tillsync/engine/sqlite";
import { describe, expect, it } from "vitest";
import { Random } from "../random.ts";
import { Disk, type Trap } from "./disk.ts";

/** A table of our own in the product's store, on a simulated disk. */
function shelf(open: (disk: Disk) => SqliteStore = (disk) => new SqliteStore(() => openDurable("till", disk.open))) {
  const snapped: Trap[] = [];
  const disk: Disk = new Disk((trap) => {
    snapped.push(trap);
    if (trap.kind === "die") disk.processEnded();
  });
  let store = open(disk);
  store.transaction((tx) => tx.run("CREATE TABLE sale (id INTEGER PRIMARY KEY)"));
  disk.flush();
  const sell = (id: number) => store.transaction((tx) => tx.run("INSERT INTO sale (id) VALUES (?)", id));
  const sold = () => (disk.prepare("SELECT id FROM sale ORDER BY id").all() as { id: number }[]).map(({ id }) => id);
  const restart = () => {
    store = open(disk);
  };
  return { disk, snapped, sell, sold, restart };
}

/** Somebody's own opening of the database, without a word about `synchronous`. */
const asItComes = (disk: Disk) => new SqliteStore(() => disk.open("till"));

describe("the simulated disk", () => {
  it("keeps every commit of the product through a power cut", () => {
    const { disk, sell, sold } = shelf();
    for (let id = 1; id <= 30; id++) sell(id);
    expect(disk.powerCut(new Random("cut"))).toBe(0);
    expect(sold()).toHaveLength(30);
  });

  it("loses the last commits of a database that was opened as it comes, and never one from the middle (F4, F5)", () => {
    const { disk, sell, sold, restart } = shelf(asItComes);
    const random = new Random("cut");
    let lost = 0;
    for (let round = 0; round < 10; round++) {
      for (let id = 1; id <= 5; id++) sell(round * 10 + id);
      const made = sold();
      const cut = disk.powerCut(random);
      expect(sold()).toEqual(made.slice(0, made.length - cut));
      lost += cut;
      restart();
    }
    expect(lost).toBeGreaterThan(0);
  });

  it.each(["before-commit", "after-commit"] as const)("ends the process %s", (at) => {
    const { disk, sell, sold, snapped } = shelf();
    disk.setTrap({ kind: "die", at, powerCut: false });
    expect(() => sell(1)).toThrow();
    expect(snapped).toHaveLength(1);
    expect(sold()).toEqual(at === "after-commit" ? [1] : []);
  });

  it.each([true, false])("fails a commit that is there afterwards: %s (F6)", (kept) => {
    const { disk, sell, sold } = shelf();
    disk.setTrap({ kind: "commit-error", kept });
    expect(() => sell(1)).toThrow(expect.objectContaining({ code: "COMMIT_UNKNOWN" }));
    expect(sold()).toEqual(kept ? [1] : []);
  });

  it("takes a commit that failed and was not flushed since with the next power cut", () => {
    const outcomes = new Set<number>();
    for (let round = 0; round < 20; round++) {
      const { disk, sell, sold } = shelf();
      disk.setTrap({ kind: "commit-error", kept: true });
      expect(() => sell(1)).toThrow();
      disk.powerCut(new Random(`round ${round}`));
      outcomes.add(sold().length);
    }
    expect([...outcomes].sort()).toEqual([0, 1]);
  });

  it("does nothing any more for a process that has ended", () => {
    const { disk, sell, sold } = shelf();
    disk.processEnded();
    expect(() => sell(1)).toThrow("the process died");
    expect(sold()).toEqual([]);
  });

  it("refuses writes while it is full", () => {
    const { disk, sell, sold } = shelf();
    disk.setFull(true);
    expect(() => sell(1)).toThrow();
    disk.setFull(false);
    sell(2);
    expect(sold()).toEqual([2]);
  });
});
