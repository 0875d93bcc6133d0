import type { FeedEntry } from "@tillsync/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { openTill, sale, TERMINAL_ID, type Till } from "./testing/till.ts";

let till: Till;
let incarnation: string;

beforeEach(async () => {
  till = await openTill();
  for (const id of ["a", "b"]) till.terminal.closeOrder(sale(id));
  await till.settle();
  incarnation = till.terminal.status().incarnation;
});

/** The centre's next answer says this of one of the till's changes. */
async function hear(seq: number, effect: FeedEntry["effect"], code?: string): Promise<void> {
  willSay(seq, effect, code);
  await till.terminal.syncNow();
}

function willSay(seq: number, effect: FeedEntry["effect"], code?: string): void {
  const entry = {
    n: 1,
    terminal: TERMINAL_ID,
    incarnation,
    fromSeq: seq,
    toSeq: seq,
    effect,
    ...(code ? { code } : {}),
  };
  till.centre.next.push((_request, honest) => ({ ...honest(), entries: [entry], cursor: `c${seq}${effect}` }));
}

const refusal = (fn: () => unknown) => {
  try {
    fn();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "none";
};

describe("trying a parked change again", () => {
  it("is a change that goes to head office at once, and the same twice is one", async () => {
    await hear(3, "parked", "APPLY_FAILED");
    const first = till.terminal.retryParked({ incarnation, seq: 3, operator: "Amina" });
    expect(first).toMatchObject({
      kind: "exception.retried",
      localId: `${incarnation}-3`,
      version: 1,
      duplicate: false,
    });
    expect(till.terminal.retryParked({ incarnation, seq: 3 })).toMatchObject({ seq: first.seq, duplicate: true });
    await till.settle();
    expect(till.terminal.status().pending).toBe(0);
    await hear(3, "parked", "APPLY_FAILED");
    expect(till.terminal.retryParked({ incarnation, seq: 3 })).toMatchObject({ version: 2, duplicate: false });
  });

  it("asks what became of it once head office has it, at once: the answer is in the exchange behind", async () => {
    await hear(3, "parked", "APPLY_FAILED");
    till.centre.next.push((_request, honest) => honest());
    willSay(3, "applied");
    till.terminal.retryParked({ incarnation, seq: 3 });
    await till.settle();
    expect(till.terminal.order("b")).toMatchObject({ orderSyncStatus: "SYNCED", effect: "applied" });
    expect(till.terminal.status()).toMatchObject({ exceptions: 0, light: "green" });
  });

  it("is refused for what is not parked, with the reason", async () => {
    const retry = (seq: number) => refusal(() => till.terminal.retryParked({ incarnation, seq }));
    expect([retry(2), retry(99)]).toEqual(["NOT_PARKED", "NOT_PARKED"]);
    await hear(3, "waiting", "WAITING_FOR_EARLIER");
    expect(() => till.terminal.retryParked({ incarnation, seq: 3 })).toThrow("waits for an earlier change");
    expect(refusal(() => till.terminal.retryParked({ incarnation: "0".repeat(16), seq: 3 }))).toBe("NOT_PARKED");
    expect(till.terminal.status().pending).toBe(0);
  });
});

describe("giving a parked change up", () => {
  const words = { operator: "Amina", reason: "entered twice" };

  it("needs who and why, and is answered the same when it is asked for again", async () => {
    await hear(3, "parked", "APPLY_FAILED");
    const discard = (more: object) =>
      refusal(() => till.terminal.discardParked({ incarnation, seq: 3, ...words, ...more }));
    expect(discard({ reason: "" })).toBe("INVALID_INPUT");
    const first = till.terminal.discardParked({ incarnation, seq: 3, ...words });
    expect(till.terminal.discardParked({ incarnation, seq: 3, ...words })).toMatchObject({
      seq: first.seq,
      duplicate: true,
    });
    expect(discard({ reason: "something else" })).toBe("LOCAL_ID_TAKEN");
    expect(refusal(() => till.terminal.retryParked({ incarnation, seq: 3 }))).toBe("NOT_PARKED");
  });

  it("ends the light's complaint once head office has heard of it; the order still says what became of it", async () => {
    await hear(3, "parked", "APPLY_FAILED");
    till.terminal.discardParked({ incarnation, seq: 3, ...words });
    await till.settle();
    expect(till.terminal.status()).toMatchObject({ exceptions: 1, failedOrders: 1, light: "yellow" });
    await hear(3, "conflict", "DISCARDED");
    expect(till.terminal.status()).toMatchObject({ exceptions: 0, failedOrders: 0, light: "green" });
    expect(till.terminal.order("b")).toMatchObject({ orderSyncStatus: "FAILED", effect: "conflict" });
  });
});
