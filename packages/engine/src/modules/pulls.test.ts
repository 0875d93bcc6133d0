import { SyncError } from "@tillsync/protocol";
import { describe, expect, it } from "vitest";
import { cut } from "../testing/fake-modules.ts";
import { ModuleTill } from "../testing/module-till.ts";

const item = (index: number, over: object = {}) => ({
  id: `item-${String(index).padStart(4, "0")}`,
  name: `Item ${index}`,
  ...over,
});
const items = (count: number) => Array.from({ length: count }, (_, index) => item(index));

function pathsOf(till: ModuleTill, module: string): string[] {
  return till.centre.requests.filter(({ path }) => path.includes(`/modules/${module}?`)).map(({ path }) => path);
}

describe("an empty till", () => {
  it("asks the gateway, and pulls each module that has rows, page by page, until it is equal", async () => {
    const till = new ModuleTill();
    till.centre.import("items", "organization", items(35));
    till.centre.import("items", "store", [item(3, { name: "Ours" })]);
    till.start();
    await till.settle();
    expect(till.isEqual("items", "organization")).toBe(true);
    expect(till.isEqual("items", "store")).toBe(true);
    expect(till.rows("items", "organization").size).toBe(35);
    expect(till.row("items", "item-0003")?.name).toBe("Ours");
    expect(pathsOf(till, "items").filter((path) => path.includes("scope=organization"))).toHaveLength(5);
  });

  it("fetches nothing of a module without rows, and knows that it has none", async () => {
    const till = new ModuleTill().start();
    await till.settle();
    expect(till.centre.requests.map(({ path }) => path)).toEqual(["api/sync/gateway"]);
    expect(till.status("offers")).toMatchObject({ state: "current", rows: 0, n: 0 });
  });
});

describe("a till with a copy", () => {
  async function pulled() {
    const till = new ModuleTill();
    till.centre.import("items", "organization", items(25));
    till.start();
    await till.settle();
    return till;
  }

  it("asks on its interval and fetches only what changed, deletions too", async () => {
    const till = await pulled();
    const before = till.centre.sent;
    till.centre.import("items", "organization", [item(1, { name: "New name" }), item(99)], ["item-0002"]);
    await till.clock.advance(15 * 60_000);
    await till.settle();
    expect(till.centre.sent - before).toBe(3);
    expect(till.isEqual("items", "organization")).toBe(true);
    expect(till.row("items", "item-0002")).toBeUndefined();
    expect(till.row("items", "item-0001")?.name).toBe("New name");
    expect(till.status("items")).toMatchObject({ state: "current", rows: 25, n: 2 });
  });

  it("has a delta of several pages at once or not at all", async () => {
    const till = await pulled();
    till.centre.import(
      "items",
      "organization",
      items(25).map((row) => ({ ...row, name: "New" })),
    );
    const names = new Set<string>();
    till.beforeCommit = () => {
      const rows = [...till.rows("items", "organization").values()].map((text) => JSON.parse(text).name === "New");
      names.add(rows.every(Boolean) ? "all" : rows.some(Boolean) ? "mixed" : "none");
    };
    till.pulls.nudge();
    await till.settle();
    expect([...names].sort()).toEqual(["all", "none"]);
    expect(till.isEqual("items", "organization")).toBe(true);
  });

  it("fetches the whole beside the old copy when the centre began another history", async () => {
    const till = await pulled();
    till.centre.beginEpoch();
    till.centre.import("items", "organization", [item(50)]);
    till.pulls.nudge();
    await till.settle();
    expect(till.isEqual("items", "organization")).toBe(true);
    expect(pathsOf(till, "items").at(-1)).toContain("since=");
  });

  it("fetches the whole when its cursor fits no more", async () => {
    const till = await pulled();
    till.centre.treat = (request, answer) => {
      if (!request.path.includes("since=") || till.centre.requests.length > 8) return answer();
      throw new SyncError("FEED_RESET", "The cursor fits no more.");
    };
    till.centre.import("items", "organization", [item(50)]);
    till.pulls.nudge();
    await till.settle();
    expect(till.isEqual("items", "organization")).toBe(true);
  });

  it("keeps nothing of the copies before it", async () => {
    const till = await pulled();
    till.centre.beginEpoch();
    till.pulls.nudge();
    await till.settle();
    await till.clock.advance(15 * 60_000);
    await till.settle();
    const count = (sql: string) => till.store.read.get<{ n: number }>(`SELECT count(*) AS n FROM ${sql}`)?.n;
    expect(count("module_row")).toBe(25);
    expect(count("module_key")).toBe(25);
    expect(count("module_word WHERE module_word MATCH 'item'")).toBe(25);
  });
});

describe("a copy that does not add up", () => {
  const wrong = (text: string) => text.replace(/"hash":"[0-9a-f]{8}/, '"hash":"00000000');

  it("is thrown away and pulled anew at once, and then read", async () => {
    const till = new ModuleTill();
    till.centre.import("items", "organization", items(5));
    let lies = 1;
    till.centre.treat = (request, answer) =>
      request.path.includes("since=") && lies-- > 0 ? wrong(answer()) : answer();
    till.start();
    await till.settle();
    expect(till.isEqual("items", "organization")).toBe(true);
  });

  it("is told when it happens twice, tried again in the slow period, and never read", async () => {
    const till = new ModuleTill();
    till.centre.import("items", "organization", items(5));
    till.start();
    await till.settle();
    till.centre.import("items", "organization", [item(1, { name: "New" })]);
    till.centre.treat = (request, answer) => (request.path.includes("since=") ? wrong(answer()) : answer());
    till.pulls.nudge();
    await till.settle();
    expect(till.status("items")).toMatchObject({ state: "retrying", failures: 1, error: { code: "MODULE_DIFFERS" } });
    expect(till.row("items", "item-0001")?.name).toBe("Item 1");
    till.centre.treat = (_request, answer) => answer();
    await till.clock.advance(6 * 60_000);
    expect(till.isEqual("items", "organization")).toBe(true);
    expect(till.status("items")).toMatchObject({ state: "current", failures: 0, error: null });
  });
});

describe("what depends on another module", () => {
  it("waits until its parents are there", async () => {
    const till = new ModuleTill();
    till.centre.import("items", "organization", items(25));
    till.centre.import("taxes", "organization", [{ id: "A", name: "VAT", rate: "16" }]);
    till.centre.import("itemBarcodes", "organization", [{ id: "1", itemId: "item-0001", barcode: "5449000000996" }]);
    till.start();
    await till.settle();
    const order = till.centre.requests.map(({ path }) => /modules\/(\w+)/.exec(path)?.[1]).filter(Boolean);
    expect(order.indexOf("taxes")).toBeLessThan(order.lastIndexOf("items"));
    expect(order.indexOf("itemBarcodes")).toBeGreaterThan(order.lastIndexOf("items"));
  });

  it("goes on with the parent's old copy once the parent has used up its attempts", async () => {
    const till = new ModuleTill();
    till.centre.import("items", "organization", items(5));
    till.start({ maxSyncRetry: 2 });
    await till.settle();
    till.centre.import("items", "organization", [item(1, { name: "New" })]);
    till.centre.import("prices", "organization", [price("item-0001", "9.50")]);
    till.centre.treat = (request, answer) => (request.path.includes("modules/items") ? cut(request, answer) : answer());
    till.pulls.nudge();
    await till.settle();
    await till.clock.advance(10_000);
    await till.settle();
    expect(till.status("items")).toMatchObject({ state: "retrying", failures: 2 });
    expect(till.isEqual("prices", "organization")).toBe(true);
  });
});

describe("a link that is down", () => {
  it("is tried again in the burst and then the slow period, and at once when the centre answers again", async () => {
    const till = new ModuleTill();
    till.centre.import("items", "organization", items(5));
    till.centre.treat = cut;
    till.start();
    await till.clock.advance(3 * 60_000);
    const tried = till.centre.requests.length;
    expect(tried).toBeGreaterThanOrEqual(5);
    expect(tried).toBeLessThan(10);
    till.centre.treat = (_request, answer) => answer();
    till.pulls.answersAgain();
    await till.clock.advance(3_001);
    await till.settle();
    expect(till.isEqual("items", "organization")).toBe(true);
  });

  it("is followed by smaller pages where the last ones were cut off", async () => {
    const till = new ModuleTill();
    till.centre.rowsPerPage = 6_000;
    till.centre.import("items", "organization", items(5_000));
    till.centre.treat = (request, answer) => {
      const limit = Number(/limit=(\d+)/.exec(request.path)?.[1] ?? 6_000);
      return request.path.includes("modules") && limit > 2_048 ? cut(request, answer) : answer();
    };
    till.start();
    for (let second = 0; second < 20; second++) {
      await till.clock.advance(1_000);
      await till.settle();
    }
    expect(till.isEqual("items", "organization")).toBe(true);
  });
});

function price(itemId: string, amount: string, effectiveFrom = "2026-01-01T00:00:00.000Z") {
  return { id: `${itemId}-${effectiveFrom}`, itemId, price: amount, currency: "KES", effectiveFrom };
}
