import type { CustomerDraft, CustomerView, LookUp } from "@tillsync/engine";

type Fields = NonNullable<CustomerDraft["set"]>;

/** Customers that were made through the door, and one row of everything else. */
export function fakeLookUp(
  ask: (verb: string, input: unknown) => void,
  customers: ReadonlyMap<string, Fields>,
): LookUp {
  const view = (id: string): CustomerView | undefined => {
    const fields = customers.get(id);
    return fields && { id, fields, pending: 1, pendingTotals: {} };
  };
  const user = { scope: "organization", row: { id: "amina", name: "Amina", role: "cashier" } } as const;
  const setting = { scope: "store", row: { id: "receipt.footer", value: "Asante" } } as const;
  const when = { effectiveFrom: "2026-01-01T00:00:00.000Z" };
  const offer: ReturnType<LookUp["offers"]>[number] = {
    scope: "organization",
    row: { id: "bread-10", name: "Bread 10 % off", offerType: "percent", value: "10", itemIds: ["bread"], ...when },
  };
  const asked = <T>(verb: string, input: unknown, answer: T): T => {
    ask(verb, input);
    return answer;
  };
  return {
    customer: (id) => asked("customer", id, view(id)),
    customers: (question) =>
      asked(
        "customers",
        question,
        [...customers.keys()].flatMap((id) => view(id) ?? []),
      ),
    offers: (question) => asked("offers", question, [offer]),
    user: (id) => asked("user", id, id === user.row.id ? user : undefined),
    users: () => asked("users", {}, [user]),
    setting: (id) => asked("setting", id, id === setting.row.id ? setting : undefined),
    settings: () => asked("settings", {}, [setting]),
  };
}
