import { afterEach, describe, expect, it } from "vitest";
import { SyncError } from "../../errors.ts";
import { FUZZ_INPUTS, FuzzTally, hostileRequest, Mutator } from "./index.ts";

const EXAMPLE = { localId: "o-1", lines: [{ item: "bread", quantity: "2" }], totalMinor: 100 };

afterEach(() => {
  Reflect.deleteProperty(Object.prototype, "polluted");
});

describe("Mutator", () => {
  it("makes the same of the same seed, and other things of another", () => {
    const run = (seed: number) => {
      const mutator = new Mutator(seed);
      return Array.from({ length: 200 }, () => mutator.json(EXAMPLE).toString("latin1"));
    };
    expect(run(7)).toEqual(run(7));
    expect(run(7)).not.toEqual(run(8));
  });

  it("makes all sorts of wrong, and leaves some right", () => {
    const mutator = new Mutator(1);
    const texts = Array.from({ length: 3000 }, () => mutator.json(EXAMPLE).toString("utf8"));
    for (const part of ["__proto__", "NaN", "9007199254740993", "\\u0000", "\\ud800", '"a":1,"a":2', "�"]) {
      expect(
        texts.some((text) => text.includes(part)),
        part,
      ).toBe(true);
    }
    expect(texts).toContain(JSON.stringify(EXAMPLE));
  });

  it("never changes the example", () => {
    const before = JSON.stringify(EXAMPLE);
    const mutator = new Mutator(2);
    for (let each = 0; each < 1000; each++) mutator.json(EXAMPLE);
    expect(JSON.stringify(EXAMPLE)).toBe(before);
  });
});

describe("hostileRequest", () => {
  it("asks what the route asks for most of the time", () => {
    const mutator = new Mutator(3);
    const options = { route: "POST /api/orders/:localId/pay", example: { params: { localId: "o-1" }, body: EXAMPLE } };
    const requests = Array.from({ length: 500 }, () => hostileRequest(mutator, { ...options, key: "k", packs: true }));
    const good = requests.filter(({ method, url }) => method === "POST" && url.startsWith("/api/orders/o-1/pay"));
    expect(good.length).toBeGreaterThan(250);
    expect(requests.some(({ headers }) => headers["content-encoding"] === "zstd")).toBe(true);
  });
});

describe("FuzzTally", () => {
  it("takes refusals, and nothing else, for right", () => {
    const tally = new FuzzTally();
    tally.read("a reader", "x", () => 1);
    tally.read("a reader", "x", () => {
      throw new SyncError("INVALID_JSON", "No.");
    });
    expect(tally.figures).toMatchObject({ inputs: 2, accepted: 1, refused: { INVALID_JSON: 1 }, violations: [] });
    tally.read("a reader", "evil", () => {
      throw new TypeError("cannot read properties of undefined");
    });
    expect(tally.figures).toMatchObject({ inputs: 3, crashes: 1 });
    expect(tally.figures.violations[0]).toContain("evil");
  });

  it("sees a polluted prototype, and cleans up for what follows", () => {
    const tally = new FuzzTally();
    tally.read("a reader", "x", () => Object.assign(Object.prototype, { polluted: 1 }));
    expect(tally.figures.violations).toHaveLength(1);
    expect("polluted" in {}).toBe(false);
  });

  it.each([
    [500, '{"error":{"code":"INTERNAL","message":"x","retryable":true}}'],
    [400, "Bad Request"],
    [400, '{"error":{"code":"NO_SUCH_CODE","message":"x","retryable":false}}'],
    [400, '{"error":{"code":"INVALID_INPUT","message":"x","retryable":true}}'],
    [503, ""],
  ])("takes status %i with %s for wrong", (status, body) => {
    const tally = new FuzzTally();
    tally.answer("a route", "x", { status, body });
    expect(tally.figures.violations).toHaveLength(1);
    expect(tally.figures.status500).toBe(status === 500 ? 1 : 0);
  });

  it("counts what other tallies counted", () => {
    const [one, other] = [new FuzzTally(), new FuzzTally()];
    other.answer("a route", "x", { status: 200, body: "{}" });
    other.closed();
    one.add(other.figures);
    expect(one.figures).toMatchObject({ inputs: 2, accepted: 1, refused: { "(closed)": 1 } });
  });
});

it("a run has 200,000 inputs in process and 5,000 over sockets", () => {
  const { liveServer, liveTerminal, ...inProcess } = FUZZ_INPUTS;
  expect(Object.values(inProcess).reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(200_000);
  expect(liveServer + liveTerminal).toBe(5_000);
});
