import { describe, expect, it } from "vitest";
import { FairGate, type GateOptions, type Leave } from "./fair-gate.ts";

const OPTIONS: GateOptions = { maxRunning: 3, maxRunningPerShare: 2, maxWaiting: 100, maxWaitingPerShare: 90 };

/** Lets everything that can go on go on. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A gate, and a way to enter it that writes down in which order turns came. */
function world(options: Partial<GateOptions> = {}) {
  const gate = new FairGate({ ...OPTIONS, ...options });
  const turns: string[] = [];
  const leaves: Leave[] = [];
  let refused = 0;
  const enter = (name: string, onWait?: (giveUp: () => void) => void) => {
    void gate.enter(name, onWait).then((leave) => {
      if (leave === undefined) refused += 1;
      else {
        turns.push(name);
        leaves.push(leave);
      }
    });
  };
  const leaveOne = async () => {
    leaves.shift()?.();
    await settle();
  };
  return { gate, turns, leaves, enter, leaveOne, refused: () => refused };
}

describe("FairGate", () => {
  it("lets a store have most of the turns, never all of them", async () => {
    const { gate, turns, enter } = world();
    for (let each = 0; each < 10; each++) enter("hot");
    enter("quiet");
    await settle();
    expect(turns).toEqual(["hot", "hot", "quiet"]);
    expect([gate.running, gate.waiting]).toEqual([3, 8]);
  });

  it("gives the shares turns, whoever sent more", async () => {
    const { turns, enter, leaveOne } = world({ maxRunning: 1 });
    for (let each = 0; each < 50; each++) enter("hot");
    for (const name of ["a", "b", "a"]) enter(name);
    await settle();
    for (let each = 0; each < 6; each++) await leaveOne();
    expect(turns).toEqual(["hot", "hot", "a", "b", "hot", "a", "hot"]);
  });

  it("keeps the order of arrival within a share", async () => {
    const { gate } = world({ maxRunning: 1 });
    const first = await gate.enter("a");
    const order: number[] = [];
    const rest = [1, 2, 3].map((number) =>
      gate.enter("a").then((leave) => {
        order.push(number);
        leave?.();
      }),
    );
    first?.();
    await Promise.all(rest);
    expect(order).toEqual([1, 2, 3]);
  });

  it("refuses who would wait behind too many, of his own or of all", async () => {
    const { gate, enter, refused } = world({ maxRunning: 1, maxWaiting: 3, maxWaitingPerShare: 2 });
    for (let each = 0; each < 4; each++) enter("a");
    await settle();
    expect([gate.waiting, refused()]).toEqual([2, 1]);
    enter("b");
    enter("c");
    await settle();
    expect([gate.waiting, refused()]).toEqual([3, 2]);
  });

  it("forgets who went away while waiting, and ends nobody else's turn for it", async () => {
    const { gate, turns, enter, leaveOne, refused } = world({ maxRunning: 1 });
    const gone: (() => void)[] = [];
    enter("a");
    for (let each = 0; each < 5; each++) enter("b", (giveUp) => void gone.push(giveUp));
    enter("c");
    await settle();
    for (const giveUp of gone) giveUp();
    for (const giveUp of gone) giveUp();
    expect([gate.waiting, gate.running]).toEqual([1, 1]);
    await leaveOne();
    expect([turns, refused()]).toEqual([["a", "c"], 5]);
    await leaveOne();
    expect([gate.waiting, gate.running]).toEqual([0, 0]);
  });

  it("giving up after the turn came does nothing", async () => {
    const { gate, turns, enter, leaveOne } = world({ maxRunning: 1 });
    const gone: (() => void)[] = [];
    enter("a");
    enter("b", (giveUp) => void gone.push(giveUp));
    await settle();
    await leaveOne();
    gone[0]?.();
    expect([turns, gate.running]).toEqual([["a", "b"], 1]);
  });

  it("counts one leaving once", async () => {
    const { gate } = world();
    const leave = await gate.enter("a");
    leave?.();
    leave?.();
    expect(gate.running).toBe(0);
  });
});
