import type { CustomerDraft } from "@tillsync/engine";
import type { Random } from "../random.ts";
import type { Machine } from "../till/machine.ts";
import type { Deed } from "./deed.ts";

/** Few, so that tills meet in them. */
const CUSTOMERS = ["c-1", "c-2", "c-3", "c-4"];

/** A customer of the organization is made, edited or deleted at this till, with what is known of them here. */
export function customerDeed(machine: Machine, random: Random, editId: string): Deed | null {
  const id = random.pick(CUSTOMERS);
  const known = customerAt(machine, id);
  if (known === undefined && random.chance(0.2)) return null;
  if (known !== undefined && random.chance(0.08)) return deed({ id, deleted: true, reason: "asked for it" });
  const name = known === undefined || random.chance(0.2) ? { name: `Name ${random.below(1000)}` } : {};
  const phone = random.chance(0.6) ? { phone: `07${random.below(100)}` } : {};
  const email = random.chance(0.3) ? { email: random.chance(0.3) ? null : `a${random.below(100)}@example.com` } : {};
  const address = random.chance(0.3) ? { address: `Moi Avenue ${random.below(100)}` } : {};
  const add = random.chance(0.4) ? { add: { points: random.between(-20, 50) } } : {};
  const set = { ...name, ...phone, ...email, ...address };
  if (Object.keys(set).length === 0 && add.add === undefined) return null;
  return deed({ id, set, ...add, editId });
}

/** A deletion that is asked for again may find that the customer was never known, since the till was put back. */
function deed(draft: CustomerDraft): Deed {
  const wish = { kind: "customer.edited", localId: draft.id, amountMinor: null, currency: null, intent: 0 } as const;
  return { wishes: [wish], act: (tx) => [tx.editCustomer(draft)], expected: ["NOT_FOUND", "INVALID_INPUT"] };
}

function customerAt(machine: Machine, id: string) {
  try {
    return machine.terminal?.lookUp.customer(id);
  } catch (error) {
    machine.options.chronicle.violate("refusal", `${machine.name}: looking at ${id} gives ${String(error)}`);
    return undefined;
  }
}
