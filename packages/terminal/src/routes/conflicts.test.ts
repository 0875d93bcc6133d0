import { expect, it } from "vitest";
import { terminalApp } from "../app.ts";
import { httpHeadOffice } from "../head-office.ts";
import { CONFLICT, FakeHeadOffice, SIDES } from "../testing/fake-head-office.ts";
import { FakeTerminal } from "../testing/fake-terminal.ts";
import { QUEUE_ITEM } from "../testing/samples.ts";

const headers = { host: "localhost" };

function till() {
  const headOffice = new FakeHeadOffice();
  const terminal = new FakeTerminal();
  const app = terminalApp({ terminal, headOffice });
  const get = async (url: string) => (await app.inject({ url, headers })).json();
  const resolve = async (id: string, payload: object) => {
    const answer = await app.inject({ method: "POST", url: `/api/conflicts/${id}/resolve`, headers, payload });
    return { status: answer.statusCode, body: answer.json() };
  };
  return { headOffice, terminal, get, resolve };
}

it("hands on what head office says, and says that it is from there", async () => {
  const { headOffice, get } = till();
  expect(await get("/api/conflicts?state=open&limit=5")).toEqual({
    source: "head-office",
    conflicts: [CONFLICT],
    open: 1,
    next: null,
  });
  expect(headOffice.asked).toMatchObject([{ method: "GET", path: "/api/conflicts?state=open&limit=5" }]);
  expect(await get("/api/conflicts/17")).toEqual({ source: "head-office", ...CONFLICT, ...SIDES });
  expect(await get("/api/conflicts/999")).toMatchObject({ error: { code: "NOT_FOUND" } });
});

it("shows without a link what came down of this till's own changes, and what they say", async () => {
  const { headOffice, terminal, get } = till();
  headOffice.isThere = false;
  terminal.queue = () => ({
    items: [{ ...QUEUE_ITEM, effect: "conflict", lastError: "It was closed already." }, QUEUE_ITEM],
    next: null,
  });
  const page = await get("/api/conflicts");
  expect(page).toMatchObject({ source: "till", open: 1, next: null });
  expect(page.conflicts).toMatchObject([
    { id: QUEUE_ITEM.id, entityId: QUEUE_ITEM.entityId, state: "open", message: "It was closed already." },
  ]);
  expect(await get(`/api/conflicts/${QUEUE_ITEM.id}`)).toMatchObject({
    source: "till",
    entityId: QUEUE_ITEM.entityId,
    remoteData: null,
  });
  expect((await get("/api/conflicts?state=resolved")).conflicts).toEqual([]);
});

it("has head office decide, with who and why, and says clearly when it does not answer", async () => {
  const { headOffice, resolve } = till();
  const decision = { keep: "merge", fields: ["phone"], actor: "Amina", reason: "phoned her" };
  expect(await resolve("17", decision)).toMatchObject({
    status: 200,
    body: { resolution: "MERGED", resolvedByUserId: "Amina" },
  });
  expect(JSON.parse(headOffice.asked[0]?.body ?? "")).toEqual(decision);
  expect((await resolve("18", decision)).body).toMatchObject({ error: { code: "CONFLICT_RESOLVED" } });
  headOffice.isThere = false;
  const { status, body } = await resolve("17", decision);
  expect([status, body.error.code, body.error.retryable]).toEqual([503, "UNREACHABLE", true]);
  expect(body.error.message).toMatch(/nothing is lost/i);
});

it.each([
  [{ keep: "both", actor: "A", reason: "x" }, "keep"],
  [{ keep: "mine", reason: "x" }, "actor"],
  [{ keep: "mine", actor: "A" }, "reason"],
])("refuses %j before anybody is asked", async (decision, field) => {
  const { headOffice, resolve } = till();
  expect((await resolve("17", decision)).body).toMatchObject({ error: { code: "INVALID_INPUT", field } });
  expect(headOffice.asked).toEqual([]);
});

it("counts a wrong address, and a page of somebody else's, as no answer", async () => {
  const nobody = httpHeadOffice({ url: "http://127.0.0.1:1", key: "k" });
  await expect(nobody.ask("GET", "/api/conflicts")).rejects.toMatchObject({ code: "UNREACHABLE" });
});
