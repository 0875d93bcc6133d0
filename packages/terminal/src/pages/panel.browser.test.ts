import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { axeFindings, startBrowser, whyNoBrowser } from "../testing/browser.ts";
import { CONFLICT, SIDES } from "../testing/fake-head-office.ts";
import { attempts, FAILED_ATTEMPT, FAILED_ITEM, PENDING_ITEM, PROCESSING_ITEM, SHIFTS } from "../testing/fake-panel.ts";
import { openPage } from "../testing/open-page.ts";
import { waiting } from "../testing/samples.ts";

const whyNot = whyNoBrowser();
let browser: Browser;

beforeAll(async () => {
  if (whyNot === undefined) browser = await startBrowser();
});
afterAll(async () => browser?.close());
beforeEach((context) => whyNot !== undefined && context.skip(whyNot));

describe("what waits", () => {
  it("shows failed and parked items with their error, what is on its way, and what waits", async () => {
    const { page, complaints } = await openPage(browser, {
      hash: "queue",
      data: { failed: [FAILED_ITEM], processing: [PROCESSING_ITEM], pending: [PENDING_ITEM] },
    });
    const failed = page.getByRole("region", { name: "Needs a person" });
    await failed.getByText("T01-20260116-00017").waitFor();
    await failed.getByText("TypeError").waitFor();
    const pending = page.getByRole("region", { name: "Waits to be sent" });
    await pending.getByText("T01-20260116-00018").waitFor();
    await page.getByRole("region", { name: "On its way" }).getByText("table-4").waitFor();
    expect(complaints).toEqual([]);
  });

  it("an error of 5,000 characters takes three lines, all of it on demand, and breaks nothing", async () => {
    const { page } = await openPage(browser, {
      hash: "queue",
      viewport: { width: 360, height: 640 },
      data: { failed: [FAILED_ITEM], pending: [] },
      before: (terminal) => terminal.setStatus({ text: FAILED_ITEM.lastError }),
    });
    expect(FAILED_ITEM.lastError).toHaveLength(5_000);
    const error = page.locator("li p", { hasText: "TypeError" });
    const heightOf = async () => (await error.boundingBox())?.height ?? 0;
    await error.waitFor();
    expect(await heightOf()).toBeLessThan(80);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    await page.locator("li").getByRole("button", { name: "Show more" }).click();
    expect(await heightOf()).toBeGreaterThan(1_000);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    await page.locator("li").getByRole("button", { name: "Show less" }).click();
    expect(await heightOf()).toBeLessThan(80);
    const bar = await page.getByTestId("light").boundingBox();
    expect(bar?.height).toBeLessThan(420);
  });

  it("is tried again, and discarded with a name and a reason, in place and without a dialog", async () => {
    const data = { failed: [FAILED_ITEM], pending: [] } as { failed: object[]; pending: object[] };
    const { page, asked, terminal } = await openPage(browser, { hash: "queue", data });
    page.on("dialog", () => expect.unreachable("a dialog"));
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("It will be tried again.").waitFor();
    await page.getByRole("button", { name: "Discard…" }).click();
    await page.getByRole("button", { name: "Discard", exact: true }).click();
    expect(await page.getByText("Please fill this in.").count()).toBe(2);
    await page.getByLabel("Your name").fill("Amina");
    await page.getByLabel("Reason").fill("typed twice");
    await page.getByRole("button", { name: "Discard", exact: true }).click();
    await page.getByText("Discarded; the correction is recorded.").waitFor();
    const id = encodeURIComponent(FAILED_ITEM.id);
    expect(asked).toEqual([
      [`POST /api/queue/${id}/retry`, {}],
      [`POST /api/queue/${id}/discard`, { operator: "Amina", reason: "typed twice" }],
    ]);
    data.failed.pop();
    terminal.setStatus({ exceptions: 0 });
    await page.getByText("it is safe and holds up nothing else").waitFor();
  });

  it("says the till's refusal where the button is", async () => {
    const { page } = await openPage(browser, { hash: "queue", data: { failed: [FAILED_ITEM], pending: [] } });
    const error = { code: "CONFLICT", message: "It was decided at head office already." };
    await page.route("**/retry", (route) => route.fulfill({ status: 409, json: { error } }));
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText(error.message).waitFor();
  });
});

describe("conflicts", () => {
  const data = () => ({
    conflicts: [CONFLICT] as object[],
    conflict: { source: "head-office", ...CONFLICT, ...SIDES },
  });

  it("shows both sides field by field and keeps what was ticked, with a name and a reason, in place", async () => {
    const shown = data();
    const { page, asked, terminal, complaints } = await openPage(browser, { hash: "conflicts", data: shown });
    await page.getByText("T01 lost to T02").waitFor();
    await page.getByRole("button", { name: "Compare…" }).click();
    const row = page.getByRole("row", { name: /^phone/ });
    expect(await row.innerText()).toMatch(/0712345678[\s\S]*0787654321/);
    expect(await page.getByRole("button", { name: "Merge what is ticked" }).isDisabled()).toBe(true);
    await page.getByRole("checkbox", { name: "Take mine of phone" }).check();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole("button", { name: "Merge what is ticked" }).click();
    expect(await page.getByText("Please fill this in.").count()).toBe(2);
    await page.getByLabel("Your name").fill("Amina");
    await page.getByLabel("Reason").fill("phoned her");
    await page.getByRole("button", { name: "Merge what is ticked" }).click();
    await page.getByText("Decided; head office has it.").waitFor();
    expect(asked).toEqual([
      ["POST /api/conflicts/17/resolve", { keep: "merge", fields: ["phone"], actor: "Amina", reason: "phoned her" }],
    ]);
    shown.conflicts.pop();
    terminal.setStatus({ exceptions: 0 });
    await page.getByText("Nobody's version lost").waitFor();
    expect(complaints).toEqual([]);
  });

  it.each([
    ["Keep mine", "mine"],
    ["Keep theirs", "theirs"],
  ])("%s is one press", async (name, keep) => {
    const { page, asked } = await openPage(browser, { hash: "conflicts", data: data() });
    await page.getByRole("button", { name: "Compare…" }).click();
    await page.getByLabel("Your name").fill("Amina");
    await page.getByLabel("Reason").fill("x");
    await page.getByRole("button", { name }).click();
    await page.getByText("Decided; head office has it.").waitFor();
    expect(asked).toEqual([["POST /api/conflicts/17/resolve", { keep, actor: "Amina", reason: "x" }]]);
  });

  it("can be looked at without a link, and says that deciding needs it", async () => {
    const offline = { ...data(), conflictSource: "till" as const };
    const { page } = await openPage(browser, {
      hash: "conflicts",
      viewport: { width: 360, height: 640 },
      data: offline,
    });
    await page.getByRole("button", { name: "Compare…" }).click();
    await page.getByText("conflicts are decided there").waitFor();
    for (const name of ["Keep mine", "Keep theirs", "Merge what is ticked"])
      expect(await page.getByRole("button", { name }).isDisabled()).toBe(true);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    expect(await axeFindings(page)).toEqual([]);
  });

  it("says head office's refusal where the buttons are", async () => {
    const { page } = await openPage(browser, { hash: "conflicts", data: data() });
    const error = { code: "CONFLICT_RESOLVED", message: "This conflict was resolved already: KEEP_THEIRS by Grace." };
    await page.route("**/resolve", (route) => route.fulfill({ status: 409, json: { error } }));
    await page.getByRole("button", { name: "Compare…" }).click();
    await page.getByLabel("Your name").fill("Amina");
    await page.getByLabel("Reason").fill("x");
    await page.getByRole("button", { name: "Keep mine" }).click();
    await page.getByText(error.message).waitFor();
  });
});

describe("history", () => {
  it("shows each attempt with its time, what it sent or why it failed, and more on demand", async () => {
    const { page } = await openPage(browser, {
      hash: "history",
      // A laptop from elsewhere: the store's own time is shown, which its till knows.
      timezoneId: "Pacific/Auckland",
      data: { attempts: attempts(50) },
    });
    await page
      .getByText(FAILED_ATTEMPT.errorMessage ?? "")
      .first()
      .waitFor();
    await expect.poll(() => page.locator("main li").first().innerText()).toContain("13:12:00");
    expect(await page.getByText("12 sent").count()).toBe(13);
    for (const shown of [20, 40]) {
      await expect.poll(() => page.locator("main li").count()).toBe(shown);
      await page.getByRole("button", { name: "Show more" }).click();
    }
    await expect.poll(() => page.locator("main li").count()).toBe(50);
    expect(await page.getByRole("button", { name: "Show more" }).count()).toBe(0);
  });
});

describe("a till that is slow and busy", () => {
  it("is read to the end, and once more for all that happened meanwhile", async () => {
    const { page, terminal } = await openPage(browser, { data: { shifts: SHIFTS }, clock: "2026-01-16T10:12:30Z" });
    let answer = () => {};
    const slow = new Promise<void>((resolve) => (answer = resolve));
    let reads = 0;
    await page.route("**/api/shifts?*", async (route) => {
      reads++;
      await slow;
      await route.fallback();
    });
    await page.getByRole("link", { name: "Shifts" }).click();
    await expect.poll(() => reads).toBe(1);
    for (let pending = 4; pending < 8; pending++) {
      terminal.setStatus(waiting(pending));
      await page.getByText(`Red · ${pending} to send`).waitFor();
      await page.clock.runFor(1_100);
    }
    expect(reads).toBe(1);
    answer();
    await page.getByText("Waits for head office").waitFor();
    await expect.poll(() => reads).toBe(2);
  });
});

describe("shifts", () => {
  it("shows each shift with its money and how it was settled", async () => {
    const { page } = await openPage(browser, { hash: "shifts", data: { shifts: SHIFTS } });
    const lines = page.locator("main li");
    await expect.poll(() => lines.count()).toBe(5);
    const texts = await lines.allInnerTexts();
    const states = ["Open", "Waits for head office", "Settled", "Settled with exceptions", "Different"];
    for (const [index, state] of states.entries()) expect(texts[index]).toContain(state);
    expect(texts[0]).toMatch(/Otieno[\s\S]*16 Jan 2026[\s\S]*cash 12,450.00 KES[\s\S]*mpesa 8,730.50 KES/);
    expect(texts[2]).toContain("cash 50.00 KES short");
    expect(texts[3]).toContain("2 exceptions");
    expect(texts[4]).toContain("1 difference");
  });
});

describe("a till without the routes of the panel", () => {
  it.each(["queue", "conflicts", "history", "shifts"])("says so at #%s", async (hash) => {
    const { page, complaints } = await openPage(browser, { hash });
    await page.getByText("Not available on this till.").first().waitFor();
    expect(complaints).toEqual([]);
  });
});
