import { centreMetrics } from "@tillsync/server/testing";
import { FakeTerminal, watchTerminal } from "@tillsync/terminal/testing";
import pg from "pg";
import { expect, it } from "vitest";
import { KEYS } from "../config/keys.ts";
import { readPage } from "./testing/markdown.ts";

const { text } = readPage("docs/operating.md");
/** Nobody listens there, and nothing asks. */
const nowhere = new pg.Pool({ connectionString: "postgresql://127.0.0.1:1/none", max: 1 });

async function ofTill(): Promise<string> {
  const metrics = watchTerminal(new FakeTerminal(), () => 0);
  const said = await metrics.text();
  metrics.stop();
  return said;
}

async function ofServer(): Promise<string> {
  const metrics = centreMetrics(nowhere, async () => undefined);
  const said = await metrics.text();
  metrics.stop();
  return said;
}

it.each([
  ["Of a till", ofTill],
  ["Of a central server", ofServer],
])("docs/operating.md has every metric once, with its type, and no other: %s", async (heading, read) => {
  const section = text.split(/^##+ /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const rows = [...section.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(([, name, type]) => `${name} ${type}`);
  const types = [...(await read()).matchAll(/^# TYPE (\w+ \w+)$/gm)].map(([, type]) => type);
  expect(types.length).toBeGreaterThan(5);
  expect(rows.toSorted()).toEqual(types.toSorted());
});

it("docs/operating.md names only metrics and keys that there are", async () => {
  const known = `${await ofTill()}${await ofServer()}`;
  for (const [name] of text.matchAll(/tillsync_[a-z_]+/g)) {
    expect(known, name).toContain(`# TYPE ${name.replace(/_(sum|count)$/, "")} `);
  }
  for (const [, key = ""] of text.matchAll(/`((?:Sync|Logging|Retention)\.\w+)`/g)) {
    expect(Object.keys(KEYS)).toContain(key);
  }
});

it("docs/operating.md says how long things are kept as keys.ts does", () => {
  const kept = [
    [KEYS["Retention.HistoryRows"].default, KEYS["Retention.HistoryDays"].default],
    [KEYS["Logging.MaxFiles"].default, KEYS["Logging.RetentionDays"].default],
  ];
  for (const [number = 0, days] of kept) expect(text).toContain(`${number.toLocaleString("en")} and ${days} days`);
});
