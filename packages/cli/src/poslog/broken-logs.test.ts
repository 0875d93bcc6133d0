import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SyncError } from "@tillsync/protocol";
import fc from "fast-check";
import { expect, it } from "vitest";
import { readDocuments } from "../import/read-documents.ts";
import { temporaryFolder } from "../import/testing/temporary-file.ts";
import { grand, item, log, retail, sale, tax, tender } from "./testing/sample-log.ts";

const LOG = log(
  retail(
    sale("5.00") +
      item(tax("0.80")) +
      tender("10.00") +
      tender("-4.20", "Cash", "<TenderChange><Amount>-4.20</Amount></TenderChange>") +
      grand("5.80"),
  ),
  retail("<ReasonCode>Valid SignOn</ReasonCode><OperatorSignOn/>", { sequence: 2 }).replaceAll(
    "RetailTransaction",
    "ControlTransaction",
  ),
  retail(sale("-5.00", "<Quantity>-1</Quantity>", 'VoidFlag="true"') + tender("-5.00") + grand("-5.00"), {
    sequence: 3,
  }),
);

/** Pieces that change what XML means, and what a log says, more often than random bytes do. */
const PIECES = [
  "<",
  ">",
  "</",
  "/>",
  '"',
  "&",
  "&lt;",
  "&x;",
  "<!DOCTYPE x>",
  "<![CDATA[",
  "-->",
  "<?x?>",
  "\u0000",
  "é",
  "NaN",
  "1e9",
  "-",
  "9".repeat(30),
  ' a="1"',
  "<Amount/>",
];
type Edit = (text: string) => string;
const anywhere = fc
  .record({ at: fc.nat(LOG.length), cut: fc.nat(40), piece: fc.oneof(fc.constantFrom("", ...PIECES), fc.string()) })
  .map(
    ({ at, cut, piece }): Edit =>
      (text) =>
        text.slice(0, at) + piece + text.slice(at + cut),
  );

/** Leaves the XML whole and puts another value in some element or attribute. */
const VALUE = />[^<>]*<|"[^"]*"/g;
const values = [
  "",
  "0",
  "-1",
  "5.00",
  "05.00",
  "+5",
  "5.",
  ".5",
  "1e3",
  "5,00",
  "NaN",
  "true",
  "9".repeat(20),
  "x".repeat(300),
];
const inValue = fc.record({ nth: fc.nat(LOG.match(VALUE)?.length ?? 0), value: fc.constantFrom(...values) }).map(
  ({ nth, value }): Edit =>
    (text) => {
      let at = 0;
      return text.replaceAll(VALUE, (found) => (at++ === nth ? `${found[0]}${value}${found.at(-1)}` : found));
    },
);
const edits = fc.oneof(
  fc.array(anywhere, { minLength: 1, maxLength: 3 }),
  fc.array(inValue, { minLength: 1, maxLength: 3 }),
);

it("a log broken anywhere is read or refused as what it is, and what is read of it adds up", async () => {
  const file = join(await temporaryFolder(), "log.xml");
  let read = 0;
  await fc.assert(
    fc.asyncProperty(edits, async (changes) => {
      const text = changes.reduce((now, change) => change(now), LOG);
      await writeFile(file, text);
      try {
        for await (const { kind, draft } of readDocuments({ file, format: "poslog", onRefused: () => {} })) {
          read += 1;
          if (kind !== "order") continue;
          const onTop = (draft.taxes ?? []).filter(({ included }) => !included);
          const owed = [
            ...draft.lines.map(({ amountMinor = Number.NaN }) => amountMinor),
            ...onTop.map(({ taxMinor }) => taxMinor),
          ];
          expect(sum(draft.tenders.map(({ amountMinor }) => amountMinor))).toBe(sum(owed));
        }
      } catch (error) {
        if (!(error instanceof SyncError)) throw error;
        expect(["INVALID_INPUT", "TOO_LARGE"]).toContain(error.code);
      }
    }),
    { numRuns: 1500 },
  );
  expect(read).toBeGreaterThan(100);
});

function sum(amounts: readonly number[]): number {
  return amounts.reduce((all, amount) => all + amount, 0);
}
