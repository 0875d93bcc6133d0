import { expect, it } from "vitest";
import type { Driver, Statement } from "../sqlite/index.ts";
import { type PullVariant, pullRun } from "../testing/pull-run.ts";

const WRITE_COPY = "INSERT OR REPLACE INTO module_copy";
const WRITE_PROGRESS = "UPDATE module_copy SET phase";
/** Places of parameters in those statements. */
const CURSOR = 6;
const PHASE = 10;

type Params = readonly unknown[];

function onRun(
  driver: Driver,
  begins: string,
  run: (statement: Statement, params: Params) => { changes: number | bigint },
) {
  const prepare = (sql: string): Statement => {
    const statement = driver.prepare(sql);
    if (!sql.startsWith(begins)) return statement;
    return {
      run: (...params) => run(statement, params),
      get: (...params) => statement.get(...params),
      all: (...params) => statement.all(...params),
      iterate: (...params) => statement.iterate(...params),
    };
  };
  return { exec: (sql: string) => driver.exec(sql), prepare, close: () => driver.close() };
}

const MIXED = "what is read is not what the cursor names";

const VARIANTS: readonly (PullVariant & { readonly finds: string })[] = [
  {
    name: "the swap leaves the cursor where it was",
    finds: MIXED,
    wrap: (driver) => {
      const cursors = new Map<string, unknown>();
      return onRun(driver, WRITE_COPY, (statement, params) => {
        const key = `${params[0]} ${params[1]}`;
        const before = cursors.get(key) ?? null;
        cursors.set(key, params[CURSOR]);
        return statement.run(...params.with(CURSOR, params[PHASE] === null ? before : params[CURSOR]));
      });
    },
  },
  {
    name: "the cursor moves before the rows",
    finds: MIXED,
    wrap: (driver, known) =>
      onRun(driver, WRITE_COPY, (statement, params) => {
        const target = known.get(`${params[0]} ${params[1]}`);
        return statement.run(...params.with(CURSOR, params[PHASE] === "delta" ? target : params[CURSOR]));
      }),
  },
  {
    name: "a delta is shown page by page",
    finds: MIXED,
    wrap: (driver) =>
      onRun(driver, WRITE_PROGRESS, (statement, params) => {
        const done = statement.run(...params);
        const sql = "UPDATE module_copy SET overlay = building WHERE phase = 'delta' AND building = ?";
        driver.prepare(sql).run(params.at(-1));
        return done;
      }),
  },
  {
    name: "a snapshot is shown as it comes",
    finds: MIXED,
    wrap: (driver) =>
      onRun(driver, WRITE_PROGRESS, (statement, params) => {
        const done = statement.run(...params);
        driver
          .prepare("UPDATE module_copy SET base = building WHERE phase = 'snapshot' AND building = ?")
          .run(params.at(-1));
        return done;
      }),
  },
  {
    name: "a deleted row stays where words find it",
    finds: "words of rows that are gone stay",
    wrap: (driver) => onRun(driver, "INSERT INTO module_word (module_word", () => ({ changes: 0 })),
  },
];

it.each(VARIANTS)("is caught: $name", async (variant) => {
  const { violations } = await pullRun(null, variant);
  expect([...violations]).toContain(variant.finds);
});

it("is caught: a pull begins anew after a kill", async () => {
  const forgetful: PullVariant = {
    name: "a pull that keeps no place",
    wrap: (driver) => onRun(driver, WRITE_PROGRESS, (statement, params) => statement.run(...params.with(3, null))),
  };
  const { moments } = await pullRun(null);
  const { sent, sentAgain } = await pullRun(Math.floor(moments / 3), forgetful);
  expect(sentAgain / sent).toBeGreaterThan(0.1);
});
