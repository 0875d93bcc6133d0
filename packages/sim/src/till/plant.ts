import { changeHash } from "../oracle/bytes.ts";
import { type Entry, hasTables, viewOf } from "../oracle/till-view.ts";
import type { Random } from "../random.ts";
import { flipped } from "./disk.ts";
import type { Machine } from "./machine.ts";

/** What the centre must make of a planted change: it cannot be read, or its changeId is known. */
export type PlantedEffect = "parked" | "conflict";

const LIFE_SPAN = 2 ** 40;

/**
 * Writes a change that this release would never write to the end of a stopped till's journal: what a newer release, since
 * taken back, or a bug may leave there. It is chained properly, so it has to be sent and stored like any other.
 */
export function plantRow(machine: Machine, random: Random): void {
  if (!hasTables(machine)) return;
  const { lives, entries } = viewOf(machine);
  const life = lives.at(-1);
  if (life === undefined) return;
  const last = entries.findLast(({ ordinal }) => ordinal === life.ordinal);
  const seq = (last?.seq ?? 0) + 1;
  const localId = `${machine.name}-p${life.ordinal}.${seq}`;
  const [body, effect] = bodyFor(random, localId, entries);
  const { terminal } = machine.options.settings;
  const hash = changeHash({
    terminal,
    incarnation: life.incarnation,
    seq,
    prevHash: last?.hash ?? "0".repeat(64),
    origin: "",
    body,
  });
  machine.disk
    .prepare(
      "INSERT INTO journal (position, hash, kind, local_id, version, business_date, body) VALUES (?, unhex(?), 'order.split', ?, 1, '2026-01-16', ?)",
    )
    .run(life.ordinal * LIFE_SPAN + seq, hash, localId, body);
  machine.planted.set(hash, effect);
  machine.options.chronicle.hit("till.planted-row", machine.name, seq, effect);
}

function bodyFor(random: Random, localId: string, entries: readonly Entry[]): [string, PlantedEffect] {
  const uuid = random.hex(32);
  const changeId = `${uuid.slice(0, 8)}-${uuid.slice(8, 12)}-7${uuid.slice(13, 16)}-8${uuid.slice(17, 20)}-${uuid.slice(20)}`;
  const rest = {
    localId,
    occurredAt: "2026-01-16T10:00:00.000Z",
    payload: { delta: "1", item: "bread", type: "count" },
    version: 1,
  };
  const body = (fields: object) =>
    JSON.stringify({ businessDate: "2026-01-16", changeId, kind: "inventory.updated", ...rest, ...fields });
  const again = entries.map((entry) => entry.said.changeId).find((known) => known !== null);
  return random.pick<[string, PlantedEffect]>([
    [body({ kind: "order.split" }), "parked"],
    [body({ kind: "order.split\0" }), "parked"],
    [body({ payload: { delta: 0.5 } }), "parked"],
    [body({ payload: { delta: "1", item: "bread", "ne\0w": 1, type: "count" } }), "parked"],
    [` ${body({})}`, "parked"],
    ["not json at all \0", "parked"],
    ["", "parked"],
    ["[".repeat(5_000), "parked"],
    [body({ occurredAt: "0000-01-01T00:00:00.000Z" }), "parked"],
    again === undefined ? [body({ kind: "x" }), "parked"] : [body({ changeId: again }), "conflict"],
  ]);
}

/** Changes a byte of a stored body: what a worn disk does, and no checksum of SQLite notices (reliability.md F7). */
export function rot(machine: Machine, random: Random): void {
  if (!hasTables(machine)) return;
  const { entries } = viewOf(machine);
  const entry = entries[random.below(entries.length)];
  if (entry?.isRetired) return;
  // What is lost on both sides comes back from nowhere.
  if (entry === undefined || machine.rottenAtCentre.has(`${entry.incarnation}/${entry.seq}`)) return;
  // Nor is a stretch judged whose closing nobody can read any more: then `verify` finds what is wrong in it, not settlement.
  if (entry.kind === "shift.closed" && machine.rottenAtCentre.size > 0) return;
  const body = random.chance(0.5) ? flipped(entry.body) : entry.body.slice(0, random.below(entry.body.length));
  if (body === entry.body) return;
  machine.disk
    .prepare("UPDATE journal SET body = ? WHERE position = ?")
    .run(body, entry.ordinal * LIFE_SPAN + entry.seq);
  machine.rotten.add(`${entry.incarnation}/${entry.seq}`);
  if (isSettled(machine, entry)) machine.rottenLate.add(`${entry.incarnation}/${entry.seq}`);
  machine.options.chronicle.hit("till.rot", machine.name, entry.seq);
}

/** The till looks at its rows of a shift once, when the judgement comes. */
function isSettled(machine: Machine, { ordinal, seq }: Entry): boolean {
  const next = machine.disk
    .prepare(
      "SELECT own IS NOT NULL AS seen FROM settlement WHERE position >= ? AND position < ? ORDER BY position LIMIT 1",
    )
    .get(ordinal * LIFE_SPAN + seq, (ordinal + 1) * LIFE_SPAN) as { seen: number } | undefined;
  return next?.seen === 1;
}
