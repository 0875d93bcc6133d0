import type { Driver } from "@tillsync/engine/sqlite";
import type { Variant } from "./variant.ts";
import { withSql } from "./wrap.ts";

const READ_LAYERS = "SELECT scope, n, base, overlay FROM module_copy";
const WRITE_PROGRESS = "UPDATE module_copy SET phase";

/** Ways to be wrong about reference data at a till, and about customers at the centre. */
export const REFERENCE_VARIANTS: readonly Variant[] = [
  {
    name: "pull-shows-pages",
    likelySeed: 2,
    breaks: "a delta is read page by page as it comes, and not when it is whole",
    caughtBy: ["I13"],
    needs: ["referenceData"],
    driver: (driver) =>
      afterRun(driver, WRITE_PROGRESS, (params) => {
        const sql = "UPDATE module_copy SET overlay = building WHERE phase = 'delta' AND building = ?";
        return driver.prepare(sql).run(params.at(-1));
      }),
  },
  {
    name: "prices-of-the-next-list",
    breaks: "a line names the version of the price list that comes, and not of the one that it was priced by",
    caughtBy: ["I13"],
    needs: ["referenceData"],
    driver: (driver) =>
      withSql(driver, {
        prepare: (sql) => {
          const statement = driver.prepare(sql);
          if (!sql.startsWith(READ_LAYERS)) return statement;
          const next = (row: unknown) => ({ ...(row as { n: number }), n: (row as { n: number }).n + 1 });
          return { ...statement, all: (...params) => statement.all(...params).map(next) };
        },
      }),
  },
  {
    name: "customers-losers-dropped",
    breaks: "the last write of a field stands, and what it replaced unseen is nowhere",
    caughtBy: ["I16"],
    needs: ["referenceData"],
    merging: { lost: () => [] },
  },
  {
    name: "customers-last-record-wins",
    breaks: "an edit writes the whole customer as its till saw it, and not the fields that changed",
    caughtBy: ["I16"],
    needs: ["referenceData"],
    merging: {
      edit: (edit) => ({ ...edit, set: { phone: null, email: null, address: null, ...edit.base, ...edit.set } }),
    },
  },
  {
    name: "customers-merged-again",
    breaks: "that an edit was merged is noted under another number now and then, so that the next turn merges it again",
    caughtBy: ["I16"],
    needs: ["referenceData"],
    merging: { note: (place) => (place.endsWith("7") ? `${place}0` : place) },
  },
];

/** Does one thing more after each statement that begins so. */
function afterRun(driver: Driver, begins: string, then: (params: readonly unknown[]) => unknown): Driver {
  return withSql(driver, {
    prepare: (sql) => {
      const statement = driver.prepare(sql);
      if (!sql.startsWith(begins)) return statement;
      const run = (...params: readonly unknown[]) => {
        const done = statement.run(...params);
        then(params);
        return done;
      };
      return { ...statement, run };
    },
  });
}
