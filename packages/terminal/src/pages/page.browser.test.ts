import type { SyncResult, TerminalStatus } from "@tillsync/engine";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { startTerminalHttp } from "../start.ts";
import { axeFindings, startBrowser, whyNoBrowser } from "../testing/browser.ts";
import { attempts, FAILED_ITEM, PENDING_ITEM, SHIFTS } from "../testing/fake-panel.ts";
import type { FakeTerminal } from "../testing/fake-terminal.ts";
import { openPage } from "../testing/open-page.ts";
import { waiting } from "../testing/samples.ts";

const whyNot = whyNoBrowser();
let browser: Browser;

beforeAll(async () => {
  if (whyNot === undefined) browser = await startBrowser();
});
afterAll(async () => browser?.close());
beforeEach((context) => whyNot !== undefined && context.skip(whyNot));

const PANEL = { failed: [FAILED_ITEM], pending: [PENDING_ITEM], attempts: attempts(30), shifts: SHIFTS };
const GREEN: Partial<TerminalStatus> = { light: "green", text: "Everything sold is at head office.", ...waiting(0) };
const STOPPED: Partial<TerminalStatus> = { stopped: { code: "STORE_FAILED", message: "The disk is gone." } };
const sell = (terminal: FakeTerminal, localId = "sale-1") =>
  terminal.closeOrder({ localId, lines: [{ item: "bread", quantity: "2", unitPrice: "60.00" }], tenders: [] });

describe("axe finds nothing", () => {
  const states: readonly (readonly [string, Partial<TerminalStatus>])[] = [
    ["green", GREEN],
    ["red", {}],
    ["stopped", STOPPED],
  ];
  it.each(
    states.flatMap(([name, status]) =>
      (["light", "dark"] as const).map((colorScheme) => ({ name, status, colorScheme })),
    ),
  )("when it is $name, on a $colorScheme screen", async ({ status, colorScheme }) => {
    const { page, complaints } = await openPage(browser, {
      colorScheme,
      data: PANEL,
      before: (terminal) => {
        sell(terminal);
        terminal.setStatus({ exceptions: 1, ...status });
      },
    });
    for (const screen of ["Now", "Waiting", "History", "Shifts"]) {
      await page.getByRole("link", { name: screen, exact: false }).first().click();
      await page.locator("main li").first().waitFor();
      if (screen === "Waiting") await openDiscardForm(page);
      expect(await axeFindings(page), screen).toEqual([]);
    }
    expect(complaints).toEqual([]);
  });

  it.each(["light", "dark"] as const)(
    "when it wants a key and when the till is gone, on a %s screen",
    async (scheme) => {
      const { page, http } = await openPage(browser, { key: "secret", colorScheme: scheme });
      await page.getByLabel("Key of this till").fill("wrong");
      await page.keyboard.press("Enter");
      await page.getByText("That is not the key").waitFor();
      expect(await axeFindings(page)).toEqual([]);
      await page.getByLabel("Key of this till").fill("secret");
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: "Sync now" }).waitFor();
      await http.close();
      await page.getByText("No answer from this till").waitFor();
      expect(await axeFindings(page)).toEqual([]);
    },
  );
});

async function openDiscardForm(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Discard…" }).click();
  await page.getByRole("button", { name: "Discard", exact: true }).click();
  await page.getByText("Please fill this in.").first().waitFor();
}

describe("on every screen", () => {
  it.each([
    [360, 640],
    [768, 1024],
    [1366, 768],
  ])("of %i by %i nothing sticks out, and fingers hit what they mean", async (width, height) => {
    const { page } = await openPage(browser, { viewport: { width, height }, data: PANEL, before: sell });
    for (const screen of ["now", "queue", "history", "shifts"]) {
      await page.goto(`${page.url().split("#")[0]}#${screen}`);
      await page.locator("main li").first().waitFor();
      expect(await page.evaluate("document.documentElement.scrollWidth"), screen).toBe(width);
      const small = `[...document.querySelectorAll("a, button, input")].map((e) => [e.textContent || e.name, e.getBoundingClientRect()])
        .filter(([, box]) => box.height < 44 || box.width < 44).map(([name]) => name)`;
      expect(await page.evaluate(small), screen).toEqual([]);
    }
  });
});

describe("with the keyboard alone", () => {
  it("one gets to each screen, sends, and discards, and sees where one is", async () => {
    const { page, terminal, asked } = await openPage(browser, { data: PANEL });
    await page.getByRole("button", { name: "Sync now" }).waitFor();
    await tabTo(page, "Sync now");
    await page.keyboard.press("Enter");
    await page.getByText("Sent 3, nothing left").waitFor();
    expect(terminal.asked.filter(({ verb }) => verb === "syncNow")).toHaveLength(1);
    expect(await focused(page)).toBe("Sync now");
    await tabTo(page, "Waiting");
    expect(await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")).toBe("solid");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Discard…" }).waitFor();
    await tabTo(page, "Discard…");
    await page.keyboard.press("Space");
    await page.getByLabel("Your name").waitFor();
    await page.keyboard.type("Amina");
    await page.keyboard.press("Tab");
    await page.keyboard.type("typed twice");
    await page.keyboard.press("Enter");
    await page.getByText("Discarded; the correction is recorded.").waitFor();
    expect(asked.at(-1)?.[1]).toEqual({ operator: "Amina", reason: "typed twice" });
  });
});

const focused = (page: Page) => page.evaluate("document.activeElement.textContent") as Promise<string>;

async function tabTo(page: Page, text: string): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press("Tab");
    if ((await focused(page)).startsWith(text)) return;
  }
  throw new Error(`Tab never came to ${text}`);
}

describe("Sync now", () => {
  it("never waits: it shows how far it is, and the page goes on", async () => {
    const { page, terminal } = await openPage(browser, { data: PANEL });
    let finish = (_result: SyncResult) => {};
    terminal.syncNow = () => new Promise((resolve) => (finish = resolve));
    await page.getByRole("button", { name: "Sync now" }).click();
    await page.getByText("Sending… 3 to go").waitFor();
    terminal.setStatus(waiting(2));
    await page.getByText("Sending… 2 to go").waitFor();
    await page.getByRole("link", { name: "Shifts" }).click();
    await page.getByText("Waits for head office").waitFor();
    finish({
      sent: 1,
      left: 2,
      reason: { code: "UNREACHABLE", message: "Head office does not answer." },
    } as SyncResult);
    await page.getByText("Sent 1, 2 left: Head office does not answer.").waitFor();
  });
});

describe("receipts", () => {
  it("are listed as they are recorded, and each says where it is", async () => {
    const { page, terminal } = await openPage(browser);
    await page.getByText("Nothing since this till was started.").waitFor();
    const { receiptNumber = "" } = sell(terminal);
    await page.getByRole("button", { name: receiptNumber ?? "" }).click();
    await page.getByText("On this till; waiting to be sent.").waitFor();
    await page.getByLabel("Receipt number or order id").fill("T09-1");
    await page.getByRole("button", { name: "Look up" }).click();
    await page.getByText('This till recorded nothing under "T09-1"').waitFor();
  });
});

describe("a till with a key", () => {
  it("is asked for it once in each tab", async () => {
    const { page, http, complaints } = await openPage(browser, { key: "secret" });
    await page.getByLabel("Key of this till").fill("secret");
    await page.getByRole("button", { name: "Show" }).click();
    await page.getByText("Red · 3 to send").waitFor();
    await page.reload();
    await page.getByText("Red · 3 to send").waitFor();
    const other = await page.context().newPage();
    await other.goto(http.url);
    await other.getByLabel("Key of this till").waitFor();
    expect(complaints).toEqual([]);
  });
});

describe("when the till's process is gone", () => {
  it("says so at once, and comes back without a reload", async () => {
    const { page, terminal, http } = await openPage(browser);
    await page.getByText("Red · 3 to send").waitFor();
    await page.evaluate("window.same = true");
    const port = Number(new URL(http.url).port);
    await http.close();
    await page.getByText("This till's service does not answer. Sales are safe on its disk").waitFor({ timeout: 3_000 });
    expect(await page.getByTestId("light").getAttribute("data-light")).toBe("none");
    expect(await page.title()).toBe("No answer from this till");
    terminal.setStatus(GREEN);
    const again = await startTerminalHttp({ terminal, port });
    onTestFinished(() => again.close());
    await page.getByText("Green · all sent").waitFor();
    expect(await page.evaluate("window.same")).toBe(true);
  });

  it("notices a process that hangs by its silence", async () => {
    const { page } = await openPage(browser, { clock: "2026-01-16T10:12:30Z" });
    await page.getByText("Red · 3 to send").waitFor();
    await page.route("**/api/**", () => undefined);
    await page.clock.fastForward("00:21");
    await page.getByText("No answer from this till").waitFor();
    await page.unroute("**/api/**");
    await page.clock.fastForward("00:30");
    await page.getByText("Red · 3 to send").waitFor();
  });
});

describe("many tabs", () => {
  it("show the same, each with one stream", async () => {
    const { page, terminal, http, listenersBefore } = await openPage(browser);
    const second = await page.context().newPage();
    await second.goto(http.url);
    terminal.setStatus(GREEN);
    for (const tab of [page, second]) await tab.getByText("Green · all sent").waitFor();
    const streams = () => terminal.listeners.size - listenersBefore;
    expect(streams()).toBe(2);
    await second.close();
    await expect.poll(streams).toBe(1);
  });

  it("give their stream back while nobody sees them, and ask now and then", async () => {
    const { page, terminal, listenersBefore } = await openPage(browser, { clock: "2026-01-16T10:12:30Z" });
    await page.getByText("Red · 3 to send").waitFor();
    const streams = () => terminal.listeners.size - listenersBefore;
    await hide(page, true);
    await expect.poll(streams).toBe(0);
    terminal.setStatus(GREEN);
    await page.clock.fastForward("00:16");
    await expect.poll(() => page.title()).toBe("Green · all sent · Till T01");
    await hide(page, false);
    await expect.poll(streams).toBe(1);
  });
});

async function hide(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate(`Object.defineProperty(document, "hidden", { configurable: true, value: ${hidden} });
    document.dispatchEvent(new Event("visibilitychange"))`);
}

describe("a page that stays open for long", () => {
  it("keeps no stream, listener or element of the hundreds before", async () => {
    const { page, terminal, listenersBefore } = await openPage(browser, { clock: "2026-01-16T10:12:30Z" });
    await page.getByText("Red · 3 to send").waitFor();
    let streams = 0;
    // A stream that ends at once, as when the till is restarted again and again.
    await page.route("**/api/events", (route) => {
      streams++;
      const body = `event: status\ndata: ${JSON.stringify({ ...terminal.status(), ...waiting(streams) })}\n\n`;
      return route.fulfill({ body, contentType: "text/event-stream" });
    });
    await hide(page, true);
    await hide(page, false);
    const until = async (count: number) => {
      while (streams < count) await page.clock.runFor(1_000);
      return countsOf(page);
    };
    const early = await until(50);
    const late = await until(350);
    for (const name of ["Nodes", "JSEventListeners"] as const) expect(late[name]).toBeLessThan(early[name] * 1.3);
    expect(late.JSHeapUsedSize - early.JSHeapUsedSize).toBeLessThan(2 * 1024 * 1024);
    await page.unroute("**/api/events");
    await page.clock.runFor(5_000);
    await expect.poll(() => terminal.listeners.size).toBe(listenersBefore + 1);
  });
});

/** After the rubbish was taken out. */
async function countsOf(page: Page) {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  await session.send("Performance.enable");
  const { metrics } = await session.send("Performance.getMetrics");
  await session.detach();
  const value = (wanted: string) => metrics.find(({ name }) => name === wanted)?.value ?? 0;
  return {
    Nodes: value("Nodes"),
    JSEventListeners: value("JSEventListeners"),
    JSHeapUsedSize: value("JSHeapUsedSize"),
  };
}
