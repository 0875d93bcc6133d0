import { SyncError } from "@tillsync/protocol";
import { describe, expect, it } from "vitest";
import { fixedKey, showing } from "./credential.ts";
import { TokenCentre } from "./testing/token-centre.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** One exchange, as the transport does it. */
async function exchange(centre: TokenCentre): Promise<string> {
  return showing(centre.tokens, "c", async (shown) => {
    if (centre.isAway) throw new SyncError("UNREACHABLE", "away");
    if (!centre.takes(shown)) throw new SyncError("UNAUTHENTICATED", "this token is over");
    return "stored";
  });
}

describe("Tokens", () => {
  it("fetches one for hours of exchanges each quarter of an hour, and no exchange meets one that is over", async () => {
    const centre = new TokenCentre();
    for (let each = 0; each < 480; each++) {
      expect(await exchange(centre)).toBe("stored");
      await centre.clock.advance(MINUTE / 2);
    }
    // Renewed at four fifths: 240 minutes are 20 times 12 minutes.
    expect(centre.asked).toHaveLength(20);
  });

  it("renews before the end in the background: who asks has the present one at once", async () => {
    const centre = new TokenCentre();
    const first = await centre.tokens.shown("c");
    await centre.clock.advance(12 * MINUTE);
    centre.holds = true;
    expect(await centre.tokens.shown("c")).toBe(first);
    expect(await centre.tokens.shown("c")).toBe(first);
    expect(centre.asked).toHaveLength(2);
    centre.release();
    await centre.clock.advance(0);
    expect(await centre.tokens.shown("c")).not.toBe(first);
  });

  it("is asked for once by any number of requests that need one at the same moment", async () => {
    const centre = new TokenCentre();
    centre.holds = true;
    const all = Array.from({ length: 10 }, () => exchange(centre));
    await centre.clock.advance(0);
    centre.release();
    expect(new Set(await Promise.all(all))).toEqual(new Set(["stored"]));
    expect(centre.asked).toHaveLength(1);
  });

  it("is renewed once when several requests are refused with the same one", async () => {
    const centre = new TokenCentre();
    await exchange(centre);
    centre.forget();
    expect(await Promise.all([exchange(centre), exchange(centre), exchange(centre)])).toHaveLength(3);
    expect(centre.asked).toHaveLength(2);
  });

  it("ends in the middle of an outage and is fetched when the link is back", async () => {
    const centre = new TokenCentre();
    await exchange(centre);
    centre.isAway = true;
    for (let each = 0; each < 8; each++) {
      await expect(exchange(centre)).rejects.toMatchObject({ code: "UNREACHABLE" });
      await centre.clock.advance(5 * MINUTE);
    }
    centre.isAway = false;
    expect(await exchange(centre)).toBe("stored");
    expect(centre.asked).toHaveLength(2);
  });

  it("tells no exchange of a renewal that failed while the present one is good, and tries again", async () => {
    const centre = new TokenCentre();
    const first = await centre.tokens.shown("c");
    await centre.clock.advance(12 * MINUTE);
    centre.losing = 2;
    for (let each = 0; each < 3; each++) {
      expect(await centre.tokens.shown("c")).toBe(first);
      await centre.clock.advance(MINUTE / 2);
    }
    expect(await centre.tokens.shown("c")).not.toBe(first);
    expect(centre.asked).toHaveLength(4);
  });

  it("asks again, with a new assertion, when the answer got lost", async () => {
    const centre = new TokenCentre();
    centre.losing = 1;
    await expect(exchange(centre)).rejects.toMatchObject({ code: "TIMED_OUT" });
    expect(await exchange(centre)).toBe("stored");
    expect(centre.asked).toHaveLength(2);
  });

  it("goes on with a centre that was restarted, or that lost its own key", async () => {
    const centre = new TokenCentre();
    await exchange(centre);
    expect(await exchange(centre)).toBe("stored");
    expect(centre.asked).toHaveLength(1);
    centre.forget();
    expect(await exchange(centre)).toBe("stored");
    expect(centre.asked).toHaveLength(2);
  });

  it.each([
    ["a day ahead", DAY],
    ["a day behind", -DAY],
    ["ten years ahead", 3650 * DAY],
    ["at 1970", -56 * 365 * DAY],
    ["two minutes ahead", 2 * MINUTE],
  ])("signs by the centre's clock when the till's is %s", async (_what, aheadMs) => {
    const centre = new TokenCentre(aheadMs);
    expect(await exchange(centre)).toBe("stored");
    expect(centre.asked).toHaveLength(2);
    expect(Math.abs((centre.asked[1] ?? 0) - centre.nowMs)).toBeLessThan(1_000);
    // It knows the centre's clock from here on.
    await centre.clock.advance(20 * MINUTE);
    expect(await exchange(centre)).toBe("stored");
    expect(centre.asked).toHaveLength(3);
  });

  it("does not care when somebody sets the till's clock in between", async () => {
    const centre = new TokenCentre();
    await exchange(centre);
    centre.clock.jump(DAY);
    await centre.clock.advance(14 * MINUTE);
    expect(await exchange(centre)).toBe("stored");
    centre.clock.jump(-3 * DAY);
    await centre.clock.advance(20 * MINUTE);
    expect(await exchange(centre)).toBe("stored");
    expect(centre.asked).toHaveLength(3);
  });

  it("signs twice at most, and only for a clock that was wrong", async () => {
    const centre = new TokenCentre();
    centre.refusal = new SyncError("UNAUTHENTICATED", "revoked", { serverTimeMs: centre.nowMs });
    await expect(exchange(centre)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(centre.asked).toHaveLength(1);
    centre.refusal = new SyncError("TERMINAL_UNKNOWN", "who?", { serverTimeMs: centre.nowMs + DAY });
    await expect(exchange(centre)).rejects.toMatchObject({ code: "TERMINAL_UNKNOWN" });
    expect(centre.asked).toHaveLength(3);
  });

  it("keeps the grant that comes with it, and what it may do", async () => {
    const centre = new TokenCentre();
    centre.kept = undefined;
    await exchange(centre);
    expect(centre.kept).toBe("a.b.c");
    centre.grant = "d.e.f";
    centre.access = "draining";
    await centre.clock.advance(20 * MINUTE);
    await exchange(centre);
    expect([centre.kept, centre.tokens.access]).toEqual(["d.e.f", "draining"]);
  });

  it("asks for another one after a 403 as well, with the next attempt and not at once", async () => {
    const centre = new TokenCentre();
    const forbidden = () =>
      showing(centre.tokens, "c", async () => Promise.reject(new SyncError("FORBIDDEN", "not this")));
    await expect(forbidden()).rejects.toMatchObject({ code: "FORBIDDEN" });
    expect(centre.asked).toHaveLength(1);
    await expect(forbidden()).rejects.toMatchObject({ code: "FORBIDDEN" });
    expect(centre.asked).toHaveLength(2);
  });

  it("refuses an answer that is none", async () => {
    const centre = new TokenCentre();
    centre.grant = "no grant";
    await expect(exchange(centre)).rejects.toMatchObject({ code: "NOT_AN_ANSWER" });
  });
});

it("a fixed key is shown as it is, and a refusal of it is final", async () => {
  let asked = 0;
  const refused = showing(fixedKey("tsk_x"), "c", async (shown) => {
    asked += 1;
    throw new SyncError("UNAUTHENTICATED", shown);
  });
  await expect(refused).rejects.toMatchObject({ message: "tsk_x" });
  expect(asked).toBe(1);
});
