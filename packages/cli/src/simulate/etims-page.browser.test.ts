import { FIRST_DEVICE, startEtimsSimulator } from "@tillsync/connectors/etims/simulator";
import { axeFindings, complaintsOf, startBrowser, whyNoBrowser } from "@tillsync/terminal/testing/browser";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from "vitest";

const whyNot = whyNoBrowser();
let browser: Browser;

beforeAll(async () => {
  if (whyNot === undefined) browser = await startBrowser();
});
afterAll(async () => browser?.close());
beforeEach((context) => whyNot !== undefined && context.skip(whyNot));

it("shows what was accepted as it comes, and counts duplicates and gaps", async () => {
  const simulator = await startEtimsSimulator({ port: 0, seed: 1 });
  const page = await browser.newPage();
  onTestFinished(async () => {
    await page.close();
    await simulator.close();
  });
  const complaints = complaintsOf(page);
  await page.goto(simulator.url);
  await page.getByText("None yet.").waitFor();
  await page.getByText("No sale was declared twice.").waitFor();

  const { tin, bhfId } = FIRST_DEVICE;
  const text = JSON.stringify({ tin, bhfId, count: 2 });
  const answer = await fetch(`${simulator.url}/control/foreign-invoices`, { method: "POST", body: text });
  expect(await answer.json()).toEqual([1, 2]);
  await page.getByRole("row", { name: /OTHER-2 another system's/ }).waitFor();

  // What a client that is wrong would do: the same sale under two numbers, and a number passed over.
  const [first] = simulator.state.invoices;
  if (first === undefined) throw new Error("the other system declared nothing");
  const own = { ...first, foreign: false, trdInvcNo: "T01-20260116-00001<b>" };
  simulator.state.invoices.push({ ...own, invcNo: 3 }, { ...own, invcNo: 5 });
  await page.getByText("Declared twice:").waitFor();
  await page.getByText(`Passed over: ${tin} ${bhfId} 4`).waitFor();
  expect(await page.getByRole("listitem").filter({ hasText: "duplicates" }).innerText()).toMatch(/^1\s*duplicates$/);
  expect(await page.getByRole("cell", { name: "T01-20260116-00001<b>" }).count()).toBe(3);
  expect(await axeFindings(page)).toEqual([]);
  expect(complaints).toEqual([]);
});
