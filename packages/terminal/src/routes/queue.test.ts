import { SyncError } from "@tillsync/protocol";
import type { FastifyInstance } from "fastify";
import { beforeEach, describe, expect, it } from "vitest";
import { terminalApp } from "../app.ts";
import { FakeTerminal } from "../testing/fake-terminal.ts";
import { HISTORY_ENTRY, QUEUE_ITEM } from "../testing/samples.ts";

let terminal: FakeTerminal;
let app: FastifyInstance;

beforeEach(() => {
  terminal = new FakeTerminal();
  app = terminalApp({ terminal });
});

describe("/api/queue", () => {
  it("hands its filter to the terminal, numbers as numbers, and answers the page", async () => {
    const query = "type=CentralSync&status=Pending&limit=20&after=central-00000000000000aa-1";
    const response = await app.inject(`/api/queue?${query}`);
    expect(response.json()).toEqual({ items: [QUEUE_ITEM], next: null });
    const filter = { type: "CentralSync", status: "Pending", limit: 20, after: "central-00000000000000aa-1" };
    expect(terminal.asked.at(-1)).toEqual({ verb: "queue", input: filter });
  });

  it("takes every type there will be", async () => {
    for (const type of ["CentralSync", "EtimsInvoice", "MpesaVerify", "CloudBackup"]) {
      expect((await app.inject(`/api/queue?type=${type}`)).statusCode, type).toBe(200);
    }
  });

  it.each([
    ["type=Sms", "type", '"CentralSync" or "EtimsInvoice" or "MpesaVerify" or "CloudBackup"'],
    ["status=pending", "status", '"Pending" or "Processing" or "Completed" or "Failed"'],
    ["limit=0", "limit", "a whole number from 1 to 500"],
    ["limit=501", "limit", "a whole number from 1 to 500"],
    ["limit=2x", "limit", "a whole number from 1 to 500"],
    ["limit=1&limit=2", "limit", "text"],
    ["after=17", "after", "an id of the queue, such as central-00000000000000aa-17"],
    ["page=2", "page", "one of type, status, limit, after"],
  ])("refuses ?%s with the field and what belongs there", async (query, field, expected) => {
    const response = await app.inject(`/api/queue?${query}`);
    expect(response.statusCode).toBe(400);
    expect(response.json().error).toMatchObject({ code: "INVALID_INPUT", field, expected });
  });
});

describe("/api/sync/history", () => {
  it("answers the attempts, page by page", async () => {
    const response = await app.inject("/api/sync/history?limit=3&before=9");
    expect(response.json()).toEqual({ attempts: [HISTORY_ENTRY], next: null });
    expect(terminal.asked.at(-1)).toEqual({ verb: "history", input: { limit: 3, before: "9" } });
  });

  it.each(["limit=501", "limit=-1", "before=x", "before=0", "before=1e9", "since=1"])("refuses ?%s", async (query) => {
    const response = await app.inject(`/api/sync/history?${query}`);
    expect(response.statusCode).toBe(400);
    expect(response.json().error.code).toBe("INVALID_INPUT");
  });
});

describe("what a person decides about a parked change", () => {
  const decide = (how: string, id: string, payload: object) =>
    app.inject({ method: "POST", url: `/api/queue/${id}/${how}`, headers: { host: "localhost" }, payload });
  const id = "central-00000000000000aa-7";
  const place = { incarnation: "00000000000000aa", seq: 7 };

  it("goes to the terminal with the place of the change, and says whether it was new", async () => {
    const retried = await decide("retry", id, {});
    expect([retried.statusCode, retried.json().kind]).toEqual([201, "exception.retried"]);
    expect(terminal.asked.at(-1)).toEqual({ verb: "retryParked", input: { ...place, operator: undefined } });
    const words = { operator: "Amina", reason: "entered twice" };
    const discarded = await decide("discard", id, words);
    expect([discarded.statusCode, discarded.json().kind]).toEqual([201, "exception.discarded"]);
    expect(terminal.asked.at(-1)).toEqual({ verb: "discardParked", input: { ...place, ...words } });
  });

  it("is refused without an id of the queue, or without who and why", async () => {
    expect((await decide("retry", "17", {})).json().error).toMatchObject({ code: "INVALID_INPUT", field: "id" });
    expect((await decide("retry", id, { why: "so" })).json().error).toMatchObject({ field: "why" });
    expect((await decide("discard", id, { reason: "so" })).json().error).toMatchObject({ field: "operator" });
    expect((await decide("discard", id, { operator: "A", reason: "" })).json().error).toMatchObject({
      field: "reason",
    });
  });

  it("comes back as the terminal's refusal when the change is not parked", async () => {
    terminal.failure = new SyncError("NOT_PARKED", "It is not parked.");
    expect((await decide("retry", id, {})).statusCode).toBe(409);
  });
});
