import { axeFindings } from "@tillsync/terminal/testing/browser";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ShopOnAPage } from "../testing/shop-on-a-page.ts";

const whyNot = ShopOnAPage.whyNot();

let shop: ShopOnAPage;
let page: Page;

beforeAll(async () => {
  if (whyNot !== undefined) return;
  shop = await ShopOnAPage.start();
  page = shop.page;
});
afterAll(() => shop?.stop());
beforeEach((context) => whyNot !== undefined && context.skip(whyNot));

const says = (title: string) => page.getByRole("status").getByText(title, { exact: true }).waitFor();
const colour = () => page.getByTestId("light").getAttribute("data-light");

describe("a day on the page", () => {
  it("is green after a sale that head office has", async () => {
    await shop.post("/api/shifts/open", { operator: "Amina", businessDate: "2026-01-16" });
    await shop.sell("sale-1");
    await page.getByText("T01-20260116-00001").waitFor();
    await says("Green · all sent");
    await page.getByText("Amina").waitFor();
  });

  it("turns red without a reload when the link is cut, and the counts rise with each sale", async () => {
    shop.link.cut();
    for (let count = 1; count <= 3; count++) {
      await shop.sell(`cut-${count}`);
      await says(`Red · ${count} to send`);
      expect(await colour()).toBe("red");
      expect(await page.locator("[data-type=CentralSync] .number").innerText()).toBe(String(count));
    }
    expect(await axeFindings(page)).toEqual([]);
  });

  it("lists what waits and each attempt", async () => {
    await page.getByRole("link", { name: "Waiting" }).click();
    for (const number of [2, 3, 4]) await page.getByText(`T01-20260116-0000${number}`).waitFor();
    await page.getByRole("link", { name: "History" }).click();
    await page.getByText("UNREACHABLE").first().waitFor();
    await page.getByText("2 sent").or(page.getByText("1 sent")).first().waitFor();
    await page.getByRole("link", { name: "Now" }).click();
  });

  it("lists the shift", async () => {
    await page.getByRole("link", { name: "Shifts" }).click();
    await page.locator("main").getByText("Amina").waitFor();
    await page.getByRole("link", { name: "Now" }).click();
  });

  it("says why nothing goes when somebody asks for it", async () => {
    await page.getByRole("button", { name: "Sync now" }).click();
    await page.getByText(/^Sent 0, 3 left: /).waitFor();
  });

  it("is green again, with nothing left, when the link is back, by itself", async () => {
    shop.link.heal();
    await says("Green · all sent");
    expect(await colour()).toBe("green");
    expect(await page.locator("[data-type=CentralSync] .number").innerText()).toBe("0");
    expect(await axeFindings(page)).toEqual([]);
  });

  it("says that the till's process was killed, and goes on with the next one", async () => {
    expect(shop.till.kill()).toBe(true);
    await page.getByText("This till's service does not answer.").waitFor();
    await says("Green · all sent");
    await shop.sell("after-the-kill");
    await page.getByText("T01-20260116-00005").waitFor();
    await says("Green · all sent");
  });

  it("was one page all day, and complained of nothing", async () => {
    expect(await page.evaluate("window.loaded")).toBe("once");
    expect(shop.complaints).toEqual([]);
  });
});
