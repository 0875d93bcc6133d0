import { describe, expect, it } from "vitest";
import { Random } from "../random.ts";
import { Timeline } from "../timeline.ts";
import { Locks } from "./locks.ts";
import { Session } from "./session.ts";

function sessionOn(locks: Locks): Session {
  const options = {
    timeline: new Timeline(),
    random: new Random("session"),
    locks,
    atPoint: () => {},
    onEnd: () => {},
  };
  return new Session({ reached: () => {} }, options);
}

describe("a session", () => {
  it("takes no lock once it has ended, even when its statement goes on for a moment", async () => {
    const locks = new Locks();
    const [first, second, third] = [sessionOn(locks), sessionOn(locks), sessionOn(locks)];
    await first.lock("a");
    const given = second.lock("a");
    first.lose(new Error("the database went away"));
    second.lose(new Error("the database went away"));
    await given.catch(() => {});
    await expect(second.lock("b")).rejects.toThrow("the database went away");
    await third.lock("b");
    expect(third.lockCount()).toBe(1);
  });
});
