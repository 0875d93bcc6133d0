import type { Random } from "../random.ts";
import type { Machine } from "../till/machine.ts";
import { attempt } from "./attempt.ts";

/** Rows are in journal order: `position = ordinal * 2^40 + seq`, as the migration says. */
const LIFE_SPAN = 2 ** 40;

/** Somebody at the till looks at what head office could not apply, and has it tried again or gives it up. */
export function decide(machine: Machine, random: Random): void {
  const { chronicle } = machine.options;
  const outcome = attempt(
    machine,
    (tx) => {
      const parked = tx.sql.all<{ position: number; incarnation: string }>(
        `SELECT e.position, l.incarnation FROM exception e JOIN life l ON l.ordinal = e.position / ${LIFE_SPAN}
         WHERE e.effect = 'parked' ORDER BY e.position`,
      );
      if (parked.length === 0) return [];
      const { position, incarnation } = random.pick(parked);
      const place = { incarnation, seq: position % LIFE_SPAN };
      if (random.chance(0.5)) return [tx.retryParked({ ...place, operator: "Amina" })];
      return [tx.discardParked({ ...place, operator: "Amina", reason: "nobody needs it" })];
    },
    // What was given up is still parked until head office has heard of it.
    ["NOT_PARKED"],
  );
  if (outcome.kind !== "told" || outcome.recorded.length === 0) return;
  for (const { kind, seq } of outcome.recorded) chronicle.hit(`till.${kind}`, machine.name, seq);
}
