import type { Variant } from "./variant.ts";
import { withSql } from "./wrap.ts";

/** Ways in which a till can give up what somebody still needs. */
export const RETIREMENT_VARIANTS: readonly Variant[] = [
  {
    name: "retires-what-is-acknowledged",
    breaks: "a till retires a change when the centre has it, backed up or not",
    caughtBy: ["I1", "I9", "I12", "I13"],
    needs: ["centreRestored"],
    driver: (driver) =>
      withSql(driver, {
        prepare: (sql) => {
          const statement = driver.prepare(sql);
          if (!sql.startsWith("UPDATE life SET durable_through = ?, durable_hash = unhex(?), backed_up_through"))
            return statement;
          const run: typeof statement.run = (through, hash, _backedUp, ...rest) =>
            statement.run(through, hash, through, ...rest);
          return { ...statement, run };
        },
      }),
  },
  {
    name: "retires-what-is-not-settled",
    breaks: "a till retires changes of a shift that the centre has yet to compare, and may ask for",
    caughtBy: ["I1", "I12", "I13"],
    needs: ["rotAtCentre"],
    driver: (driver) =>
      withSql(driver, {
        prepare: (sql) => driver.prepare(sql.includes("AS isSettled") ? `${sql} WHERE s.local_id IS NULL` : sql),
      }),
  },
];
