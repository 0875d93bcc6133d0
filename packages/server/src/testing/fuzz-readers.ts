import { Readable } from "node:stream";
import {
  exchangeRequest,
  keptText,
  PAYLOADS,
  parseAs,
  parseBody,
  parseCanonical,
  parseKeepingNumbers,
  readInventoryEvent,
  readMinor,
  scanJson,
} from "@tillsync/protocol";
import { type FuzzFigures, FuzzTally, Mutator, readGolden } from "@tillsync/protocol/testing";
import { readItem } from "../devices/read-item.ts";
import { readJson, readText } from "../http/body.ts";
import { readExchange } from "../http/exchange-route.ts";
import { sha256 } from "../ledger/sha256.ts";
import { slicesOf } from "../modules/slices.ts";
import { csvRecords } from "../modules/source-csv.ts";
import { decoded, ndjsonRecords } from "../modules/source-lines.ts";
import { DOCUMENTS, exchangeExample, ROWS } from "./fuzz-examples.ts";

const ITEM_CONTEXT = { currency: "KES", deviceId: "device-1", sha256, nowMs: Date.UTC(2026, 0, 16) };

/** Hostile texts and values for everything that reads what others sent, without a door or a database around it. */
export async function fuzzReaders({ seed, inputs }: { seed: number; inputs: number }): Promise<FuzzFigures> {
  const mutator = new Mutator(seed);
  const { chance } = mutator;
  const tally = new FuzzTally();
  const bodies = readGolden().map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  const kinds = Object.keys(PAYLOADS) as (keyof typeof PAYLOADS)[];
  const request = exchangeExample();
  while (tally.figures.inputs < inputs) {
    const body = chance.pick(bodies);
    const json = mutator.json(chance.oneIn(3) ? request : body);
    const text = json.toString("utf8");
    tally.read("scanJson", text, () => scanJson(text, { fractions: chance.oneIn(2), storable: chance.oneIn(2) }));
    tally.read("parseBody", text, () => parseBody(text));
    tally.read("parseCanonical", text, () => parseCanonical(text));
    tally.read("a payload", text, () => parseAs<unknown>(PAYLOADS[chance.pick(kinds)], looseJson(text)));
    tally.read("exchangeRequest", text, () => parseAs(exchangeRequest, looseJson(text)));
    await tally.readLater("readJson", json, () => readJson(json, chance.oneIn(20) ? "gzip" : undefined));
    const exchange = mutator.json(request);
    await tally.readLater("readExchange", exchange, async () => readExchange(await readJson(exchange, undefined)));
    const document = mutator.json(chance.pick(DOCUMENTS));
    await tally.readLater("a device's document", document, async () => {
      const kept = parseKeepingNumbers(await readText(document, undefined, { fractions: true }));
      for (const what of ["order", "transaction"] as const) {
        tally.read(`readItem ${what}`, document, () => readItem(kept, what, "", ITEM_CONTEXT));
      }
      tally.read("readInventoryEvent", document, () => readInventoryEvent(kept, ""));
      return keptText(kept, "sorted");
    });
    await readRows(mutator, tally);
    const amount = mutator.text();
    tally.read("readMinor", amount, () => readMinor(amount, chance.pick(["KES", "JPY", "KWD", "XXX"])));
  }
  return tally.figures;
}

/** Lines of an import: whatever they say, what reaches PostgreSQL has one record a line, of three fields. */
async function readRows(mutator: Mutator, tally: FuzzTally): Promise<void> {
  const { chance } = mutator;
  const [module, row] = chance.pick(ROWS);
  const line = mutator.json(row);
  const csv = mutator.bytes(Buffer.from(`${Object.keys(row).join(",")},deleted\n${Object.values(row).join(",")},\n`));
  for (const [what, bytes] of [
    ["ndjsonRecords", Buffer.concat([line, Buffer.from("\n"), Buffer.from(JSON.stringify(row))])],
    ["csvRecords", csv],
  ] as const) {
    await tally.readLater(what, bytes, async () => {
      const pieces = Readable.from([bytes.subarray(0, bytes.length >> 1), bytes.subarray(bytes.length >> 1)]);
      const records = what === "csvRecords" ? csvRecords(decoded(pieces)) : ndjsonRecords(decoded(pieces));
      for await (const { text, rows } of slicesOf(module, records, 100)) {
        const lines = text.split("\n");
        if (lines.length !== rows || lines.some((record) => record.split("\u001f").length !== 3))
          throw new Error("a record is not one line of three fields");
      }
    });
  }
}

/** What a reader gets when the scan before it was not there: schemas have to stand alone. */
function looseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
