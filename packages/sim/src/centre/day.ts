import { SyncError } from "@tillsync/protocol";
import type { StoreTables } from "./tables.ts";

/** A closed day of a store, as far as the simulation has it: what its settled shifts come to. */
export interface SimulatedDay {
  readonly businessDate: string;
  readonly shifts: readonly { readonly shift: string | null; readonly totals: readonly Amount[] }[];
  readonly totals: readonly Amount[];
  readonly exceptions: number;
}

interface Amount {
  readonly currency: string;
  readonly tender: string;
  readonly amountMinor: number;
}

/**
 * The Z report by the rule of `server/src/day`, which has no port and speaks SQL: a day is closed once each of its shifts
 * is settled, with the sums that the centre made of their bytes.
 *
 * @throws SyncError DAY_NOT_SETTLED naming the shifts
 */
export function closeDay({ documents, settlements }: StoreTables, businessDate: string): SimulatedDay {
  const settled = [...settlements.values()]
    .filter((row) => row.businessDate === businessDate && row.judgement.state !== "different")
    .sort((one, other) => one.terminal.localeCompare(other.terminal) || one.seq - other.seq);
  const done = new Set(settled.map(({ localId }) => localId));
  const missing = [...documents.values()]
    .filter((document) => document.entity === "shift" && document.businessDate === businessDate)
    .filter(({ localId }) => !done.has(localId));
  if (missing.length > 0) {
    const shifts = missing.map(({ localId }) => localId);
    throw new SyncError("DAY_NOT_SETTLED", `${businessDate} cannot be closed. Shifts: ${shifts.join(", ")}.`, {
      shifts,
    });
  }
  return {
    businessDate,
    shifts: settled.map(({ localId, judgement }) => ({ shift: localId, totals: judgement.totals })),
    totals: summed(settled.flatMap(({ judgement }) => judgement.totals)),
    exceptions: settled.reduce((sum, { judgement }) => sum + judgement.exceptionCount, 0),
  };
}

function summed(amounts: readonly Amount[]): Amount[] {
  const sums = new Map<string, Amount>();
  for (const amount of amounts) {
    const key = `${amount.currency} ${amount.tender}`;
    sums.set(key, { ...amount, amountMinor: amount.amountMinor + (sums.get(key)?.amountMinor ?? 0) });
  }
  return [...sums.values()];
}
