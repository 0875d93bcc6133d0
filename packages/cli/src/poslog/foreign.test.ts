import { describe, expect, it } from "vitest";
import type { ImportedEntry } from "../import/documents.ts";
import { type ImportSource, readDocuments } from "../import/read-documents.ts";
import type { Refusal } from "../import/refusals.ts";
import { listOf } from "../import/testing/temporary-file.ts";
import type { ReadingReport } from "./left-out.ts";
import { grand, item, logFile, retail, sale, tax, tender } from "./testing/sample-log.ts";

async function read(transactions: readonly string[], options: Partial<ImportSource> = {}) {
  let report: ReadingReport | undefined;
  const onReport = (told: ReadingReport) => {
    report = told;
  };
  const file = await logFile(...transactions);
  const entries = await listOf(readDocuments({ file, onReport, ...options }));
  return { entries, report, leftOut: new Map(report?.leftOut.map(({ name, count }) => [name, count])) };
}

async function orderOf(...transactions: readonly string[]) {
  const [entry] = (await read(transactions)).entries;
  if (entry?.kind !== "order") throw new Error("no order");
  return entry.draft;
}

describe("a retail transaction", () => {
  it("becomes an order with the names, numbers and times of the log", async () => {
    const parts = [
      sale("4.20", '<Quantity UnitOfMeasureCode="KGM">0.840</Quantity>'),
      sale("5.00"),
      item(tax("1.47", "9.20")),
      tender("10.67", "CreditDebit", "<Authorization><ReferenceNumber>77</ReferenceNumber></Authorization>"),
      grand("10.67"),
    ];
    const { entries } = await read([retail(parts.join(""))], { timeZone: "Africa/Nairobi" });
    expect(entries).toMatchObject([
      {
        kind: "order",
        businessDate: "2026-01-16",
        draft: {
          documentType: "sale",
          currency: "KES",
          operator: "7",
          occurredAt: "2026-01-16T07:00:00.000Z",
          reference: "9/3/2026-01-16/1",
          source: { system: "poslog" },
          lines: [
            { item: "0001", description: "BREAD", quantity: "0.840", unit: "KGM", unitPrice: "5.00", amountMinor: 420 },
            { quantity: "1", amountMinor: 500 },
          ],
          taxes: [{ code: "V", rate: "16", baseMinor: 920, taxMinor: 147, included: false }],
          tenders: [{ type: "card", amountMinor: 1067, reference: "77" }],
        },
      },
    ]);
  });

  it("has the same localId in every import, and another for another number, date, till or shop", async () => {
    const one = retail(sale("5.00") + tender("5.00"));
    const others = [
      one,
      one.replace("<SequenceNumber>1<", "<SequenceNumber>2<"),
      one.replace("<BusinessDayDate>2026-01-16<", "<BusinessDayDate>2026-01-17<"),
      one.replace("<WorkstationID>3<", "<WorkstationID>4<"),
      one.replace("<RetailStoreID>9<", "<RetailStoreID>8<"),
    ];
    const idsOf = ({ entries }: { entries: ImportedEntry[] }) => entries.map(({ draft }) => draft.localId);
    const ids = idsOf(await read(others));
    expect(new Set(ids).size).toBe(5);
    expect(idsOf(await read(others))).toEqual(ids);
  });

  it("keeps change as a negative cash tender, whether the log has it beside the tender or inside it", async () => {
    const beside = tender("20.00") + tender("-15.00", "Cash", "<TenderChange><Amount>-15.00</Amount></TenderChange>");
    const inside = tender("20.00", "Check", "<TenderChange><Amount>15.00</Amount></TenderChange>");
    expect((await orderOf(retail(sale("5.00") + beside))).tenders).toEqual([
      { type: "cash", amountMinor: 2000 },
      { type: "cash", amountMinor: -1500 },
    ]);
    expect((await orderOf(retail(sale("5.00") + inside))).tenders).toEqual([
      { type: "check", amountMinor: 2000 },
      { type: "cash", amountMinor: -1500 },
    ]);
  });

  it("is a return with negative lines and money, and names what it takes back", async () => {
    const link = `<TransactionLink ReasonCode="Return"><RetailStoreID>9</RetailStoreID><WorkstationID>3</WorkstationID><BusinessDayDate>2026-01-15</BusinessDayDate><SequenceNumber>12</SequenceNumber></TransactionLink>`;
    const back = item(
      `<Return ItemType="Stock"><ItemID>0001</ItemID><RegularSalesUnitPrice>5.00</RegularSalesUnitPrice><ExtendedAmount>10.00</ExtendedAmount><Quantity>2</Quantity>${link}</Return>`,
    );
    const draft = await orderOf(retail(back + tender("10.00", "Cash", "", 'TypeCode="Refund"') + grand("-10.00")));
    const [original] = (
      await read([retail(sale("5.00") + tender("5.00"), { sequence: 12 }).replace("2026-01-16<", "2026-01-15<")])
    ).entries;
    expect(draft).toMatchObject({
      documentType: "return",
      original: { receiptNumber: "9/3/2026-01-15/12", localId: original?.draft.localId },
      lines: [{ quantity: "-2", amountMinor: -1000 }],
      tenders: [{ type: "cash", amountMinor: -1000 }],
    });
  });

  it("is a void when it says what it voids", async () => {
    const link = `<TransactionLink ReasonCode="PostVoid"><RetailStoreID>9</RetailStoreID><WorkstationID>3</WorkstationID><BusinessDayDate>2026-01-16</BusinessDayDate><SequenceNumber>1</SequenceNumber></TransactionLink>`;
    const draft = await orderOf(
      retail(sale("-5.00", "<Quantity>-1</Quantity>") + tender("-5.00") + link, { sequence: 2 }),
    );
    expect(draft).toMatchObject({ documentType: "void", original: { receiptNumber: "9/3/2026-01-16/1" } });
  });

  it("tells prices with their taxes from prices without by what adds up", async () => {
    const parts =
      sale("11.60", `<Quantity>1</Quantity>${tax("1.60", "10.00")}`) +
      sale("5.80", `<Quantity>1</Quantity>${tax("0.80", "5.00")}`);
    expect((await orderOf(retail(parts + tender("17.40")))).taxes).toEqual([
      { code: "V", rate: "16", baseMinor: 1500, taxMinor: 240, included: true },
    ]);
    expect((await orderOf(retail(parts + tender("19.80")))).taxes).toMatchObject([{ included: false }]);
  });

  it("keeps a voided line that the totals count, and reports one that they do not", async () => {
    const counted = sale("5.00") + sale("-5.00", "<Quantity>-1</Quantity>", 'VoidFlag="true"') + tender("0.00");
    expect((await orderOf(retail(counted))).lines.map(({ amountMinor }) => amountMinor)).toEqual([500, -500]);
    const struck = await read([retail(sale("5.00") + sale("7.00", "", 'VoidFlag="true"') + tender("5.00"))]);
    expect(struck.entries[0]?.draft).toMatchObject({ lines: [{ amountMinor: 500 }] });
    expect(struck.leftOut.get("RetailTransaction/LineItem(voided)")).toBe(1);
  });

  it("takes a loyalty reward off the line it belongs to, once", async () => {
    const reward = (amount: string, key: string, kind: string, category = "Monetary") =>
      item(
        `<LoyaltyReward acs:${kind}="true"><acs:RewardCategory>${category}</acs:RewardCategory><acs:ExtendedRewardAmount>${amount}</acs:ExtendedRewardAmount><acs:OperatorSequenceReference>${key}</acs:OperatorSequenceReference></LoyaltyReward>`,
      );
    const goods = (key: string) =>
      sale("5.00", `<Quantity>1</Quantity><acs:OperatorSequence>${key}</acs:OperatorSequence>`);
    const rewards = [
      reward("-0.50", "2", "detailedData"),
      reward("-0.25", "9", "detailedData"),
      reward("-0.75", "0", "summarizedActivity"),
      reward("1", "1", "detailedData", "CustomOffer"),
    ];
    const draft = await orderOf(retail(goods("1") + goods("2") + rewards.join("") + tender("9.25") + grand("9.25")));
    expect(draft.lines).toMatchObject([
      { amountMinor: 500 },
      { amountMinor: 450, discountMinor: 50 },
      { item: "reward", amountMinor: -25, stocked: false },
    ]);
    expect(draft.lines[0]).not.toHaveProperty("discountMinor");
  });
});

describe("a transaction that sold nothing", () => {
  it("is left out whole, by name and reason, when it was suspended, cancelled or training", async () => {
    const parts = sale("5.00") + tender("5.00");
    const { entries, report, leftOut } = await read([
      retail(parts, { status: 'TransactionStatus="Suspended"' }),
      retail(parts, { sequence: 2, flags: 'CancelFlag="true"' }),
      retail(parts, { sequence: 3, flags: 'TrainingModeFlag="true"' }),
      retail(parts, { sequence: 4 }).replaceAll("RetailTransaction", "TenderControlTransaction"),
      retail(parts, { sequence: 5, flags: 'TrainingModeFlag="false" CancelFlag="false"' }),
    ]);
    expect(entries.map(({ draft }) => "reference" in draft && draft.reference)).toEqual(["9/3/2026-01-16/5"]);
    expect(report).toMatchObject({ transactions: 5, transactionsLeftOut: 4 });
    for (const name of [
      "RetailTransaction(Suspended)",
      "Transaction(cancelled)",
      "Transaction(training)",
      "TenderControlTransaction",
    ])
      expect(leftOut.get(name)).toBe(1);
  });

  it("is a transaction without money when it is a sign-on, a sign-off or anything else of the till", async () => {
    const control = (parts: string, sequence: number) =>
      retail(parts, { sequence }).replaceAll("RetailTransaction", "ControlTransaction");
    const { entries } = await read([
      control("<ReasonCode>Valid SignOn</ReasonCode><OperatorSignOn/>", 1),
      control("<NoSale>2026-01-16T10:00:00</NoSale>", 2),
      control("<OperatorSignOff/>", 3),
    ]);
    expect(entries.map(({ kind, draft }) => [kind, "type" in draft && draft.type])).toEqual([
      ["transaction", "sign-on"],
      ["transaction", "no-sale"],
      ["transaction", "sign-off"],
    ]);
    expect(entries[0]?.draft).toMatchObject({
      amountMinor: 0,
      operator: "7",
      reason: "Valid SignOn",
      reference: "9/3/2026-01-16/1",
    });
  });
});

it("counts whatever has no place: elements, attributes, text, comments", async () => {
  const extra = '<Weather temperature="20"><Sky>blue</Sky></Weather><!-- psst -->mixed';
  const { report, leftOut } = await read([retail(`${extra}${sale("5.00", "", 'Mood="good"')}${tender("5.00")}`)]);
  expect(Object.fromEntries(leftOut)).toEqual({
    "RetailTransaction/Weather": 1,
    "RetailTransaction/text()": 1,
    "RetailTransaction/LineItem/@Mood": 1,
    "comment()": 1,
  });
  expect(report?.elements).toEqual({ inFile: 23, leftOut: 2 });
  expect(report?.attributes).toEqual({ inFile: 4, leftOut: 2 });
});

it("bounds what it remembers of a file that makes up names without end", async () => {
  const names = Array.from({ length: 2500 }, (_, at) => `<a${at}/>`).join("");
  const long = `<${"b".repeat(5000)}/>`;
  const { report, leftOut } = await read([retail(`${names}${long}${sale("5.00")}${tender("5.00")}`)]);
  expect(report?.leftOut).toHaveLength(2001);
  expect(leftOut.get("(other names)")).toBe(501);
  expect(report?.elements.leftOut).toBe(2501);
  const one = await read([retail(`${long}${sale("5.00")}${tender("5.00")}`)]);
  expect(one.report?.leftOut.map(({ name }) => name.length)).toEqual([256]);
});

describe("a transaction that cannot be imported", () => {
  const good = retail(sale("5.00") + tender("5.00"), { sequence: 8 });
  const WRONG: readonly [string, string, string, string][] = [
    [
      "lines that do not make the total",
      retail(sale("5.00") + tender("6.00") + grand("6.00")),
      "RetailTransaction",
      "lines 5.00 and taxes 0.00 do not make the total, 6.00",
    ],
    [
      "tenders that do not make the total",
      retail(sale("5.00") + tender("6.00") + grand("5.00")),
      "RetailTransaction",
      "tenders 6.00 do not make the total, 5.00",
    ],
    [
      "a part of a cent",
      retail(sale("5.001") + tender("5.00")),
      "RetailTransaction/LineItem/Sale/ExtendedAmount",
      "an amount in KES such as 12.50",
    ],
    [
      "an amount that is none",
      retail(sale("5,00") + tender("5.00")),
      "RetailTransaction/LineItem/Sale/ExtendedAmount",
      'got "5,00"',
    ],
    [
      "a quantity that is none",
      retail(sale("5.00", "<Quantity>many</Quantity>") + tender("5.00")),
      "RetailTransaction/LineItem/Sale/Quantity",
      "a number such as 2 or 0.420",
    ],
    [
      "a tender without an amount",
      retail(sale("5.00") + item("<Tender/>")),
      "RetailTransaction/LineItem/Tender",
      "an element with Amount",
    ],
    [
      "a line without an item",
      retail(item("<Sale><ExtendedAmount>1.00</ExtendedAmount></Sale>")),
      "RetailTransaction/LineItem/Sale",
      "a line with an ItemID",
    ],
    [
      "a time that is none",
      retail(sale("5.00"), { time: "yesterday" }),
      "EndDateTime",
      "a time such as 2017-10-01T15:15:25",
    ],
    ["a date that is none", good.replace("2026-01-16<", "16.01.2026<"), "businessDate", "a date as YYYY-MM-DD"],
    [
      "a currency that is none",
      retail(sale("5.00") + tender("5.00"), { currency: "shilling" }),
      "currency",
      "an ISO 4217 code",
    ],
    [
      "no number",
      good.replace("<SequenceNumber>8</SequenceNumber>", ""),
      "Transaction",
      "an element with SequenceNumber",
    ],
    [
      "an amount beyond exact counting",
      retail(sale("99999999999999999.00") + tender("5.00")),
      "RetailTransaction/LineItem/Sale/ExtendedAmount",
      "an amount in KES",
    ],
  ];

  it.each(WRONG)(
    "%s: refused with transaction, element and place, before anything is recorded",
    async (_what, wrong, field, why) => {
      const refusals: Refusal[] = [];
      const { entries } = await read([good, wrong], { onRefused: (refusal) => refusals.push(refusal) });
      expect(entries).toHaveLength(1);
      expect(refusals).toMatchObject([{ line: 2, field, document: expect.stringMatching(/^9\/3\/|without a number/) }]);
      expect(refusals[0]?.message).toMatch(/^transaction (9\/3\/\S+|without a number) \(column \d+\): /);
      expect(refusals[0]?.message).toContain(why);
      const whole = expect(read([good, wrong])).rejects;
      await whole.toThrow("1 line cannot be imported. The first is line 2");
      await whole.toMatchObject({ code: "INVALID_INPUT" });
    },
  );
});

it("takes a time at its word when it names its zone", async () => {
  const times = ["2026-01-16T10:00:00Z", "2026-01-16T10:00:00.5+03:00", "2026-01-16T10:00:00"];
  const { entries } = await read(
    times.map((time, at) => retail(sale("5.00") + tender("5.00"), { time, sequence: at + 1 })),
    { timeZone: "America/Los_Angeles" },
  );
  expect(entries.map(({ draft }) => draft.occurredAt)).toEqual([
    "2026-01-16T10:00:00.000Z",
    "2026-01-16T07:00:00.500Z",
    "2026-01-16T18:00:00.000Z",
  ]);
});
