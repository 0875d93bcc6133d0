import { join } from "node:path";
import { openTerminal } from "@tillsync/engine";
import { startTerminalHttp } from "@tillsync/terminal";
import { expect, it, onTestFinished } from "vitest";
import { FaultProxy } from "../demo/fault-proxy.ts";
import { seededDocuments } from "../seed.ts";
import { type Progress, recordAll } from "./record.ts";
import { temporaryFolder } from "./testing/temporary-file.ts";

const PLAN = { seed: 11, orders: 500, transactions: 60, inventory: 60, startDate: "2026-01-16" };

it("records every document once through a real terminal whose line breaks again and again", async () => {
  const terminal = openTerminal({
    file: join(await temporaryFolder(), "till.db"),
    terminal: "0198c0de-0000-7000-8000-000000000001",
    shortId: "T01",
    store: "STORE001",
    currency: "KES",
    // Nothing listens there: selling does not need head office.
    central: { url: "http://127.0.0.1:9", key: "none" },
  });
  const http = await startTerminalHttp({ terminal, port: 0 });
  const link = await FaultProxy.open({ target: { port: Number(new URL(http.url).port) } });
  onTestFinished(async () => {
    await link.close();
    await http.close();
    await terminal.close();
  });
  // The connection after each break dies in the middle, too: now of a request, now of its answer.
  const breakLine = ({ documents }: Progress) => {
    if (documents % 50 !== 0) return;
    link.cut();
    link.heal();
    link.cutAfterBytes(100, documents % 100 === 0 ? "up" : "down");
  };
  const first = await recordAll(seededDocuments(PLAN), { url: link.url }, { onProgress: breakLine });
  expect(first).toMatchObject({ documents: 620, refused: 0, shifts: 2 });
  expect(first.retries).toBeGreaterThan(10);
  // Each document is one change, each of the two days opens and closes a shift.
  expect(terminal.status().headSeq).toBe(620 + 4);
  expect(await recordAll(seededDocuments(PLAN), { url: link.url })).toMatchObject({ recorded: 0, duplicates: 620 });
  expect(terminal.status().headSeq).toBe(624);
});
