import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openTerminal, type TerminalOptions } from "./open.ts";
import { FakeCentre } from "./testing/fake-centre.ts";
import { FakeClock } from "./testing/fake-clock.ts";
import { closedUrl, startHttp } from "./testing/http-stub.ts";
import { codeAndField, refusalOf } from "./testing/refusal.ts";
import { tempFile } from "./testing/temp-folder.ts";
import { sale, TERMINAL_ID } from "./testing/till.ts";
import type { TerminalStatus } from "./verbs.ts";

const CLOSED = { url: await closedUrl(), key: "tsk_x" };

function options(over: Partial<TerminalOptions> = {}): TerminalOptions {
  return {
    file: tempFile(),
    terminal: TERMINAL_ID,
    shortId: "T01",
    store: "STORE001",
    currency: "KES",
    central: CLOSED,
    ...over,
  };
}

describe("a till with everything real", () => {
  it("sells without head office, keeps it over a restart, and sends it when head office is there (I32)", async () => {
    const given = options();
    const till = openTerminal(given);
    till.openShift({ operator: "Amina", businessDate: "2026-01-16" });
    expect(till.closeOrder(sale("a")).receiptNumber).toBe("T01-20260116-00001");
    await till.close(0);

    const centre = new FakeCentre(new FakeClock());
    const { url } = await startHttp((response) => response.end(JSON.stringify(centre.answerOf("none"))));
    const again = openTerminal({ ...given, central: { url, key: "tsk_x" } });
    const answered = new Promise<TerminalStatus>((resolve) => {
      again.subscribe((event) => {
        if (event.type === "status" && event.status.lanes[0]?.failures === 1) resolve(event.status);
      });
    });
    // This centre takes nothing, so that the answer is told from silence.
    expect((await answered).lanes[0]?.lastError?.code).toBe("NOT_AN_ANSWER");
    expect(again.order("a")?.receiptNumber).toBe("T01-20260116-00001");
    await again.close();
  });

  it("has its lock and its witness beside its database, the witness for its owner only", async () => {
    const given = options();
    const till = openTerminal(given);
    till.openShift({ operator: "Amina" });
    await till.close();
    expect([`${given.file}.lock`, `${given.file}.witness`].map((file) => existsSync(file))).toEqual([true, true]);
    expect(statSync(`${given.file}.witness`).mode & 0o777).toBe(0o600);
  });

  it("lets nobody else in while it is open, and everybody afterwards; closing twice does no harm", async () => {
    const given = options();
    const till = openTerminal(given);
    expect(refusalOf(() => openTerminal(given)).code).toBe("LOCKED");
    await till.close();
    await till.close();
    await openTerminal(given).close();
  });
});

describe("a till that cannot be opened", () => {
  it.each<[string, Partial<TerminalOptions>, string]>([
    ["an address that is none", { central: { url: "head office", key: "k" } }, "central.url"],
    ["a short id that is none", { shortId: "till one" }, "shortId"],
  ])("because of %s says so and leaves nothing locked", async (_what, over, field) => {
    const given = options();
    expect(codeAndField(() => openTerminal({ ...given, ...over }))).toEqual({ code: "CONFIG_INVALID", field });
    await openTerminal(given).close();
  });

  it("because its witness cannot be opened leaves nothing locked", () => {
    const given = options();
    mkdirSync(`${given.file}.witness`);
    expect(() => openTerminal(given)).toThrow(/EISDIR/);
    expect(() => openTerminal(given)).toThrow(/EISDIR/);
  });

  it("because the file is no database leaves it as it was, and nothing locked", () => {
    const given = options();
    writeFileSync(given.file, "not a database, but somebody's letter".repeat(100));
    for (const _ of [1, 2]) expect(() => openTerminal(given)).toThrow(/no database/);
    expect(statSync(given.file).size).toBe(3700);
  });
});
