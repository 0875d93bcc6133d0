import { type CustomerEdited, canonicalText } from "@tillsync/protocol";
import { expect, it } from "vitest";
import { refusalOf } from "../testing/refusal.ts";
import { openTill, type Till } from "../testing/till.ts";

const HOUR_MS = 3_600_000;

/** What head office's module says of a customer, as a pull brings it. */
function copy(till: Till, id: string, fields: object | null): void {
  till.tamper(
    "INSERT INTO module_copy (module, scope, base, n) VALUES ('customers', 'organization', 1, 1) ON CONFLICT DO NOTHING",
  );
  till.tamper(
    "INSERT INTO module_row (generation, id, row) VALUES (1, ?, ?) ON CONFLICT (generation, id) DO UPDATE SET row = excluded.row",
    id,
    canonicalText({ id, ...fields }),
  );
}

function changes(till: Till): { payload: CustomerEdited; private: { set: unknown; base: unknown } }[] {
  const rows = till.store.read.all<{ body: string; private: string }>(
    "SELECT body, private FROM journal WHERE kind = 'customer.edited' ORDER BY position",
  );
  return rows.map(({ body, private: secret }) => {
    const { fields } = JSON.parse(secret) as { fields: { set: string; base: string } };
    return {
      payload: JSON.parse(body).payload,
      private: { set: JSON.parse(fields.set), base: JSON.parse(fields.base) },
    };
  });
}

/** Nothing is sent until somebody asks: the till is by itself. */
const offline = () => openTill();

it("makes a customer offline, under the caller's id, and shows it at once; what it says is in the private part only", async () => {
  const till = await offline();
  const made = till.terminal.editCustomer({ id: "c-1", set: { name: "Wanjiku", phone: "0712" }, operator: "Amina" });
  expect(made).toMatchObject({ kind: "customer.edited", localId: "c-1", version: 1, duplicate: false });
  expect(till.terminal.lookUp.customer("c-1")).toMatchObject({
    id: "c-1",
    fields: { name: "Wanjiku", phone: "0712" },
    pending: 1,
  });
  expect(changes(till)).toMatchObject([
    {
      payload: { exists: true, fields: ["name", "phone"], operator: "Amina" },
      private: { set: { name: "Wanjiku", phone: "0712" }, base: {} },
    },
  ]);
  const [row] = till.store.read.all<{ body: string }>("SELECT body FROM journal WHERE kind = 'customer.edited'");
  expect(row?.body).not.toMatch(/Wanjiku|0712/);
});

it("writes the fields that change, and what was seen in them", async () => {
  const till = await offline();
  copy(till, "c-1", { name: "Ann", phone: "1", email: "a@x" });
  till.terminal.editCustomer({ id: "c-1", set: { name: "Ann", phone: "2", email: null, address: "Moi Avenue" } });
  expect(changes(till)).toMatchObject([
    { private: { set: { phone: "2", email: null, address: "Moi Avenue" }, base: { phone: "1", email: "a@x" } } },
  ]);
  expect(changes(till)[0]?.payload).not.toHaveProperty("exists");
  expect(till.terminal.lookUp.customer("c-1")?.fields).toEqual({ name: "Ann", phone: "2", address: "Moi Avenue" });
});

it("is a repeat when it says what stands by the last edit, or has its editId; else a repeat with other content is refused", async () => {
  const till = await offline();
  const first = till.terminal.editCustomer({ id: "c-1", set: { name: "Ann" } });
  expect(till.terminal.editCustomer({ id: "c-1", set: { name: "Ann" } })).toEqual({ ...first, duplicate: true });
  const points = { id: "c-1", add: { points: 10 }, editId: "sale-7" };
  expect(till.terminal.editCustomer(points).duplicate).toBe(false);
  expect(till.terminal.editCustomer(points).duplicate).toBe(true);
  expect(till.terminal.lookUp.customer("c-1")).toMatchObject({ pendingTotals: { points: 10 } });
  expect(refusalOf(() => till.terminal.editCustomer({ ...points, add: { points: 11 } })).code).toBe("LOCAL_ID_TAKEN");
});

it("deletes, keeps it deleted, and makes it again", async () => {
  const till = await offline();
  copy(till, "c-1", { name: "Ann", phone: "1" });
  till.terminal.editCustomer({ id: "c-1", deleted: true, reason: "asked for it" });
  expect(till.terminal.lookUp.customer("c-1")).toBeUndefined();
  expect(changes(till)).toMatchObject([{ payload: { exists: false }, private: { base: { name: "Ann", phone: "1" } } }]);
  expect(till.terminal.editCustomer({ id: "c-1", deleted: true }).duplicate).toBe(true);
  till.terminal.editCustomer({ id: "c-1", set: { name: "Anna" } });
  expect(changes(till)[1]?.payload).toMatchObject({ exists: true });
  expect(till.terminal.lookUp.customer("c-1")?.fields).toMatchObject({ name: "Anna" });
});

it.each([
  [{ id: "c 1", set: { name: "x" } }, "INVALID_INPUT", "id"],
  [{ id: "c-1", set: { phone: "1" } }, "INVALID_INPUT", "name"],
  [{ id: "c-1", set: { name: "x", shoeSize: 41 } }, "INVALID_INPUT", undefined],
  [{ id: "c-1", set: {} }, "INVALID_INPUT", "set"],
  [{ id: "c-1", add: { points: 1 } }, "INVALID_INPUT", "editId"],
  [{ id: "c-1", deleted: true as const }, "NOT_FOUND", "id"],
])("refuses %j", async (draft, code, field) => {
  const till = await offline();
  const refusal = refusalOf(() => till.terminal.editCustomer(draft));
  expect(refusal.code).toBe(code);
  if (field !== undefined) expect(refusal.details.field).toBe(field);
  expect(changes(till)).toEqual([]);
});

it("tells how far the centre's clock was ahead when it answered last, and keeps its own edits in order when its clock goes back", async () => {
  const till = await openTill();
  const measured = till.store.read.get<{ offset: number }>("SELECT offset_ms AS offset FROM centre_clock")?.offset;
  till.terminal.editCustomer({ id: "c-1", set: { name: "Ann" } });
  till.terminal.editCustomer({
    id: "c-1",
    set: { name: "Bea" },
    occurredAt: new Date(till.clock.wallMs() - 24 * HOUR_MS).toISOString(),
  });
  const [first, second] = changes(till);
  expect(first?.payload.clockOffsetMs).toBe(measured);
  expect((second?.payload.clockOffsetMs ?? 0) - (measured ?? 0)).toBe(24 * HOUR_MS + 1);
});

it("shows its own edit until its copy has what the centre made of it, whatever stands then", async () => {
  const till = await openTill();
  copy(till, "c-1", { name: "Ann", phone: "1" });
  till.terminal.editCustomer({ id: "c-1", set: { phone: "2" } });
  // Somebody else's edit comes down before this one went up.
  copy(till, "c-1", { name: "Ann", phone: "3" });
  expect(till.terminal.lookUp.customer("c-1")).toMatchObject({ fields: { phone: "2" }, pending: 1 });
  await till.terminal.syncNow();
  expect(till.terminal.lookUp.customer("c-1")).toMatchObject({ fields: { phone: "2" }, pending: 1 });
  copy(till, "c-1", { name: "Ann", phone: "4" });
  expect(till.terminal.lookUp.customer("c-1")).toEqual({
    id: "c-1",
    fields: { name: "Ann", phone: "4" },
    pending: 0,
    pendingTotals: {},
  });
});

it("shows a customer without an edit that the disk damaged, and refuses to guess at it", async () => {
  const till = await offline();
  copy(till, "c-1", { name: "Ann" });
  till.terminal.editCustomer({ id: "c-1", set: { phone: "1" } });
  till.terminal.editCustomer({ id: "c-1", set: { email: "a@x" } });
  till.tamper("UPDATE journal SET body = substr(body, 1, 40) WHERE kind = 'customer.edited' AND version = 1");
  expect(till.terminal.lookUp.customer("c-1")).toMatchObject({ fields: { name: "Ann", email: "a@x" }, pending: 2 });
  const named = { id: "c-1", add: { points: 1 }, editId: "sale-7" };
  expect(refusalOf(() => till.terminal.editCustomer(named)).code).toBe("BODY_DAMAGED");
});

it("goes to the centre in the order of the journal, with its private part", async () => {
  const till = await openTill();
  till.terminal.editCustomer({ id: "c-1", set: { name: "Ann" } });
  await till.terminal.syncNow();
  const sent = till.centre.requests
    .flatMap(({ changes: wires }) => wires)
    .filter(({ body }) => body.includes("customer.edited"));
  expect(sent).toMatchObject([{ private: expect.stringContaining("Ann") }]);
});
