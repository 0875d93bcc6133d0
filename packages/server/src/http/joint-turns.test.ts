import { describe, expect, it } from "vitest";
import { FairGate } from "./fair-gate.ts";
import { JointTurns } from "./joint-turns.ts";

/** Lets everything that can go on go on. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

interface Group {
  readonly works: readonly string[];
  readonly answer: (how?: (work: string) => Promise<string>) => void;
}

/** Turns of works that are texts; each group answers when the test says so. */
function world({ maxRunning = 1, maxWaiting = 100, most = 3 } = {}) {
  const gate = new FairGate({ maxRunning, maxRunningPerShare: maxRunning, maxWaiting, maxWaitingPerShare: maxWaiting });
  const groups: Group[] = [];
  const turns = new JointTurns<string, string>({
    gate,
    mayJoin: (chosen, next) => chosen.length < most && !chosen.includes("large") && next !== "large",
    run: (works) => {
      const answers = works.map(() => Promise.withResolvers<string>());
      const answer: Group["answer"] = (how = async (work) => `did ${work}`) => {
        for (const [index, work] of works.entries())
          how(work).then(answers[index]?.resolve, (error: unknown) => answers[index]?.reject(error));
      };
      groups.push({ works, answer });
      return answers.map(({ promise }) => promise);
    },
  });
  return { gate, groups, turns };
}

describe("JointTurns", () => {
  it("does at once what finds a turn free, and keeps nobody waiting for company", async () => {
    const { groups, turns } = world({ maxRunning: 2 });
    const first = turns.take("a", "1");
    await settle();
    const second = turns.take("a", "2");
    await settle();
    expect(groups.map(({ works }) => works)).toEqual([["1"], ["2"]]);
    for (const { answer } of groups) answer();
    expect(await Promise.all([first, second])).toEqual(["did 1", "did 2"]);
  });

  it("takes along what waits of the same share, in order of arrival, each with its own answer", async () => {
    const { gate, groups, turns } = world();
    const works = ["1", "2", "3", "4", "5", "6"];
    const [first, ...later] = works.map((work) => () => turns.take(work === "3" ? "b" : "a", work));
    const answers = [first?.()];
    await settle();
    answers.push(...later.map((take) => take()));
    await settle();
    expect(groups.map((group) => group.works)).toEqual([["1"]]);
    for (let turn = 0; turn < 4; turn++) {
      groups[turn]?.answer();
      await settle();
    }
    expect(groups.map((group) => group.works)).toEqual([["1"], ["2", "4", "5"], ["3"], ["6"]]);
    expect(await Promise.all(answers)).toEqual(works.map((work) => `did ${work}`));
    expect([gate.running, gate.waiting]).toEqual([0, 0]);
  });

  it("leaves what does not fit to a turn of its own", async () => {
    const { groups, turns } = world();
    void turns.take("a", "1");
    await settle();
    for (const work of ["2", "large", "3"]) void turns.take("a", work);
    await settle();
    for (let turn = 0; turn < 3; turn++) {
      groups[turn]?.answer();
      await settle();
    }
    expect(groups.map(({ works }) => works)).toEqual([["1"], ["2", "3"], ["large"]]);
  });

  it("gives one its refusal and the others their answers, and the turn ends behind the last of them", async () => {
    const { gate, groups, turns } = world();
    void turns.take("a", "1");
    await settle();
    const rest = ["2", "3"].map((work) => turns.take("a", work));
    await settle();
    groups[0]?.answer();
    await settle();
    groups[1]?.answer((work) => (work === "2" ? Promise.reject(new Error("no")) : Promise.resolve("yes")));
    expect(await Promise.allSettled(rest)).toMatchObject([
      { status: "rejected", reason: { message: "no" } },
      { status: "fulfilled", value: "yes" },
    ]);
    expect([gate.running, gate.waiting]).toEqual([0, 0]);
  });

  it("counts who waits as the gate does: one too many is told so", async () => {
    const { turns } = world({ maxWaiting: 2 });
    const answers = ["1", "2", "3", "4"].map((work) => turns.take("a", work));
    expect(await answers[3]).toBeUndefined();
  });

  it("forgets who went away while waiting", async () => {
    const { gate, groups, turns } = world();
    void turns.take("a", "1");
    await settle();
    let giveUp: () => void = () => {};
    const gone = turns.take("a", "gone", (give) => {
      giveUp = give;
    });
    const stays = turns.take("a", "stays");
    await settle();
    giveUp();
    expect(await gone).toBeUndefined();
    groups[0]?.answer();
    await settle();
    expect(groups.map(({ works }) => works)).toEqual([["1"], ["stays"]]);
    groups[1]?.answer();
    expect(await stays).toBe("did stays");
    expect([gate.running, gate.waiting]).toEqual([0, 0]);
  });
});
