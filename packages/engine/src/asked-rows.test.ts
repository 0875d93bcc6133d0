import { beforeEach, describe, expect, it } from "vitest";
import { openTill, sale, type Till } from "./testing/till.ts";

let till: Till;
beforeEach(async () => {
  till = await openTill();
  till.terminal.transaction((tx) => {
    for (const id of ["a", "b", "c", "d"]) tx.closeOrder(sale(id));
  });
  await till.terminal.syncNow();
});

const life = () => till.terminal.status().incarnation;
const at = (seq: number) => ({ incarnation: life(), seq });
const rowAt = (seq: number) =>
  till.store.read.get<{ body: string; hash: string }>(
    "SELECT body, lower(hex(hash)) AS hash FROM journal WHERE position % (1 << 40) = ?",
    seq,
  );
const since = (from: number) => till.centre.requests.slice(from);

describe("rows that a comparison found wrong", () => {
  it("are asked for and sent with the next exchanges, and no longer when nothing comes of it", async () => {
    const from = till.centre.requests.length;
    till.terminal.repairRows({ lacks: [at(2)], sends: [at(3)] });
    await till.terminal.syncNow();
    await till.clock.advance(60_000);
    const asked = since(from).filter(({ lacks }) => lacks !== undefined);
    expect(asked).toHaveLength(3);
    for (const request of asked) {
      expect(request).toMatchObject({ lacks: [at(2)], repair: [{ ...at(3), body: rowAt(3)?.body }] });
    }
  });

  it("are taken back where they fit", async () => {
    const right = rowAt(3);
    till.tamper("UPDATE journal SET body = 'rot' WHERE position % (1 << 40) = 3");
    till.centre.always = (request, honest) => {
      const give = request.lacks === undefined ? [] : [{ ...at(3), body: right?.body ?? "", prevHash: rowAt(2)?.hash }];
      return { ...honest(), give };
    };
    till.terminal.repairRows({ lacks: [at(3)], sends: [] });
    await till.terminal.syncNow();
    await till.settle();
    expect(rowAt(3)).toEqual(right);
  });

  it("need nobody when only the hash beside right bytes is wrong", () => {
    const right = rowAt(3);
    till.tamper("UPDATE journal SET hash = randomblob(32) WHERE position % (1 << 40) = 3");
    till.terminal.repairRows({ lacks: [at(3)], sends: [] });
    expect(rowAt(3)).toEqual(right);
  });

  it("of a life that is not this till's are left out", async () => {
    const from = till.centre.requests.length;
    const foreign = { incarnation: "f".repeat(16), seq: 1 };
    till.terminal.repairRows({ lacks: [foreign], sends: [foreign] });
    await till.terminal.syncNow();
    for (const request of since(from)) expect(request).not.toHaveProperty("lacks");
  });
});
