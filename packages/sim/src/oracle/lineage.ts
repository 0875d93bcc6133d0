import { headKey } from "../centre/tables.ts";
import type { Chronicle } from "../chronicle.ts";
import type { Shop } from "../shop.ts";
import type { Machine } from "../till/machine.ts";
import { placesOf } from "./till.ts";
import { type TillView, viewOf } from "./till-view.ts";

/**
 * I17 to I19 of tills whose databases were copied, put back or lost: no two go on in one life, what a till lost has come
 * back as the centre has it, and a receipt number was given twice only where nothing could tell.
 */
export function checkLineage(shop: Shop, chronicle: Chronicle): void {
  for (const storeId of shop.storeIds) {
    const machines = shop.machinesOf(storeId);
    const views = new Map(machines.map((machine) => [machine, viewOf(machine)]));
    checkWriters(machines, views, chronicle);
    for (const [machine, view] of views) checkReturned(shop, machine, view, chronicle);
    checkNumbers(machines, views, chronicle);
  }
}

/** I19: two copies that the centre has heard of have lives of their own. */
function checkWriters(machines: readonly Machine[], views: ReadonlyMap<Machine, TillView>, chronicle: Chronicle): void {
  const writers = new Map<string, { name: string; head: string }>();
  for (const machine of machines) {
    const view = views.get(machine);
    const life = view?.lives.at(-1);
    if (view === undefined || life === undefined) continue;
    const key = `${machine.options.settings.terminal}/${life.incarnation}`;
    const head = view.entries.findLast(({ incarnation }) => incarnation === life.incarnation)?.hash ?? "";
    const other = writers.get(key);
    // Copies that were never used apart are one till to everybody.
    if (other !== undefined && other.head !== head)
      chronicle.violate("I19", `${machine.name} and ${other.name} both go on in ${key}`);
    writers.set(key, { name: machine.name, head });
  }
}

/** What the centre has of a life that ended on this till is on the till again, from the first row to where it was to come back to. */
function checkReturned(shop: Shop, machine: Machine, { lives, entries }: TillView, chronicle: Chronicle): void {
  const { settings, caller } = machine.options;
  const { heads } = shop.database.store(caller.scope.storeId);
  for (const life of lives.slice(0, -1)) {
    const own = new Map(
      entries.filter((each) => each.incarnation === life.incarnation).map((each) => [each.seq, each]),
    );
    const last = Math.max(0, ...own.keys());
    if (own.size !== last) chronicle.violate("I20", `${machine.name} has holes in ${life.incarnation}`);
    if (last < life.returnsTo)
      chronicle.violate("I20", `${machine.name} has ${life.incarnation} up to ${last} of ${life.returnsTo}`);
    for (const [seq, entry] of own) {
      const head = heads.get(headKey(settings.terminal, life.incarnation, seq));
      if (head?.hash !== entry.hash)
        chronicle.violate("I20", `${machine.name} has another ${life.incarnation}/${seq} than the centre`);
    }
  }
}

/** I17: given twice only by copies, or by a till without a witness, and then one of the two was printed before it had asked. */
function checkNumbers(machines: readonly Machine[], views: ReadonlyMap<Machine, TillView>, chronicle: Chronicle): void {
  const given = new Map<string, { what: string; mayRepeat: boolean; isEarly: boolean }>();
  for (const machine of machines) {
    const present = views.get(machine)?.lives.at(-1)?.ordinal;
    const places = new Map(
      (views.get(machine)?.entries ?? []).flatMap((entry) => placesOf(entry).map((p) => [p, entry])),
    );
    for (const told of [...machine.ledger.told, ...machine.ledger.lost]) {
      if (told.receiptNumber === null) continue;
      const entry = places.get(`${told.incarnation}/${told.seq} ${told.hash}`);
      const isEarly = entry === undefined || entry.origin !== null || entry.ordinal !== present;
      const key = `${machine.options.caller.scope.storeId} ${told.receiptNumber}`;
      const one = { what: `${told.incarnation}/${told.seq} ${told.hash}`, mayRepeat: machine.mayRepeat, isEarly };
      const other = given.get(key);
      if (other !== undefined && other.what !== one.what) {
        const couldNobodyTell = one.mayRepeat || other.mayRepeat;
        if (!couldNobodyTell) chronicle.violate("I17", `${machine.name} gave ${told.receiptNumber} again`);
        else if (!one.isEarly && !other.isEarly)
          chronicle.violate("I17", `${told.receiptNumber} was given again after its till had asked`);
      }
      given.set(key, one);
    }
  }
}
