import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { onTestFinished } from "vitest";
import { startTerminalHttp, type TerminalHttp } from "../start.ts";
import { complaintsOf } from "./browser.ts";
import { type Asked, fakePanel, type PanelData } from "./fake-panel.ts";
import { FakeTerminal } from "./fake-terminal.ts";

export interface OpenedPage {
  readonly page: Page;
  readonly terminal: FakeTerminal;
  readonly http: TerminalHttp;
  readonly asked: Asked;
  readonly complaints: readonly string[];
  /** Who else listened to the terminal before the page came. */
  readonly listenersBefore: number;
}

export interface OpenOptions extends BrowserContextOptions {
  /** The screen; "now" when absent. */
  readonly hash?: string;
  /** What the browser's clock says when the page opens; the machine's when absent. */
  readonly clock?: string;
  readonly key?: string;
  readonly data?: PanelData;
  readonly before?: (terminal: FakeTerminal) => void;
}

/** The page of a till in memory, with the panel's routes answered by the test, until the test is over. */
export async function openPage(browser: Browser, options: OpenOptions = {}): Promise<OpenedPage> {
  const { hash = "now", clock, key, data = {}, before, ...context } = options;
  const terminal = new FakeTerminal();
  before?.(terminal);
  const http = await startTerminalHttp({ terminal, port: 0, key });
  const listenersBefore = terminal.listeners.size;
  const tabs = await browser.newContext({ viewport: { width: 1366, height: 768 }, ...context });
  const page = await tabs.newPage();
  onTestFinished(async () => {
    await tabs.close();
    await http.close();
  });
  if (clock !== undefined) await page.clock.install({ time: new Date(clock) });
  const complaints = complaintsOf(page);
  const asked = await fakePanel(page, data);
  await page.goto(`${http.url}/#${hash}`);
  return { page, terminal, http, asked, complaints, listenersBefore };
}
