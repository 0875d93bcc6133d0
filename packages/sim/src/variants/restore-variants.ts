import type { Variant } from "./variant.ts";
import { onFailure, withSql } from "./wrap.ts";

/** Ways in which a restored centre, and a till that outlives its restore, can be wrong. */
export const RESTORE_VARIANTS: readonly Variant[] = [
  {
    name: "epoch-not-renewed",
    likelySeed: 14,
    breaks: "a centre that was restored from a backup goes on under the epochs that it had",
    caughtBy: ["I20"],
    needs: ["centreRestored"],
    renewsEpochs: false,
  },
  {
    name: "deletes-what-is-acknowledged",
    breaks: "a till deletes a change when the centre has it, backed up or not",
    caughtBy: ["I1", "I2", "I9", "I12"],
    needs: ["centreRestored"],
    driver: (driver) =>
      withSql(driver, {
        prepare: (sql) => {
          const statement = driver.prepare(sql);
          if (!sql.startsWith("UPDATE life SET durable_through")) return statement;
          const forget = driver.prepare(
            "DELETE FROM journal WHERE position < ? AND position > ? AND kind = 'order.closed'",
          );
          const run: typeof statement.run = (...params) => {
            const [through = 0, , , ordinal = 1] = params.map(Number);
            forget.run(ordinal * 2 ** 40 + through, ordinal * 2 ** 40);
            return statement.run(...params);
          };
          return { ...statement, run };
        },
      }),
  },
  {
    name: "resend-skipped",
    breaks: "a till that is told that the centre has less takes it for an answer, and sends nothing again",
    caughtBy: ["I1", "I12"],
    needs: ["centreRestored"],
    transport: (transport) =>
      onFailure(transport, async (request, error) => {
        const { code } = error as { code?: string };
        // What came back with the gap is dropped: the till waits for the next exchange, which says the same.
        if (code === "GAP" && request.feed !== "none") return new Promise<never>(() => {});
        throw error;
      }),
  },
];
