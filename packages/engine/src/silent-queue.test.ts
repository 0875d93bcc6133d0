import { describe, expect, it } from "vitest";
import { type Behaviour, hang, loseAnswer, unreachable } from "./testing/fake-centre.ts";
import { openTill, sale, Till } from "./testing/till.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const honestly: Behaviour = (_request, honest) => honest();
/** Neither exchanges nor probes are answered. */
const failing: Behaviour = Object.assign(unreachable.bind(null), { probed: "silent" as const });
const stored = (till: Till) =>
  till.centre
    .stored(till.terminal.status().incarnation)
    .map(({ body }) => (JSON.parse(body) as { localId: string }).localId);

/** Ways in which other systems' queues stop without a word. Each test is named for those who reported it. */
describe("a queue that silently stops", () => {
  it("after one failed upload until the next local write (powersync-native #15, -kotlin #340, -swift #179)", async () => {
    const till = await openTill();
    till.centre.next.push(unreachable);
    till.terminal.closeOrder(sale("a"));
    await till.clock.advance(SECOND);
    expect(stored(till)).toEqual(["shift-1", "a"]);
  });

  it("with a count that stays up after partitions and kills (powersync.dart #307, #308, #253)", async () => {
    const till = await openTill();
    for (let round = 0; round < 5; round++) {
      till.centre.always = hang;
      till.terminal.closeOrder(sale(`o-${round}`));
      await till.clock.advance(7 * SECOND);
      till.crash();
      till.centre.always = round % 2 === 0 ? loseAnswer : failing;
      till.start();
      await till.clock.advance(5 * SECOND);
      expect(till.terminal.status().pending).toBeGreaterThan(0);
    }
    till.centre.always = honestly;
    await till.clock.advance(30 * SECOND);
    expect(till.terminal.status()).toMatchObject({ pending: 0, pendingOrders: 0, syncedOrders: 5, light: "green" });
  });

  it("offline for good after one early failed ping (odoo #220954)", async () => {
    const till = new Till();
    till.centre.always = unreachable;
    till.start();
    till.terminal.openShift({ localId: "shift-1", operator: "Amina", businessDate: "2026-01-16" });
    await till.clock.advance(10 * SECOND);
    expect(till.terminal.status().connectivity[0]?.state).toBe("offline");
    till.centre.always = honestly;
    await till.clock.advance(15 * SECOND);
    expect(till.terminal.status()).toMatchObject({ light: "green", connectivity: [{ state: "online" }] });
    expect(stored(till)).toEqual(["shift-1"]);
  });

  it("because an interrupted sync cleared the mark of what was not sent (odoo #261096)", async () => {
    const till = await openTill();
    till.centre.always = hang;
    till.terminal.closeOrder(sale("a"));
    await till.clock.advance(2 * SECOND);
    till.crash();
    till.centre.always = loseAnswer;
    till.start();
    expect(till.terminal.status()).toMatchObject({ pending: 1, pendingOrders: 1 });
    await till.settle();
    await till.terminal.close(0);
    till.centre.always = honestly;
    till.start();
    expect(till.terminal.status().pending).toBe(1);
    await till.settle();
    expect(stored(till)).toEqual(["shift-1", "a"]);
  });

  it("with orders that do not go when the session closes (odoo #203431, #137648)", async () => {
    const till = await openTill({ profile: "shift" });
    for (let at = 0; at < 3; at++) till.terminal.closeOrder(sale(`o-${at}`));
    till.terminal.closeShift({});
    await till.settle();
    expect(till.terminal.status().pending).toBe(0);
    expect(stored(till).slice(0, 4)).toEqual(["shift-1", "o-0", "o-1", "o-2"]);
  });

  it("with a session opened in memory, replayed when the browser says online (odoo #288899)", async () => {
    const till = new Till({ profile: "shift" });
    till.centre.always = unreachable;
    till.start();
    till.terminal.openShift({ localId: "shift-1", operator: "Amina", businessDate: "2026-01-16" });
    till.terminal.closeOrder(sale("a"));
    await till.clock.advance(3 * HOUR);
    till.crash();
    till.start();
    expect(till.terminal.shift()).toMatchObject({ localId: "shift-1" });
    await till.clock.advance(MINUTE);
    till.centre.always = honestly;
    await till.clock.advance(15 * SECOND);
    expect(stored(till)).toEqual(["shift-1", "a"]);
  });

  it("when it is stopped between two retries: marked as sent, never sent (rxdb #8285)", async () => {
    const till = await openTill();
    till.centre.always = failing;
    till.terminal.closeOrder(sale("a"));
    await till.clock.advance(10 * SECOND);
    await till.terminal.close();
    till.centre.always = honestly;
    till.start();
    expect(till.terminal.status()).toMatchObject({ pending: 1, pendingOrders: 1 });
    await till.settle();
    expect(stored(till)).toEqual(["shift-1", "a"]);
  });

  it("because each new sale puts off the retry (couchbase-lite-java-core #1149)", async () => {
    const till = await openTill();
    till.centre.always = failing;
    till.terminal.closeOrder(sale("a"));
    await till.clock.advance(20 * SECOND);
    const from = till.centre.exchanges.length;
    for (let at = 0; at < 240; at++) {
      till.terminal.closeOrder(sale(`o-${at}`));
      await till.clock.advance(5 * SECOND);
    }
    // Twenty minutes of sales: an attempt every five, as without them.
    expect(till.centre.exchanges.length - from).toBe(4);
    till.centre.always = honestly;
    for (let at = 240; at < 246; at++) {
      till.terminal.closeOrder(sale(`o-${at}`));
      await till.clock.advance(5 * SECOND);
    }
    expect(till.terminal.status()).toMatchObject({ pending: 0, syncedOrders: 247 });
  });
});
