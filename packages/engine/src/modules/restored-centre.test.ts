import { formatModuleCursor, moduleReset } from "@tillsync/protocol";
import { describe, expect, it } from "vitest";
import { ModuleTill } from "../testing/module-till.ts";

const item = (index: number, name = `Item ${index}`) => ({ id: `item-${index}`, name });
const items = (count: number, name?: string) => Array.from({ length: count }, (_, index) => item(index + 10, name));
const EPOCH = "0190a5da-0000-774b-8cce-00000000000c";

/** A till whose items are at 2, and then a centre that was restored to when they were at 1. */
async function withNewerItems() {
  const till = new ModuleTill();
  till.centre.import("items", "organization", items(12));
  till.start();
  await till.settle();
  const then = till.centre.standing("items", "organization");
  till.centre.import("items", "organization", items(12, "Dearer"));
  till.pulls.nudge();
  await till.settle();
  const newer = till.rows("items", "organization");
  const cursor = formatModuleCursor({ epoch: EPOCH, storeId: 0, n: then.n, hash: then.hash });
  const restored = { epoch: EPOCH, n: then.n, rows: then.rows, hash: then.hash, cursor };
  return { till, newer, restored };
}

type Answer = { modules: { module: string; scope: string }[] };

function ofItems(text: string, over: object): string {
  const { modules } = JSON.parse(text) as Answer;
  const isItems = (one: Answer["modules"][number]) => one.module === "items" && one.scope === "organization";
  return JSON.stringify({ modules: modules.map((one) => (isItems(one) ? { ...one, ...over } : one)) });
}

const isGateway = (path: string) => path.startsWith("api/sync/gateway");

describe("a till with a newer copy than its restored centre", () => {
  it("keeps its copy, says so, and takes the centre's when head office has written it", async () => {
    const { till, newer, restored } = await withNewerItems();
    till.centre.treat = ({ path }, answer) =>
      isGateway(path) ? ofItems(answer(), { ...restored, news: 0, history: "kept" }) : answer();
    const before = till.centre.sent;
    till.pulls.nudge();
    await till.settle();
    expect(till.rows("items", "organization")).toEqual(newer);
    expect(till.status("items")).toMatchObject({ state: "current", n: 2, kept: true });
    expect(till.centre.sent).toBe(before);

    till.centre.treat = (_request, answer) => answer();
    till.centre.beginEpoch();
    till.centre.import("items", "organization", items(3, "Said by head office"));
    till.pulls.nudge();
    await till.settle();
    expect(till.isEqual("items", "organization")).toBe(true);
    expect(till.status("items")).toMatchObject({ kept: false, state: "current" });
  });

  it("keeps it as well when the centre is restored under a pull: it asks the gateway before it fetches the whole", async () => {
    const { till, newer, restored } = await withNewerItems();
    till.centre.import("items", "organization", items(12, "Lost"));
    let isRestored = false;
    till.centre.treat = ({ path }, answer) => {
      if (isGateway(path)) return isRestored ? ofItems(answer(), { ...restored, news: 0, history: "kept" }) : answer();
      isRestored = true;
      throw moduleReset();
    };
    till.pulls.nudge();
    await till.settle();
    expect(till.rows("items", "organization")).toEqual(newer);
    expect(till.status("items")).toMatchObject({ n: 2, progress: null });
    till.pulls.nudge();
    await till.settle();
    expect(till.status("items")).toMatchObject({ n: 2, kept: true });
  });

  it("goes on with deltas when its cursor is of what both histories share", async () => {
    const till = new ModuleTill();
    till.centre.import("items", "organization", items(12));
    till.start();
    await till.settle();
    const { cursor: held } = till.centre.standing("items", "organization");
    till.centre.import("items", "organization", [item(99)]);
    const now = till.centre.standing("items", "organization");
    const renamed = { epoch: EPOCH, cursor: now.cursor.replace(now.epoch, EPOCH) };
    till.centre.treat = ({ path }, answer) => {
      if (isGateway(path)) return ofItems(answer(), { ...renamed, history: "shared" });
      expect(new URL(path, "http://centre.test").searchParams.get("since")).toBe(held);
      const [header = "", ...rest] = answer().split("\n");
      return [JSON.stringify({ ...JSON.parse(header), ...renamed }), ...rest].join("\n");
    };
    const before = till.centre.sent;
    till.pulls.nudge();
    await till.settle();
    expect(till.centre.sent - before).toBe(1);
    expect(till.rows("items", "organization").size).toBe(13);
  });
});
