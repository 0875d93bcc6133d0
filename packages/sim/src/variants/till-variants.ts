import { sha256, type Transport } from "@tillsync/engine";
import { linkHash, SyncError, type WireChange } from "@tillsync/protocol";
import type { Machine } from "../till/machine.ts";
import type { Variant } from "./variant.ts";
import { asIfStored, givenUpAfter, onFailure, withSql } from "./wrap.ts";

const LIFE_SPAN = 2 ** 40;
const NEVER = new Promise<never>(() => {});

/** Ways in which a till can be wrong. */
export const TILL_VARIANTS: readonly Variant[] = [
  {
    name: "synchronous-normal",
    breaks: "the database is opened with synchronous = NORMAL, which is what SQLite bindings do unless told otherwise",
    caughtBy: ["I2"],
    needs: ["powerCut"],
    driver: (driver) =>
      withSql(driver, {
        exec: (sql) => (sql === "PRAGMA synchronous = FULL" ? undefined : driver.exec(sql)),
        prepare: (sql) => {
          const statement = driver.prepare(sql);
          return sql === "PRAGMA synchronous" ? { ...statement, get: () => ({ synchronous: 2 }) } : statement;
        },
      }),
  },
  {
    name: "write-behind",
    breaks: "commits are gathered, three sales a flush, and the cashier is told before",
    caughtBy: ["I2"],
    needs: ["crash"],
    driver: (driver) => {
      let open = 0;
      return withSql(driver, {
        exec: (sql) => {
          if (sql === "BEGIN IMMEDIATE" && open > 0) return;
          if (sql === "COMMIT" && ++open < 3) return;
          if (sql === "COMMIT" || sql === "ROLLBACK") open = 0;
          driver.exec(sql);
        },
      });
    },
  },
  {
    name: "change-outside-the-sale",
    breaks: "the POS's own row is written in a transaction of its own, after the change",
    caughtBy: ["I4"],
    needs: ["crashInTransaction"],
    driver: (driver) =>
      withSql(driver, {
        prepare: (sql) => {
          const statement = driver.prepare(sql);
          if (!sql.startsWith("INSERT INTO pos_sale")) return statement;
          const run: typeof statement.run = (...params) => {
            driver.exec("COMMIT");
            driver.exec("BEGIN IMMEDIATE");
            return statement.run(...params);
          };
          return { ...statement, run };
        },
      }),
  },
  {
    name: "receipt-counter-outside",
    breaks: "the receipt counter is a file beside the database, saved after every fifth receipt",
    caughtBy: ["I17"],
    needs: ["crash"],
    driver: (driver) =>
      withSql(driver, {
        prepare: (sql) => {
          const statement = driver.prepare(sql);
          if (!/max\(receipt_sequence\)/.test(sql)) return statement;
          const saved = (row: unknown) => {
            const { sequence } = row as { sequence: number | null };
            return { sequence: Math.floor((sequence ?? 0) / 5) * 5 };
          };
          return { ...statement, get: (...params) => saved(statement.get(...params)) };
        },
      }),
  },
  {
    name: "commit-error-is-not-sold",
    breaks: 'a commit error is shown as "not sold, try again" without looking',
    caughtBy: ["I3", "refusal"],
    needs: ["commitErrorKept"],
    store: (store) => ({
      read: store.read,
      iterate: (sql, ...params) => store.iterate(sql, ...params),
      reopen: () => store.reopen(),
      close: () => store.close(),
      transaction: (fn) => {
        try {
          return store.transaction(fn);
        } catch (error) {
          if (!(error instanceof SyncError && error.code === "COMMIT_UNKNOWN")) throw error;
          store.reopen();
          throw new SyncError("NOT_SOLD", "The sale was not recorded; try again.");
        }
      },
    }),
  },
  {
    name: "commit-error-ignored",
    breaks: "an error of the last flush is logged, and the sale goes on",
    caughtBy: ["I2"],
    needs: ["commitErrorLost"],
    driver: (driver) =>
      withSql(driver, {
        exec: (sql) => {
          try {
            driver.exec(sql);
          } catch (error) {
            if (sql !== "COMMIT" || (error as { code?: unknown }).code !== "SQLITE_IOERR_FSYNC") throw error;
          }
        },
      }),
  },
  {
    name: "delete-on-401",
    likelySeed: 2,
    breaks: "a till that is signed out clears its queue",
    caughtBy: ["I2"],
    needs: ["doorRefuses"],
    transport: (transport, machine) =>
      onFailure(transport, (request, error) => {
        if ((error as { code?: unknown }).code === "UNAUTHENTICATED")
          deleteFrom(machine, request.incarnation, request.fromSeq);
        throw error;
      }),
  },
  {
    name: "retry-limit",
    breaks: "after five failures in a row the till gives up until somebody restarts it",
    caughtBy: ["I12"],
    needs: ["partition", "loseRequest"],
    transport: givenUpAfter(5, () => NEVER),
  },
  {
    name: "drops-what-was-parked",
    breaks: "a change that the centre could not apply is removed from the till",
    caughtBy: ["I2", "I9"],
    needs: ["poison"],
    transport: (transport, machine) => ({
      exchange: async (request, signal, id) => {
        const answer = await transport.exchange(request, signal, id);
        for (const { effect, fromSeq, incarnation } of answer.entries) {
          if (effect === "parked" && incarnation === request.incarnation) deleteOne(machine, incarnation, fromSeq);
        }
        return answer;
      },
    }),
  },
  {
    name: "lost-answer-is-success",
    breaks: "what was sent counts as delivered when the connection ends without an answer",
    caughtBy: ["I5"],
    needs: ["loseRequest"],
    transport: (transport) =>
      onFailure(transport, async (request, error) => {
        if ((error as { code?: unknown }).code !== "UNREACHABLE") throw error;
        return asIfStored(request);
      }),
  },
  {
    name: "any-200-is-an-answer",
    breaks: "a captive portal's page counts as success, because its status is 200",
    caughtBy: ["I5"],
    needs: ["captivePortal", "truncatedAnswer"],
    transport: (transport) =>
      onFailure(transport, async (request, error) => {
        const isOther = error instanceof SyncError && error.code === "NOT_AN_ANSWER" && error.details.status === 200;
        if (!isOther) throw error;
        return asIfStored(request);
      }),
  },
  {
    name: "new-id-for-each-attempt",
    breaks: "an attempt whose answer was lost counts as failed, and the next one sends the sale as a new one",
    caughtBy: ["I1", "I8", "I12"],
    needs: ["loseAnswer"],
    transport: (transport) => sendingNewIds(transport),
  },
  {
    name: "cursor-before-entries",
    likelySeed: 3,
    breaks: "the till moves its cursor and forgets to apply what the centre told it",
    caughtBy: ["I15"],
    needs: ["poison"],
    transport: (transport) => ({
      exchange: async (request, signal, id) => ({ ...(await transport.exchange(request, signal, id)), entries: [] }),
    }),
  },
  {
    name: "manifest-without-cash-outs",
    breaks: "a closing adds up sales and cash put in, and forgets what was taken out of the drawer",
    caughtBy: ["I34"],
    driver: (driver) => {
      let isRecording = false;
      return withSql(driver, {
        exec: (sql) => {
          if (sql === "BEGIN IMMEDIATE") isRecording = true;
          else if (sql === "COMMIT" || sql === "ROLLBACK") isRecording = false;
          driver.exec(sql);
        },
        prepare: (sql) => {
          const statement = driver.prepare(sql);
          if (!/FROM journal WHERE position (>= \? .* LIMIT|=) \?$/s.test(sql)) return statement;
          const withoutOut = <T>(row: T): T => {
            const { body } = (row ?? {}) as { body?: string };
            if (!isRecording || body === undefined || !/"type":"(PaidOut|Pickup)"/.test(body)) return row;
            return { ...row, body: body.replace(/"amountMinor":-?\d+/, '"amountMinor":0') };
          };
          const all: typeof statement.all = (...params) => statement.all(...params).map(withoutOut);
          const get: typeof statement.get = (...params) => withoutOut(statement.get(...params));
          return { ...statement, all, get };
        },
      });
    },
  },
  {
    name: "no-witness",
    likelySeed: 6,
    breaks: "a till does not look whether its database is older than what it has printed",
    caughtBy: ["I18"],
    needs: ["rolledBackTill"],
    witness: (witness) => ({ ...witness, read: () => undefined }),
  },
];

/** Each attempt sends the same sales under new ids, in a chain of their own; the till never sees that chain. */
function sendingNewIds(transport: Transport): Transport {
  const sentAs = new Map<string, string>();
  let attempts = 0;
  return {
    exchange: async (request, signal, correlationId) => {
      const id = (++attempts).toString(16).padStart(4, "0");
      const { terminal, incarnation } = request;
      const prevHash = sentAs.get(request.prevHash) ?? request.prevHash;
      const changes: WireChange[] = [];
      for (const [index, change] of request.changes.entries()) {
        const body = change.body.replace(/("changeId":"[0-9a-f-]{32})[0-9a-f]{4}/, `$1${id}`);
        const link = {
          terminal,
          incarnation,
          seq: request.fromSeq + index,
          prevHash: changes.at(-1)?.hash ?? prevHash,
          body,
        };
        changes.push({ ...change, body, hash: linkHash(sha256, link) });
        sentAs.set(change.hash, changes.at(-1)?.hash ?? "");
      }
      const answer = await transport.exchange({ ...request, prevHash, changes }, signal, correlationId);
      const own = [...sentAs].find(([, hash]) => hash === answer.chainHash)?.[0];
      return { ...answer, chainHash: own ?? answer.chainHash };
    },
  };
}

function positionOf(machine: Machine, incarnation: string, seq: number): number {
  const row = machine.disk.prepare("SELECT ordinal FROM life WHERE incarnation = ?").get(incarnation) as {
    ordinal: number;
  };
  return row.ordinal * LIFE_SPAN + seq;
}

function deleteFrom(machine: Machine, incarnation: string, seq: number): void {
  const end = positionOf(machine, incarnation, 0) + LIFE_SPAN;
  machine.disk
    .prepare("DELETE FROM journal WHERE position >= ? AND position < ?")
    .run(positionOf(machine, incarnation, seq), end);
}

function deleteOne(machine: Machine, incarnation: string, seq: number): void {
  machine.disk.prepare("DELETE FROM journal WHERE position = ?").run(positionOf(machine, incarnation, seq));
}
