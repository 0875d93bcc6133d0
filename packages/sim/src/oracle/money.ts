import { headKey } from "../centre/tables.ts";
import { said } from "./bytes.ts";
import type { StoreAtEnd } from "./centre.ts";

/**
 * I21: to the minor unit, per currency and till: what the cashiers' documents come to in the journals is what the centre's
 * documents come to, with the stored changes that are not applied added from their bytes.
 *
 * Tills whose database was copied or put back are left out: they may hold sales that wait for a person.
 */
export function checkMoney({ machines, views, tables, chronicle }: StoreAtEnd): void {
  for (const machine of machines) {
    const { terminal } = machine.options.settings;
    if (machine.suspect) {
      checkOnce({ machines, views, tables, chronicle }, terminal);
      continue;
    }
    const atTill = new Map<string, number>();
    for (const entry of views.get(machine)?.entries ?? [])
      if (!machine.rotten.has(`${entry.incarnation}/${entry.seq}`)) add(atTill, entry.body);
    const atCentre = new Map<string, number>();
    for (const document of tables.documents.values()) {
      const isReadable = !machine.rotten.has(`${document.incarnation}/${document.seq}`);
      if (document.terminal === terminal && isReadable) addMinor(atCentre, document.currency, document.totalMinor);
    }
    for (const head of tables.heads.values()) {
      const rotten = machine.rotten.has(`${head.incarnation}/${head.seq}`);
      if (head.terminal === terminal && head.effect !== "applied" && !rotten) add(atCentre, head.body);
    }
    for (const currency of new Set([...atTill.keys(), ...atCentre.keys()])) {
      const till = atTill.get(currency) ?? 0;
      const centre = atCentre.get(currency) ?? 0;
      if (till !== centre)
        chronicle.violate("I21", `${machine.name}: ${till} ${currency} at the till, ${centre} at the centre`);
    }
    for (const told of machine.ledger.told) {
      const head = tables.heads.get(headKey(terminal, told.incarnation, told.seq));
      const there = head && said(head.body).amountMinor;
      if (told.amountMinor !== null && head?.damaged === false && there !== told.amountMinor) {
        chronicle.violate(
          "I21",
          `${machine.name}: ${told.localId} was sold for ${told.amountMinor}, the centre has ${there}`,
        );
      }
    }
  }
}

/**
 * Of a till that was copied or put back: every change that any of its databases or the centre has counts once, whichever
 * lives it came in.
 */
function checkOnce(store: Pick<StoreAtEnd, "machines" | "views" | "tables" | "chronicle">, terminal: string): void {
  const { machines, views, tables, chronicle } = store;
  const own = machines.filter(({ options }) => options.settings.terminal === terminal);
  if (own.some(({ rotten }) => rotten.size > 0)) return;
  const changes = new Map<string, string>();
  const note = (body: string) => changes.set(/"changeId":"([^"]*)"/.exec(body)?.[1] ?? body, body);
  for (const machine of own) for (const { body } of views.get(machine)?.entries ?? []) note(body);
  for (const head of tables.heads.values()) if (head.terminal === terminal && !head.damaged) note(head.body);
  const wanted = new Map<string, number>();
  for (const body of changes.values()) add(wanted, body);
  const counted = new Map<string, number>();
  for (const document of tables.documents.values())
    if (document.terminal === terminal) addMinor(counted, document.currency, document.totalMinor);
  for (const head of tables.heads.values())
    if (head.terminal === terminal && head.effect !== "applied" && !head.repeat) add(counted, head.body);
  for (const currency of new Set([...wanted.keys(), ...counted.keys()])) {
    const [sold = 0, centre = 0] = [wanted.get(currency), counted.get(currency)];
    if (sold !== centre)
      chronicle.violate("I21", `${terminal}: ${sold} ${currency} were sold on all its databases, ${centre} count`);
  }
}

function add(sums: Map<string, number>, body: string): void {
  const { amountMinor, currency } = said(body);
  addMinor(sums, currency, amountMinor);
}

function addMinor(sums: Map<string, number>, currency: string | null, amountMinor: number | null): void {
  if (currency === null || amountMinor === null) return;
  sums.set(currency, (sums.get(currency) ?? 0) + amountMinor);
}
