import { axeFindings } from "@tillsync/terminal/testing/browser";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ShopOnAPage } from "../testing/shop-on-a-page.ts";

const whyNot = ShopOnAPage.whyNot();
/** What head office cannot apply until somebody has put it right there. */
const CURSED_MINOR = 66_600;

let shop: ShopOnAPage;
let page: Page;
let needsPerson: Locator;

beforeAll(async () => {
  if (whyNot !== undefined) return;
  shop = await ShopOnAPage.start();
  page = shop.page;
  needsPerson = page.getByRole("region", { name: "Needs a person" });
  await shop.rows(
    `ALTER TABLE tillsync.document ADD CONSTRAINT cursed CHECK (total_minor <> ${CURSED_MINOR}) NOT VALID`,
  );
  await shop.post("/api/shifts/open", { operator: "Amina", businessDate: "2026-01-16" });
  await shop.sell("good");
  for (const localId of ["first", "second"]) await shop.sell(localId, CURSED_MINOR);
});
afterAll(() => shop?.stop());
beforeEach((context) => whyNot !== undefined && context.skip(whyNot));

const show = (screen: string) => page.getByRole("link", { name: screen }).click();
const itemOf = (receipt: number) => needsPerson.locator("li", { hasText: `T01-20260116-0000${receipt}` });
const allSent = () => expect.poll(async () => (await shop.get<{ pending: number }>("/api/status")).pending).toBe(0);
const order = (localId: string) => shop.get<Record<string, unknown>>(`/api/orders/${localId}`);
const effectOf = async (localId: string) => {
  const sql = "SELECT effect, code FROM tillsync.change_head WHERE local_id = $1";
  return (await shop.rows<{ effect: string; code: string | null }>(sql, localId))[0];
};

/** What head office found of a shift, in its own words. */
async function verdictOn(operator: string): Promise<string | undefined> {
  const sql = `SELECT s.state FROM tillsync.shift_settlement s JOIN tillsync.change_head h
    ON h.terminal = s.terminal AND h.kind = 'shift.opened' AND h.local_id = s.local_id
    JOIN tillsync.change_body b ON b.terminal = h.terminal AND b.incarnation = h.incarnation AND b.seq = h.seq
    WHERE convert_from(b.body, 'UTF8')::jsonb -> 'payload' ->> 'operator' = $1`;
  return (await shop.rows<{ state: string }>(sql, operator))[0]?.state;
}

describe("what head office could not apply, on the page of a real till", () => {
  it("stands under what needs a person, with why", async () => {
    // What head office makes of a sale comes with the exchange behind it: in half a minute by itself.
    await allSent();
    await page.getByRole("button", { name: "Sync now" }).click();
    await show("Waiting");
    for (const receipt of [2, 3]) await itemOf(receipt).getByRole("button", { name: "Try again" }).waitFor();
    expect(await needsPerson.locator("li").count()).toBe(2);
    expect(await order("good")).toMatchObject({ orderSyncStatus: "SYNCED" });
    expect(await axeFindings(page)).toEqual([]);
  });

  it("makes its shift settle with exactly those exceptions, as head office judges it", async () => {
    await shop.post("/api/shifts/close", {});
    await show("Shifts");
    const shift = page.locator("main li", { hasText: "Amina" });
    await shift.getByText("Settled with exceptions").waitFor();
    await shift.getByText("2 exceptions").waitFor();
    expect(await verdictOn("Amina")).toBe("settled-with-exceptions");
    expect(await axeFindings(page)).toEqual([]);
  });

  it("is tried again at the press of a button, and stays while it is still wrong there", async () => {
    await show("Waiting");
    await itemOf(2).getByRole("button", { name: "Try again" }).click();
    await itemOf(2).getByText("It will be tried again.").waitFor();
    await allSent();
    expect(await effectOf("first")).toMatchObject({ effect: "parked" });
    await itemOf(2).getByRole("button", { name: "Try again" }).waitFor();
  });

  it("is gone from the page when it was tried again after the mistake was mended, and applied once", async () => {
    await shop.rows("ALTER TABLE tillsync.document DROP CONSTRAINT cursed");
    await itemOf(2).getByRole("button", { name: "Try again" }).click();
    await itemOf(2).waitFor({ state: "detached" });
    expect(await order("first")).toMatchObject({ orderSyncStatus: "SYNCED", effect: "applied" });
    expect(await effectOf("first")).toEqual({ effect: "applied", code: null });
    const documents = await shop.rows("SELECT state FROM tillsync.document WHERE local_id = 'first'");
    expect(documents).toEqual([{ state: "closed" }]);
  });

  it("is discarded with a name and a reason, which head office has, and is never applied", async () => {
    await itemOf(3).getByRole("button", { name: "Discard…" }).click();
    await page.getByLabel("Your name").fill("Amina");
    await page.getByLabel("Reason").fill("typed twice");
    await page.getByRole("button", { name: "Discard", exact: true }).click();
    await itemOf(3).waitFor({ state: "detached" });
    await needsPerson.getByText("it is safe and holds up nothing else").waitFor();
    expect(await effectOf("second")).toEqual({ effect: "conflict", code: "DISCARDED" });
    expect(await shop.rows("SELECT state FROM tillsync.document WHERE local_id = 'second'")).toEqual([]);
    const [decision] = await shop.rows<{ payload: object }>(
      `SELECT convert_from(b.body, 'UTF8')::jsonb -> 'payload' AS payload
       FROM tillsync.change_head h JOIN tillsync.change_body b USING (org_id, store_id, terminal, incarnation, seq)
       WHERE h.kind = 'exception.discarded'`,
    );
    expect(decision?.payload).toMatchObject({ operator: "Amina", reason: "typed twice" });
  });

  it("leaves the next shift nothing but settled", async () => {
    await shop.post("/api/shifts/open", { operator: "Baraka", businessDate: "2026-01-16" });
    await shop.sell("next");
    await shop.post("/api/shifts/close", {});
    await show("Shifts");
    const shift = page.locator("main li", { hasText: "Baraka" });
    await shift.getByText("Settled", { exact: true }).waitFor();
    expect(await verdictOn("Baraka")).toBe("settled");
    expect(await page.evaluate("window.loaded")).toBe("once");
    expect(shop.complaints).toEqual([]);
  });
});
