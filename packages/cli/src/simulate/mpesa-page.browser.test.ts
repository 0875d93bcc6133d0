import { mpesaMachine, startMpesaSimulator } from "@tillsync/connectors/mpesa/simulator";
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

const STAMP = "20261002120000";

/** A push by HTTP, as a shop sends it. */
async function push(url: string, changes: object): Promise<void> {
  const authorization = `Basic ${btoa("tillsync:tillsync-secret")}`;
  const got = await fetch(`${url}/oauth/v1/generate?grant_type=client_credentials`, { headers: { authorization } });
  const { access_token: token } = (await got.json()) as { access_token: string };
  const body = {
    BusinessShortCode: "600134",
    Password: btoa(`600134tillsync-passkey${STAMP}`),
    Timestamp: STAMP,
    TransactionType: "CustomerPayBillOnline",
    Amount: 116,
    PartyA: 254708374149,
    PhoneNumber: 254708374149,
    PartyB: "600134",
    CallBackURL: "http://127.0.0.1:9/cb/1",
    AccountReference: "T01-00001",
    TransactionDesc: "Sale",
    ...changes,
  };
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const answer = await fetch(`${url}/mpesa/stkpush/v1/processrequest`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  expect(await answer.json()).toMatchObject({ ResponseCode: "0" });
}

it("is a phone that approves, cancels, has too little money and a wrong PIN; double charges are counted", async () => {
  expect(mpesaMachine.title).toBe("M-Pesa");
  const simulator = await startMpesaSimulator({ port: 0, seed: 1 });
  simulator.state.settings.twoMinuteRule = "off";
  const page = await browser.newPage();
  onTestFinished(async () => {
    await page.close();
    await simulator.close();
  });
  const complaints = complaintsOf(page);
  await page.goto(simulator.url);
  await page.getByText("No phone is asked for anything.").waitFor();

  for (const [button, result] of [
    ["Approve", "0"],
    ["Cancel", "1032"],
    ["Wrong PIN", "2001"],
    ["Too little money", "1"],
    ["Approve", "0"],
  ] as const) {
    await push(simulator.url, {});
    await page.getByText("Do you want to pay Ksh 116").waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole("button", { name: button }).click();
    await page.getByText("No phone is asked for anything.").waitFor();
    expect(simulator.state.pushes.at(-1)?.result).toBe(result);
  }
  await page.getByText("push, charged twice").waitFor();
  expect(await page.getByRole("listitem").filter({ hasText: "doubleCharges" }).innerText()).toMatch(
    /^1\s*doubleCharges$/,
  );
  await page.getByRole("cell", { name: "9,768.00" }).waitFor();
  expect(complaints).toEqual([]);
});
