import type { LineEvent } from "@tillsync/protocol";
import type { EventRow } from "../centre/tables.ts";
import type { Chronicle } from "../chronicle.ts";
import type { Shop } from "../shop.ts";
import type { Machine } from "../till/machine.ts";

/** What terminals are told of others. */
const TOLD =
  /^(order\.(edited|closed|voided|deleted|submitted|withdrawn)|transaction\.(recorded|submitted|withdrawn))$/;

/**
 * I13: at rest every till has what others of its store did, byte for byte, and shows each order as the centre has it.
 * Reads the till's database past the product, and then asks the product. What went bad and was healed is no exception: it
 * is told again (decision 0025).
 */
export function checkOthers(shop: Shop, storeId: number, chronicle: Chronicle): void {
  const tables = shop.database.store(storeId);
  const unsettled = new Set(
    [...tables.heads.values()]
      .filter(({ effect, damaged }) => !["applied", "conflict"].includes(effect) || damaged)
      .map(({ localId }) => localId),
  );
  const events = Map.groupBy(tables.events.values(), ({ localId }) => localId);
  for (const machine of shop.machinesOf(storeId)) {
    const { terminal } = machine;
    if (terminal === null) continue;
    checkCopies(machine, shop, chronicle);
    const violate = (what: string) => chronicle.violate("I13", `${machine.name}: ${what}`);
    const listed = new Set(terminal.openOrders().map(({ localId }) => localId));
    for (const { entity, localId, state, totalMinor, receiptNumber } of tables.documents.values()) {
      if (entity !== "order" || unsettled.has(localId)) continue;
      const order = orderOf(machine, localId);
      if (order === "unreadable") continue;
      if (order?.state !== state) violate(`${localId} is ${state} at the centre, here ${order?.state ?? "not known"}`);
      else if (listed.has(localId) !== (state === "open")) violate(`${localId} is ${state}, and the list is wrong`);
      else if (state === "open") {
        const lines = linesOf(events.get(localId) ?? []).join(" ");
        const here = order.lines.map(({ id }) => id).sort();
        if (lines !== here.join(" ")) violate(`${localId} has lines ${here.join(" ")} here, at the centre ${lines}`);
      } else if (
        state === "closed" &&
        (order.totalMinor !== (totalMinor ?? 0) || order.receiptNumber !== receiptNumber)
      )
        violate(`${localId} is another sale here (${order.receiptNumber}) than at the centre (${receiptNumber})`);
    }
  }
}

/** A row that the disk damaged is found elsewhere; it can show nothing. */
function orderOf(machine: Machine, localId: string) {
  try {
    return machine.terminal?.order(localId);
  } catch {
    return "unreadable";
  }
}

function linesOf(rows: readonly EventRow[]): string[] {
  const events = rows.map(({ event }) => JSON.parse(event) as LineEvent);
  const gone = new Set(events.flatMap((event) => (event.type === "void" ? [event.line] : [])));
  const lines = events.flatMap((event) => (event.type === "add" && !gone.has(event.line.id) ? [event.line.id] : []));
  return [...new Set(lines)].sort();
}

interface Copy {
  readonly place: string;
  readonly body: string;
  readonly effect: string;
}

/** Every change that stands or lost to another version, of every life that is not in the till's own journal. */
function checkCopies(machine: Machine, shop: Shop, chronicle: Chronicle): void {
  const { storeId } = machine.options.caller.scope;
  const tables = shop.database.store(storeId);
  const poisoned = new Set(shop.machinesOf(storeId).flatMap(({ planted }) => [...planted.keys()]));
  const own = new Set(
    (machine.disk.prepare("SELECT incarnation FROM life").all() as { incarnation: string }[]).map(
      ({ incarnation }) => `${machine.options.settings.terminal}/${incarnation}`,
    ),
  );
  const rows = machine.disk
    .prepare(
      `SELECT l.terminal || '/' || l.incarnation || '/' || (o.position & 1099511627775) AS place, o.body, o.effect
       FROM other_change o JOIN other_life l ON l.ordinal = o.position >> 40 JOIN others s ON o.generation <= s.generation`,
    )
    .all() as Copy[];
  const copies = new Map(rows.map((row) => [row.place, row]));
  for (const { terminal, incarnation, seq, kind, effect, code, hash, body, damaged } of tables.heads.values()) {
    if (own.has(`${terminal}/${incarnation}`) || damaged || !TOLD.test(kind ?? "")) continue;
    if (effect !== "applied" && effect !== "conflict") continue;
    // What nobody can read, a person gave up; no till keeps it.
    if (code === "DISCARDED" && poisoned.has(hash)) continue;
    const copy = copies.get(`${terminal}/${incarnation}/${seq}`);
    if (copy?.body === body && copy.effect === effect) continue;
    const what = copy === undefined ? "was not told here" : copy.body === body ? `is ${copy.effect} here` : "differs";
    chronicle.violate("I13", `${machine.name}: ${effect} ${kind} ${terminal}/${incarnation}/${seq} ${what}`);
  }
}
