import { describe, expect, it } from "vitest";
import { canonicalText } from "./canonical.ts";
import { CHAIN_START } from "./chain.ts";
import { exchangeRequest, exchangeResponse } from "./exchange.ts";
import { readGolden } from "./testing/golden.ts";
import { keepGoldenMessage, readGoldenMessages } from "./testing/golden-exchange.ts";
import { PROTOCOL_FLOOR, PROTOCOL_VERSION } from "./version.ts";

/** Everything that a message of this version can say, made once for each version (TILLSYNC_WRITE_GOLDEN=1). */
function keepMessages(): void {
  const golden = readGolden().filter(({ name }) => name.startsWith(`v${PROTOCOL_VERSION}/`));
  const lives = Map.groupBy(golden, ({ incarnation }) => incarnation);
  for (const [incarnation, unordered] of lives) {
    const rows = unordered.toSorted((a, b) => a.seq - b.seq);
    const [first] = rows;
    if (first === undefined) continue;
    const changes = rows.map(({ body, hash, private: secret, origin }) => ({
      ...{ body, hash },
      ...(secret === undefined ? {} : { private: secret }),
      ...(origin === undefined ? {} : { origin }),
    }));
    const own = { protocolVersion: PROTOCOL_VERSION, terminal: first.terminal, incarnation };
    const request = { ...own, fromSeq: 1, prevHash: CHAIN_START, changes, headSeq: rows.length, cursor: null };
    keepGoldenMessage(PROTOCOL_VERSION, `request-life-${incarnation}`, request);
    const lacks = [
      { incarnation, seq: 1 },
      { incarnation, seq: 2, private: true },
    ];
    const repair = [{ incarnation, seq: 1, body: first.body, prevHash: CHAIN_START }];
    const asking = {
      ...request,
      fromSeq: rows.length + 1,
      prevHash: rows.at(-1)?.hash,
      changes: [],
      lacks,
      repair,
      feed: "store",
    };
    keepGoldenMessage(PROTOCOL_VERSION, `request-asking-${incarnation}`, asking);
    const bodies = rows.map(({ body }) => body);
    keepGoldenMessage(PROTOCOL_VERSION, `answer-${incarnation}`, answerTo(request, bodies));
    const common = { seq: 1, hash: first.hash };
    const comparing = { ...request, changes: [], compare: [common] };
    keepGoldenMessage(PROTOCOL_VERSION, `request-comparing-${incarnation}`, comparing);
    const other = { incarnation: "00112233445566ff", durableThrough: 7, chainHash: first.hash };
    const compared = { ...answerTo(request, bodies), comparison: { common, other } };
    keepGoldenMessage(PROTOCOL_VERSION, `answer-comparing-${incarnation}`, compared);
  }
}

function answerTo(
  request: { terminal: string; incarnation: string; headSeq: number; changes: { hash: string }[] },
  bodies: string[],
) {
  const { terminal, incarnation, headSeq } = request;
  const place = { terminal, incarnation };
  const judged = { state: "different", openSeq: 1, closeSeq: 2, chainHead: CHAIN_START, counts: { "order.closed": 1 } };
  const totals = [{ currency: "KES", tender: "cash", amountMinor: 12_000 }];
  const exceptions = [{ seq: 2, effect: "parked", code: "BODY_INVALID" }];
  const settlement = { ...judged, totals, exceptions, exceptionCount: 1, need: [2], needCount: 1 };
  return {
    protocolVersion: PROTOCOL_VERSION,
    serverEpoch: "2b6f0cc9-04d1-4f07-9d6c-0c2b1a2f3d4e",
    durableThrough: headSeq,
    chainHash: request.changes.at(-1)?.hash ?? CHAIN_START,
    backedUpThrough: 0,
    need: [{ incarnation, seq: 1 }],
    give: [{ incarnation, seq: 1, body: bodies[0] }],
    entries: [
      { n: 1, ...place, fromSeq: 1, toSeq: headSeq, effect: "applied" },
      { n: 2, ...place, fromSeq: 2, toSeq: 2, effect: "parked", code: "BODY_INVALID", message: "It cannot be read." },
      {
        n: 3,
        ...place,
        fromSeq: 1,
        toSeq: 1,
        effect: "applied",
        bodies: bodies.slice(0, 1),
        check: "00112233445566ff",
      },
      { n: 4, ...place, fromSeq: 2, toSeq: 2, effect: "applied", settlement },
    ],
    cursor: "2b6f0cc9.4.00",
    more: true,
    joining: true,
    receiptCounter: { businessDate: "2026-01-16", sequence: 7 },
    serverTimeMs: 1_768_558_272_345,
    limits: { maxChangeBytes: 1_048_576, maxBatchChanges: 1000, maxRequestBytes: 8_388_608 },
    pacing: { notBeforeMs: 0 },
  };
}

if (process.env.TILLSYNC_WRITE_GOLDEN === "1") keepMessages();

describe("messages that earlier releases sent (I24)", () => {
  it.each(readGoldenMessages("request"))("$name is a request to this centre, word for word", ({ text }) => {
    const value: unknown = JSON.parse(text);
    expect(canonicalText(exchangeRequest.parse(value))).toBe(canonicalText(value));
  });

  it.each(readGoldenMessages("answer"))("$name is an answer to this terminal, word for word", ({ text }) => {
    const value: unknown = JSON.parse(text);
    expect(canonicalText(exchangeResponse.parse(value))).toBe(canonicalText(value));
  });

  it("there are some of every version that is understood, which say everything there is to say", () => {
    for (let version = PROTOCOL_FLOOR; version <= PROTOCOL_VERSION; version++) {
      const of = (kind: "request" | "answer") =>
        readGoldenMessages(kind).filter(({ name }) => name.startsWith(`v${version}/`));
      expect([of("request").length > 1, of("answer").length > 0], `golden-exchange/v${version} was taken away`).toEqual(
        [true, true],
      );
    }
    const said = (kind: "request" | "answer") =>
      new Set(
        readGoldenMessages(kind)
          .filter(({ name }) => name.startsWith(`v${PROTOCOL_VERSION}/`))
          .flatMap(({ text }) => Object.keys(JSON.parse(text) as object)),
      );
    expect([...said("request")].toSorted()).toEqual(Object.keys(exchangeRequest.shape).toSorted());
    expect([...said("answer")].toSorted()).toEqual(Object.keys(exchangeResponse.shape).toSorted());
  });
});
