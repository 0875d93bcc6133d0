import { beforeEach, describe, expect, it } from "vitest";
import type { Destination } from "../destination.ts";
import type { Reply } from "../outcome.ts";

/** A destination in front of a far end, mostly a simulator, that a test can make lose things. */
export interface DestinationUnderTest<Item> {
  readonly destination: Destination<Item>;
  /** A sound item; another one for each number. */
  item(n: number): Item;
  /** How often the far end has it. It asks the far end itself, and not by `lookUp`. */
  counted(item: Item): number | Promise<number>;
  /** Of the next delivery: nothing arrives, or it is carried out and nothing comes back. */
  loseNext(what: "request" | "answer"): void | Promise<void>;
  /** Codes, statuses and bodies that this destination's tables do not name, besides those that the suite knows. */
  readonly strange?: readonly Reply[];
}

const STRANGE: readonly Reply[] = [
  { kind: "answer", status: 200, text: "<html><body>Welcome to the hotspot</body></html>" },
  { kind: "answer", status: 200, text: "" },
  { kind: "answer", status: 200, text: "{" },
  { kind: "answer", status: 200, text: "null" },
  { kind: "answer", status: 200, text: '{"what":"is this"}' },
  { kind: "answer", status: 302, text: "" },
];

const PERHAPS = ["TIMED_OUT", "CUT_OFF", "TOO_LARGE"] as const;

/**
 * What `Destination` promises, for any far end and its simulator.
 *
 * ```ts
 * destinationContract("parcels", () => parcelsUnderTest());
 * ```
 */
export function destinationContract<Item>(
  name: string,
  make: () => DestinationUnderTest<Item> | Promise<DestinationUnderTest<Item>>,
): void {
  describe(`Destination ${name}`, () => {
    let the: DestinationUnderTest<Item>;
    beforeEach(async () => {
      the = await make();
    });
    describe("sending", () => sendingContract(() => the));
    describe("understanding", () => understandingContract(() => the));
  });
}

function verbsOf<Item>({ destination }: DestinationUnderTest<Item>) {
  const { signal } = new AbortController();
  return {
    deliver: async (item: Item) => destination.outcomeOf(item, await destination.deliver(item, signal)),
    lookUp: async (item: Item) => destination.foundOf(item, await destination.lookUp(item, signal)),
  };
}

function sendingContract<Item>(the: () => DestinationUnderTest<Item>): void {
  it("accepts a sound item, which counts once and is found from then on", async () => {
    const { deliver, lookUp } = verbsOf(the());
    const item = the().item(1);
    expect((await lookUp(item)).verdict).toBe("absent");
    expect((await deliver(item)).verdict).toBe("accepted");
    expect((await lookUp(item)).verdict).toBe("there");
    expect(await the().counted(item)).toBe(1);
  });

  it("finds what was accepted although its answer was lost", async () => {
    const { deliver, lookUp } = verbsOf(the());
    const item = the().item(2);
    await the().loseNext("answer");
    expect((await deliver(item)).verdict).toBe("unknown");
    expect((await lookUp(item)).verdict).toBe("there");
    expect(await the().counted(item)).toBe(1);
  });

  it("does not find what was lost on the way, and accepts it then", async () => {
    const { deliver, lookUp } = verbsOf(the());
    const item = the().item(3);
    await the().loseNext("request");
    expect(["unknown", "retry"]).toContain((await deliver(item)).verdict);
    expect((await lookUp(item)).verdict).toBe("absent");
    expect((await deliver(item)).verdict).toBe("accepted");
    expect(await the().counted(item)).toBe(1);
  });

  it("changes nothing by looking up", async () => {
    const { lookUp } = verbsOf(the());
    for (let i = 0; i < 3; i++) expect((await lookUp(the().item(4))).verdict).toBe("absent");
    expect(await the().counted(the().item(4))).toBe(0);
  });

  it("gives a silence, and does not throw, when it is told to stop", async () => {
    const { destination } = the();
    const stopped = AbortSignal.abort();
    expect((await destination.lookUp(the().item(5), stopped)).kind).toBe("silence");
    expect((await destination.deliver(the().item(5), stopped)).kind).toBe("silence");
  });
}

function understandingContract<Item>(the: () => DestinationUnderTest<Item>): void {
  it("takes what it does not know for unknown", () => {
    const { destination, strange = [] } = the();
    for (const reply of [...STRANGE, ...strange]) {
      expect(destination.outcomeOf(the().item(6), reply).verdict, JSON.stringify(reply)).toBe("unknown");
      expect(destination.foundOf(the().item(6), reply).verdict, JSON.stringify(reply)).toBe("unknown");
    }
  });

  it.each(PERHAPS)("takes a %s that may have arrived for unknown", (code) => {
    const reply: Reply = { kind: "silence", arrived: "perhaps", code, message: code };
    expect(the().destination.outcomeOf(the().item(7), reply).verdict).toBe("unknown");
    expect(the().destination.foundOf(the().item(7), reply).verdict).toBe("unknown");
  });

  it("sends again what cannot have arrived, and asks again what was not answered", () => {
    const reply: Reply = { kind: "silence", arrived: "no", code: "UNREACHABLE", message: "no way" };
    expect(the().destination.outcomeOf(the().item(8), reply).verdict).toBe("retry");
    expect(the().destination.foundOf(the().item(8), reply).verdict).toBe("unknown");
  });

  it("neither accepts a 5xx nor takes it for absent", () => {
    for (const status of [500, 502, 503, 504]) {
      const reply: Reply = { kind: "answer", status, text: "" };
      expect(the().destination.outcomeOf(the().item(9), reply).verdict).not.toBe("accepted");
      expect(the().destination.foundOf(the().item(9), reply).verdict).toBe("unknown");
    }
  });
}
