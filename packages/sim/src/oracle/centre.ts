import { documentKey, type HeadRow, headKey, type StoreTables } from "../centre/tables.ts";
import type { Chronicle } from "../chronicle.ts";
import type { Shop } from "../shop.ts";
import type { Machine } from "../till/machine.ts";
import type { PlantedEffect } from "../till/plant.ts";
import { said } from "./bytes.ts";
import type { ForeignLedger } from "./foreign-ledger.ts";
import { mayComeAfter, type Version, versionOf } from "./rule.ts";
import { isSentAgain } from "./sent-again.ts";
import { at } from "./till.ts";
import { type TillView, viewOf } from "./till-view.ts";

/** One store at the end of a run: its tills, and what the centre has of them. */
export interface StoreAtEnd {
  readonly storeId: number;
  readonly machines: readonly Machine[];
  readonly views: ReadonlyMap<Machine, TillView>;
  readonly tables: StoreTables;
  readonly foreign: ForeignLedger;
  readonly chronicle: Chronicle;
}

export function storeAtEnd(shop: Shop, storeId: number, chronicle: Chronicle): StoreAtEnd {
  const machines = shop.machinesOf(storeId);
  const views = new Map(machines.map((machine) => [machine, viewOf(machine)]));
  return { storeId, machines, views, tables: shop.database.store(storeId), foreign: shop.foreignLedger, chronicle };
}

/** I1, I8, I9, I10 and I15 of one store, after everything has come to rest. */
export function checkCentre(store: StoreAtEnd): void {
  for (const machine of store.machines) checkArrived(store, machine);
  checkNothingElse(store);
  checkEffects(store);
  checkOrderOfEntities(store);
  checkDocuments(store);
  for (const machine of store.machines) checkTillKnows(store, machine);
  checkForks(store);
}

/** I1: every change of a till is at the centre, byte for byte, where the till has it. */
function checkArrived(store: StoreAtEnd, machine: Machine): void {
  const view = store.views.get(machine);
  const { terminal } = machine.options.settings;
  for (const entry of view?.entries ?? []) {
    const head = store.tables.heads.get(headKey(terminal, entry.incarnation, entry.seq));
    const place = `${machine.name} ${at(entry)} (${entry.kind} ${entry.localId})`;
    if (head === undefined) store.chronicle.violate("I1", `${place} is not at the centre`);
    else if (head.hash !== entry.hash) store.chronicle.violate("I8", `${place} is another change at the centre`);
    else if (head.body !== entry.body && !isRotten(store, head))
      store.chronicle.violate("I1", `${place} has other bytes at the centre`);
    else if (
      head.private !== entry.private &&
      !store.machines.some(({ rottenPrivate }) => isAmong(rottenPrivate, entry))
    ) {
      store.chronicle.violate("I1", `${place} has another private part at the centre`);
    }
  }
}

function isAmong(
  places: ReadonlySet<string>,
  { incarnation, seq, origin }: Pick<HeadRow, "incarnation" | "seq" | "origin">,
) {
  return places.has(at({ incarnation, seq })) || (origin !== null && places.has(at(origin)));
}

/** I8: what came for a place that was taken is kept, and came again with its place; what is not sent again was lost at its till. */
function checkForks(store: StoreAtEnd): void {
  const { tables, machines, chronicle } = store;
  for (const [key, fork] of tables.forks) {
    // The same bytes say the same change: its changeId is in them.
    const isThere = [...tables.heads.values()].some(
      (head) => head.terminal === fork.terminal && head.body === fork.body,
    );
    const own = machines.filter(({ options }) => options.settings.terminal === fork.terminal);
    const isRollback = own.some((each) => each.suspect === "rolled back" || each.rotten.size > 0 || each.wasMisread);
    if (!isThere && !isRollback) chronicle.violate("I8", `fork ${key} was not sent again`);
  }
}

/** I1, the other way round: the centre has nothing that no till recorded, and every changeId once. */
function checkNothingElse({ tables, machines, views, foreign, chronicle }: StoreAtEnd): void {
  const recorded = new Set<string>();
  for (const machine of machines) {
    const { terminal } = machine.options.settings;
    for (const entry of views.get(machine)?.entries ?? [])
      recorded.add(`${headKey(terminal, entry.incarnation, entry.seq)} ${entry.hash}`);
    for (const told of machine.ledger.lost)
      recorded.add(`${headKey(terminal, told.incarnation, told.seq)} ${told.hash}`);
  }
  const rolledBack = new Set(
    machines.filter(({ suspect }) => suspect === "rolled back").map(({ options }) => options.settings.terminal),
  );
  const ids = new Map<string, string>();
  for (const [key, head] of tables.heads) {
    const isKnown = recorded.has(`${key} ${head.hash}`) || foreign.terminals.has(head.terminal);
    if (!isKnown && !rolledBack.has(head.terminal))
      chronicle.violate("I1", `the centre has ${key}, which no till recorded`);
    if (head.changeId === null || head.repeat) continue;
    const other = ids.get(head.changeId);
    if (other !== undefined) chronicle.violate("I1", `${key} and ${other} are the same change`);
    ids.set(head.changeId, key);
  }
  for (const life of tables.lives.values()) {
    for (let seq = 1; seq <= life.durableThrough; seq++) {
      if (tables.heads.has(headKey(life.terminal, life.incarnation, seq))) continue;
      chronicle.violate(
        "I5",
        `the centre counts ${life.terminal}/${life.incarnation} up to ${life.durableThrough} and lacks ${seq}`,
      );
      break;
    }
  }
}

/** I1 and I10: each stored change has one effect; only what cannot be applied is parked, only what follows it waits. */
function checkEffects(store: StoreAtEnd): void {
  const { chronicle, tables } = store;
  const announced = announcements(store);
  const blocked = blockedFrom(tables);
  const givenUp = decidedAgainst(tables);
  for (const [key, head] of tables.heads) {
    const effects = announced.get(key) ?? [];
    const name = `${key} (${head.kind} ${head.localId})`;
    if (effects.at(-1) !== head.effect)
      chronicle.violate("I14", `${name} is ${head.effect}; the feed says ${effects.join(", ") || "nothing"}`);
    if (effects.filter((effect) => effect === "applied").length > 1)
      chronicle.violate("I1", `${name} was applied more than once`);
    if (head.effect === "pending") chronicle.violate("I12", `${name} was never interpreted`);
    if (head.effect === "parked" && !mayPark(store, head))
      chronicle.violate("I10", `${name} is parked: ${head.message}`);
    if (head.effect === "waiting" && !blocked.entities.has(head.localId ?? ""))
      chronicle.violate("I10", `${name} waits, and nothing of its entity is parked`);
    if (head.effect === "parked" && givenUp.has(key)) chronicle.violate("I10", `${name} was given up, and is parked`);
    if (head.code === "DISCARDED" && !givenUp.has(key)) chronicle.violate("I10", `${name} was given up by nobody`);
    if (head.effect === "conflict" && head.code !== "DISCARDED" && !mayConflict(store, head))
      chronicle.violate("I10", `${name} is a conflict: ${head.message}`);
    if (head.effect !== "applied") continue;
    if (mustPark(store, head)) chronicle.violate("I10", `${name} cannot be applied, and is`);
    if (head.repeat) chronicle.violate("I1", `${name} came before under another number, and is applied again`);
    if (head.seq > (blocked.places.get(entityPlace(head)) ?? Number.POSITIVE_INFINITY))
      chronicle.violate("I9", `${name} is applied, and an earlier change of its entity is parked`);
  }
}

/** The places of all changes that somebody at their till gave up, as far as the centre has heard of it. */
function decidedAgainst({ heads }: StoreTables): Set<string> {
  const places = new Set<string>();
  for (const { body, effect, kind, terminal } of heads.values()) {
    if (kind !== "exception.discarded" || effect !== "applied") continue;
    const { payload } = JSON.parse(body) as { payload: { incarnation: string; seq: number } };
    places.add(headKey(terminal, payload.incarnation, payload.seq));
  }
  return places;
}

/** Which entities have a parked change, and from which seq on each life has to wait with them. */
function blockedFrom({ heads }: StoreTables): { entities: Set<string>; places: Map<string, number> } {
  const entities = new Set<string>();
  const places = new Map<string, number>();
  for (const head of heads.values()) {
    if (head.effect !== "parked" || head.localId === null) continue;
    entities.add(head.localId);
    const place = entityPlace(head);
    places.set(place, Math.min(places.get(place) ?? head.seq, head.seq));
  }
  return { entities, places };
}

function entityPlace({ terminal, incarnation, localId }: HeadRow): string {
  return `${terminal}/${incarnation}/${localId}`;
}

/** What the feed says of each change, in its order. I14: its numbers have no hole. */
export function announcements({ tables, chronicle }: StoreAtEnd): Map<string, string[]> {
  const announced = new Map<string, string[]>();
  for (let n = 1; n <= (tables.counter.get("counter")?.n ?? 0); n++) {
    const entry = tables.feed.get(String(n));
    if (entry === undefined) {
      chronicle.violate("I14", `feed entry ${n} is missing`);
      continue;
    }
    if (entry.settlement !== undefined) continue; // a judgement of a shift tells no effect anew
    for (let seq = entry.fromSeq; seq <= entry.toSeq; seq++) {
      const key = headKey(entry.terminal, entry.incarnation, seq);
      const effects = announced.get(key);
      if (entry.again === true) {
        // It says once more what was said, and nothing anew.
        if (effects?.at(-1) !== entry.effect)
          chronicle.violate("I14", `entry ${n} tells ${key} again as ${entry.effect}; it was ${effects?.at(-1)}`);
        chronicle.hit("centre.told-again");
      } else if (effects) effects.push(entry.effect);
      else announced.set(key, [entry.effect]);
    }
  }
  return announced;
}

function mayPark(store: StoreAtEnd, head: HeadRow): boolean {
  const { foreign, machines } = store;
  if (foreign.terminals.has(head.terminal)) return foreign.poisoned.has(head.localId ?? "");
  const own = machines.filter(({ options }) => options.settings.terminal === head.terminal);
  if (own.some((machine) => isPlanted(machine, head, "parked")) || isRotten(store, head)) return true;
  return machines.some(({ ledger }) => ledger.poisoned.has(head.localId ?? ""));
}

/** Bytes went bad on the disk of this terminal, or of a copy of it. */
function isRotten({ machines }: StoreAtEnd, head: HeadRow): boolean {
  return machines.some(({ options, rotten }) => options.settings.terminal === head.terminal && isAmong(rotten, head));
}

function mustPark({ machines }: StoreAtEnd, head: HeadRow): boolean {
  return machines.some(
    (machine) => machine.options.settings.terminal === head.terminal && isPlanted(machine, head, "parked"),
  );
}

/** Wherever it stands now. */
function isPlanted({ planted }: Machine, { hash, origin }: HeadRow, effect: PlantedEffect): boolean {
  return planted.get(hash) === effect || (origin !== null && planted.get(origin.hash) === effect);
}

/**
 * A conflict has a winner: the entity is final by another change, or the change came before under another number. Of what
 * came whole, `checkStandings` asks more.
 */
function mayConflict({ tables, machines, foreign }: StoreAtEnd, head: HeadRow): boolean {
  if (foreign.terminals.has(head.terminal)) return !head.repeat;
  // A till that was put back again before it heard that its changes had come sends them once more.
  if (head.repeat && (head.origin !== null || isSentAgain(tables, head))) return true;
  if (head.repeat) return machines.some((machine) => isPlanted(machine, head, "conflict"));
  const entity = head.kind?.slice(0, head.kind.indexOf(".")) ?? "";
  const document = tables.documents.get(documentKey(entity, head.localId ?? ""));
  const byItself =
    document?.terminal === head.terminal && document.incarnation === head.incarnation && document.seq === head.seq;
  return document !== undefined && document.state !== "open" && !byItself;
}

/** I9: each entity took the changes of one till in that till's order, none of them twice, and none that may not come after the last. */
function checkOrderOfEntities({ tables, chronicle }: StoreAtEnd): void {
  const last = new Map<string, number>();
  const standings = new Map<string, Version>();
  for (const { entity, localId, terminal, incarnation, seq } of tables.applied) {
    const line = `${entity} ${localId}`;
    const key = `${line} ${terminal}/${incarnation}`;
    const next = versionOf(tables.heads.get(headKey(terminal, incarnation, seq))?.body ?? "", terminal);
    const standing = standings.get(line);
    if (!mayComeAfter(standing, next))
      chronicle.violate(
        "I9",
        `${line} was changed by ${terminal}/${incarnation}/${seq} (${next.kind} v${next.version}) after ${standing?.kind} v${standing?.version}`,
      );
    if (seq <= (last.get(key) ?? 0))
      chronicle.violate("I9", `${line} took ${seq} of ${terminal} after ${last.get(key)}`);
    last.set(key, seq);
    standings.set(line, next);
  }
}

/** Each document is what its last applied change says, and an open order is the union of its applied events. */
function checkDocuments({ tables, chronicle }: StoreAtEnd): void {
  const events = new Set([...tables.events.values()].map(({ localId, eventId }) => `${localId} ${eventId}`));
  for (const [key, head] of tables.heads) {
    if (head.effect !== "applied") continue;
    const what = said(head.body);
    const entity = what.kind?.slice(0, what.kind.indexOf(".")) ?? "";
    if (!tables.documents.has(documentKey(entity, what.localId ?? "")))
      chronicle.violate("I1", `${key} is applied and has left no document`);
    for (const eventId of what.eventIds)
      if (
        !events.delete(`${what.localId} ${eventId}~${head.incarnation}`) &&
        !events.delete(`${what.localId} ${eventId}`)
      )
        chronicle.violate("I9", `event ${eventId} of ${what.localId} is not in the order`);
  }
  for (const event of events) chronicle.violate("I9", `the centre has event ${event}, which no applied change brought`);
  for (const [key, document] of tables.documents) {
    const head = tables.heads.get(headKey(document.terminal, document.incarnation, document.seq));
    const what = said(head?.body ?? "");
    if (head?.effect !== "applied")
      chronicle.violate(
        "I9",
        `document ${key} comes from ${document.terminal}/${document.seq}, which is ${head?.effect ?? "not there"}`,
      );
    else if (what.amountMinor !== document.totalMinor)
      chronicle.violate("I21", `document ${key} says ${document.totalMinor}, its change ${what.amountMinor}`);
  }
}

/** I15: what the till shows of its exceptions is what the centre made of its changes: no feed entry was missed. */
function checkTillKnows({ tables, views, chronicle }: StoreAtEnd, machine: Machine): void {
  const view = views.get(machine);
  if (view === undefined) return;
  const { terminal } = machine.options.settings;
  for (const entry of view.entries) {
    const head = tables.heads.get(headKey(terminal, entry.incarnation, entry.seq));
    const known = view.exceptions.get(at(entry)) ?? "applied";
    if (head?.repeat && head.origin !== null && known === "applied") continue; // it counts, where it came first
    if (head && known !== head.effect)
      chronicle.violate("I15", `${machine.name} thinks ${at(entry)} is ${known}; it is ${head.effect}`);
  }
}
