import type { Transport } from "@tillsync/engine";
import type { ExchangeResponse, FeedEntry } from "@tillsync/protocol";
import type { Variant } from "./variant.ts";
import { withSql } from "./wrap.ts";

/** Ways in which a till can be wrong about what others did. */
export const OTHERS_VARIANTS: readonly Variant[] = [
  {
    name: "others-behind-the-cursor",
    breaks:
      "the cursor is moved in a transaction of its own, before the entries, and now and then nothing comes after it",
    caughtBy: ["I13"],
    transport: (transport) => {
      let answers = 0;
      return onAnswer(transport, (answer) => (++answers % 5 === 0 ? { ...answer, entries: ownOf(answer) } : answer));
    },
  },
  {
    name: "others-over-own",
    breaks: "an edit of another till that comes late opens again what this till has ended itself",
    caughtBy: ["I13"],
    driver: (driver) =>
      withSql(driver, {
        prepare: (sql) =>
          driver.prepare(
            sql.includes("AND NOT EXISTS") && sql.includes("FROM journal WHERE local_id")
              ? sql.replace(/UNION ALL SELECT 1 FROM journal WHERE local_id = \? AND kind IN/, (text) =>
                  text.replace("local_id = ?", "local_id = ? || ' '"),
                )
              : sql,
          ),
      }),
  },
  {
    name: "others-without-tombstones",
    breaks: "what is gone is not told, since there is nothing to show of it",
    caughtBy: ["I13"],
    transport: (transport) =>
      onAnswer(transport, (answer) => ({ ...answer, entries: answer.entries.flatMap(withoutTombstones) })),
  },
  {
    name: "others-last-edit-wins",
    breaks: "of an open order the last edit is kept, as the whole of it",
    caughtBy: ["I13"],
    driver: (driver) =>
      withSql(driver, {
        prepare: (sql) => {
          const statement = driver.prepare(sql);
          if (!sql.includes("INSERT INTO other_change")) return statement;
          const forget = driver.prepare("DELETE FROM other_change WHERE local_id = ? AND kind = 'order.edited'");
          const run: typeof statement.run = (...params) => {
            if (params[1] === "order.edited") forget.run(params[2] ?? null);
            return statement.run(...params);
          };
          return { ...statement, run };
        },
      }),
  },
];

function onAnswer(transport: Transport, change: (answer: ExchangeResponse) => ExchangeResponse): Transport {
  return { exchange: async (request, signal, id) => change(await transport.exchange(request, signal, id)) };
}

function ownOf({ entries }: ExchangeResponse): FeedEntry[] {
  return entries.filter(({ bodies }) => bodies === undefined);
}

const GONE = /"kind":"order\.(voided|deleted|withdrawn)"/;

/** Each body by itself, so that a place still follows from its position. */
function withoutTombstones(entry: FeedEntry): FeedEntry[] {
  if (entry.bodies === undefined) return [entry];
  return entry.bodies.flatMap((body, index) => {
    const seq = entry.fromSeq + index;
    return GONE.test(body) ? [] : [{ ...entry, fromSeq: seq, toSeq: seq, bodies: [body] }];
  });
}
