import type { BackupView, TillBackups } from "../../routes/backups.ts";
import type { TillReset } from "../../routes/reset.ts";

const BACKUP: BackupView = {
  name: "T01-20260116T080000Z.till.age",
  file: "/var/lib/till/backups/T01-20260116T080000Z.till.age",
  bytes: 48_213,
  sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  takenAt: "2026-01-16T08:00:00.000Z",
  wholeAt: null,
};
const NOTHING = { changes: 0, sales: 0, openShifts: 0, unsettledShifts: 0, openOrders: 0 };

/** What the process of a till brings to its door, for the examples: it holds something when asked twice, then nothing. */
export function exampleKeeping(): { readonly backups: TillBackups; readonly reset: TillReset } {
  let asked = 0;
  return {
    backups: { destination: "centre", list: () => [BACKUP], take: async () => BACKUP },
    reset: {
      shortId: "T01",
      unsettled: () => (++asked <= 2 ? { ...NOTHING, changes: 7, sales: 5, openShifts: 1 } : NOTHING),
      reset: () => {},
    },
  };
}
