import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { TerminalStatus } from "@tillsync/engine";
import type { Browser, Frame, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { startTerminalHttp } from "../start.ts";
import { startBrowser, whyNoBrowser } from "../testing/browser.ts";
import { openPage } from "../testing/open-page.ts";
import { STATUS, waiting } from "../testing/samples.ts";

const whyNot = whyNoBrowser();
let browser: Browser;

beforeAll(async () => {
  if (whyNot === undefined) browser = await startBrowser();
});
afterAll(async () => browser?.close());
beforeEach((context) => whyNot !== undefined && context.skip(whyNot));

const LANE = STATUS.lanes.slice(0, 1);
const GREEN: Partial<TerminalStatus> = { light: "green", text: "Everything sold is at head office.", ...waiting(0) };
const YELLOW: Partial<TerminalStatus> = { light: "yellow", text: "1 change waits to be sent.", ...waiting(1) };
/** With what the queue of a till adds to its status. */
const QUEUED = {
  queue: [
    { queueType: "CentralSync", pending: 12, failed: 1, oldestAt: null },
    { queueType: "EtimsInvoice", pending: 5, failed: 0, oldestAt: null },
    { queueType: "MpesaVerify", pending: 2, failed: 0, oldestAt: null },
    { queueType: "CloudBackup", pending: 0, failed: 0, oldestAt: null },
  ],
} as Partial<TerminalStatus>;

describe("the light", () => {
  it.each(["now", "queue", "history", "shifts"])("is on the screen #%s, in words too", async (hash) => {
    const { page } = await openPage(browser, { hash });
    await page.getByRole("status").getByText("Red · 3 to send", { exact: true }).waitFor();
    await page.getByText("3 changes wait for head office.").waitFor();
    expect(await page.getByTestId("light").getAttribute("data-light")).toBe("red");
  });

  it("follows the till without a reload, the title and icon of its tab too", async () => {
    const { page, terminal, complaints } = await openPage(browser);
    const light = page.getByTestId("light");
    const colours = new Set<string>();
    for (const [status, title] of [
      [GREEN, "Green · all sent"],
      [YELLOW, "Yellow · 1 to send"],
      [{ ...QUEUED, light: "red" } as const, "Red · 12 to send, 5 eTIMS, 2 M-Pesa"],
    ] as const) {
      terminal.setStatus(status);
      await page.getByRole("status").getByText(title, { exact: true }).waitFor();
      await expect.poll(() => page.title()).toBe(`${title} · Till T01`);
      expect(await light.getAttribute("data-light")).toBe(status.light);
      colours.add(String(await page.evaluate("getComputedStyle(document.querySelector('.light-bar circle')).fill")));
    }
    expect(colours.size).toBe(3);
    expect(await page.locator("link[rel=icon]").getAttribute("href")).toContain("c92a2a");
    expect(complaints).toEqual([]);
  });

  it("says when the last sync was, and goes on saying it", async () => {
    const { page } = await openPage(browser, {
      clock: "2026-01-16T10:12:30Z",
      before: (terminal) => {
        const lastSuccessAt = "2026-01-16T10:11:12.345Z";
        terminal.setStatus({ ...GREEN, lanes: LANE.map((lane) => ({ ...lane, lastSuccessAt })) });
      },
    });
    await page.getByText("Last sync 1 min ago").waitFor();
    await page.clock.fastForward("10:00");
    await page.getByText("Last sync 11 min ago").waitFor();
    const tooltip = await page.locator(".light-words").getAttribute("title");
    expect(tooltip).toMatch(/Last sync .*13:11\nHead office: 0\neTIMS invoices: 0\nM-Pesa checks: 0\nCloud backup: 0$/);
  });
});

describe("/light in a page of a POS", () => {
  it.each([
    ["as a frame", (till: string) => `<iframe src="${till}/light"></iframe>`],
    ["as a script", (till: string) => `<p>Sale 17</p><script src="${till}/light.js"></script>`],
  ])("%s shows the same colour and text, live", async (_how, html) => {
    const { page, terminal, http } = await openPage(browser);
    const pos = await posPage(html(http.url));
    const frame = await frameOf(pos, `${http.url}/light`);
    for (const status of [GREEN, YELLOW, { ...QUEUED, light: "red" } as const]) {
      terminal.setStatus(status);
      await frame.locator(`p.${status.light}`).waitFor();
      const text = await frame.locator("p").innerText();
      await page.getByRole("status").getByText(text, { exact: true }).waitFor();
      expect(await page.getByTestId("light").getAttribute("data-light")).toBe(status.light);
    }
    expect(await frame.locator("p").getAttribute("title")).toContain("No sync yet");
  });

  it("says that the till does not answer, and comes back", async () => {
    const { page, terminal, http } = await openPage(browser);
    await page.close();
    const pos = await posPage(`<iframe src="${http.url}/light"></iframe>`);
    const frame = await frameOf(pos, `${http.url}/light`);
    await frame.getByText("Red · 3 to send").waitFor();
    await http.close();
    await frame.getByText("No answer from this till").waitFor();
    terminal.setStatus(GREEN);
    const again = await startTerminalHttp({ terminal, port: Number(new URL(http.url).port) });
    onTestFinished(() => again.close());
    await frame.getByText("Green · all sent").waitFor();
  });
});

/** A page of another origin, as a POS in a browser has. */
async function posPage(html: string): Promise<Page> {
  const server: Server = createServer((_request, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(`<!doctype html><title>POS</title>${html}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const pos = await browser.newPage();
  onTestFinished(async () => {
    await pos.context().close();
    server.close();
    server.closeAllConnections();
  });
  await pos.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return pos;
}

async function frameOf(page: Page, url: string): Promise<Frame> {
  await expect.poll(() => page.frame({ url })?.url()).toBe(url);
  return page.frame({ url }) as Frame;
}
