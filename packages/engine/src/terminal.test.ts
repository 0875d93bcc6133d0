import { describe, expect, it } from "vitest";
import { hang } from "./testing/fake-centre.ts";
import { codeAndField, refusalOf } from "./testing/refusal.ts";
import { openTill, sale, TERMINAL_ID, Till } from "./testing/till.ts";

describe("starting a terminal", () => {
  it("on a new folder begins the first life, with nothing sold", () => {
    const till = new Till();
    till.start();
    expect(till.terminal.status()).toMatchObject({
      terminal: TERMINAL_ID,
      shortId: "T01",
      store: "STORE001",
      incarnationOrdinal: 1,
      headSeq: 0,
      pending: 0,
      light: "yellow", // nobody has heard of head office yet
      syncState: "Syncing",
    });
    expect(till.terminal.status().incarnation).toMatch(/^[0-9a-f]{16}$/);
    expect(till.terminal.shift()).toBeNull();
    expect(till.terminal.openOrders()).toEqual([]);
  });

  it("again goes on in the same life", async () => {
    const till = await openTill();
    const { incarnation } = till.terminal.status();
    till.terminal.closeOrder(sale("a"));
    await till.restart();
    expect(till.terminal.status()).toMatchObject({ incarnation, incarnationOrdinal: 1, headSeq: 2 });
  });

  it("on the database of another terminal is refused, and nothing is written", async () => {
    const till = await openTill();
    await till.terminal.close();
    const other = "0190a5da-c967-774b-8cce-000000000000";
    expect(codeAndField(() => till.start({ terminal: other }))).toEqual({ code: "CONFIG_INVALID", field: "terminal" });
    till.store.close();
    expect(till.start().status()).toMatchObject({ terminal: TERMINAL_ID, headSeq: 1 });
  });

  it.each([
    ["a terminal that is no UUID", { terminal: "till-1" }, "terminal"],
    ["a short id in small letters", { shortId: "t01" }, "shortId"],
    ["a short id that does not fit on a receipt", { shortId: "TERMINAL01" }, "shortId"],
    ["a currency that is none", { currency: "Shilling" }, "currency"],
    ["a time zone that is none", { timeZone: "Nairobi" }, "timeZone"],
  ])("with %s is refused before anything is written", (_what, over, field) => {
    const till = new Till();
    expect(codeAndField(() => till.start(over))).toEqual({ code: "CONFIG_INVALID", field });
    expect(till.store.read.all("SELECT * FROM identity")).toEqual([]);
  });
});

describe("listeners", () => {
  it("hear of every recorded change and of every change of status, until they leave", async () => {
    const till = await openTill();
    const heard: string[] = [];
    const leave = till.terminal.subscribe((event) => heard.push(event.type));
    till.terminal.closeOrder(sale("a"));
    expect(heard).toContain("recorded");
    await till.settle();
    expect(till.events.at(-1)).toMatchObject({ type: "status", status: { pending: 0, light: "green" } });
    leave();
    const before = heard.length;
    till.terminal.closeOrder(sale("b"));
    expect(heard).toHaveLength(before);
  });

  it("that throw neither undo the sale, nor stop the loop, nor keep others from hearing of it", async () => {
    const till = new Till();
    till.start();
    till.terminal.subscribe(() => {
      throw new Error("the display is unplugged");
    });
    const heard: string[] = [];
    till.terminal.subscribe((event) => heard.push(event.type));
    till.terminal.openShift({ operator: "Amina" });
    expect(till.terminal.closeOrder(sale("a")).receiptNumber).toBe("T01-20260116-00001");
    expect(heard).toContain("recorded");
    await till.clock.advance(60_000);
    expect(till.terminal.status().pending).toBe(0);
  });

  it("may sell themselves", async () => {
    const till = await openTill();
    till.terminal.subscribe((event) => {
      if (event.type === "recorded" && event.recorded.localId === "a") till.terminal.closeOrder(sale("b"));
    });
    till.terminal.closeOrder(sale("a"));
    expect(till.terminal.order("b")?.receiptNumber).toBe("T01-20260116-00002");
  });
});

describe("a witness that cannot be written", () => {
  it("stops no sale, no shift and no clean stop: it only lags", async () => {
    const till = await openTill();
    till.witness.broken = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    expect(till.terminal.closeOrder(sale("a")).receiptNumber).toBe("T01-20260116-00001");
    till.terminal.closeShift({});
    await till.settle();
    expect(till.terminal.status().pending).toBe(0);
    await till.restart();
    expect(till.terminal.status()).toMatchObject({ incarnationOrdinal: 1, headSeq: 3 });
  });
});

describe("closing a terminal", () => {
  it("flushes the witness, frees the lock, and refuses every verb from then on", async () => {
    const till = await openTill();
    till.terminal.closeOrder(sale("a"));
    await till.terminal.close();
    expect(till.witness.flushedAt).toMatchObject({ seq: 2 });
    const { terminal } = till;
    const verbs = [
      () => terminal.closeOrder(sale("b")),
      () => terminal.transaction(() => {}),
      () => terminal.order("a"),
      () => terminal.openOrders(),
      () => terminal.explain("a"),
    ];
    for (const verb of verbs) expect(refusalOf(verb).code).toBe("TERMINAL_STOPPED");
    await expect(terminal.syncNow()).rejects.toMatchObject({ code: "TERMINAL_STOPPED" });
    expect(terminal.status().stopped?.code).toBe("TERMINAL_STOPPED");
    expect(till.clock.waiting).toBe(0);
    till.start();
  });

  it("twice, or twice at once, is the same as once", async () => {
    const till = await openTill();
    await Promise.all([till.terminal.close(), till.terminal.close()]);
    await till.terminal.close();
    expect(till.witness.closed).toBe(1);
  });

  it("waits for the exchange under way", async () => {
    const till = await openTill();
    let answer: (() => void) | undefined;
    till.centre.next.push(
      (_request, honest) =>
        new Promise((resolve) => {
          answer = () => resolve(honest());
        }),
    );
    till.terminal.closeOrder(sale("a"));
    await till.settle();
    const closing = till.terminal.close(5_000);
    await till.clock.advance(4_000);
    answer?.();
    await closing;
    expect(till.start().status().durableThrough).toBe(2);
  });

  it("gives an exchange up that does not end within its grace, and sends it again next time", async () => {
    const till = await openTill();
    till.centre.next.push(hang);
    till.terminal.closeOrder(sale("a"));
    const waiting = till.terminal.syncNow();
    await till.settle();
    const closing = till.terminal.close(5_000);
    await till.clock.advance(5_000);
    await closing;
    await expect(waiting).resolves.toMatchObject({ sent: 0, left: 1, reason: { code: "TERMINAL_STOPPED" } });
    till.start();
    await till.settle();
    expect(till.terminal.status().pending).toBe(0);
  });

  it("answers a Sync now that it cuts short with the reason", async () => {
    const till = await openTill();
    till.centre.always = (_request, honest) => ({ ...honest(), more: true, cursor: `c${till.centre.requests.length}` });
    till.centre.next.push(hang);
    till.terminal.closeOrder(sale("a"));
    await till.settle();
    const closing = till.terminal.close(0);
    const late = till.terminal.syncNow().catch((error: unknown) => error);
    await till.clock.advance(0);
    await closing;
    expect(await late).toMatchObject({ code: "TERMINAL_STOPPED" });
  });

  it("lets a shift be closed while it closes", async () => {
    const till = await openTill();
    till.centre.next.push(hang);
    till.terminal.closeOrder(sale("a"));
    await till.settle();
    const closing = till.terminal.close(1_000);
    till.terminal.closeShift({});
    await till.clock.advance(1_000);
    await closing;
    expect(till.start().status()).toMatchObject({ headSeq: 3, shift: null });
  });
});
