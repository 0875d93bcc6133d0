import { z } from "zod";

/**
 * What a control unit does differently from another: where the documents and what was seen live contradict each other,
 * both behaviours are here. The descriptions are what docs/simulators.md says.
 */
export const etimsSettings = z.strictObject({
  wire: z
    .enum(["direct", "gateway", "vscu"])
    .describe("Which wire is spoken: OSCU direct, OSCU behind the integrators' gateway, or VSCU."),
  counterScope: z
    .enum(["branch", "tin"])
    .describe("Who has an invoice counter: each branch (specification), or the PIN (seen on the gateway)."),
  gaps: z.enum(["refuse", "tolerate"]).describe("What becomes of a number above the expected one."),
  duplicateAnswer: z
    .enum(["wire", "994", "899", "text"])
    .describe("How a number that was used is refused; `wire`: 994 direct, 899 VSCU, text on the gateway."),
  gapAnswer: z
    .enum(["wire", "910", "899", "text"])
    .describe("How a number above the expected one is refused; `wire`: 910 direct, 899 VSCU, text on the gateway."),
  numberWording: z.enum(["expected-value", "sequence"]).describe("Which of the two live texts says so."),
  refusalStatus: z.enum(["400", "200"]).describe("HTTP status of a refusal on the gateway (shapes 1 and 2)."),
  emptyStatus: z.enum(["200", "400"]).describe("HTTP status of result 001 on the gateway (shape 3 is 400)."),
  successCode: z
    .enum(["wire", "000", "00", "0", "0000"])
    .describe("What success is called; `wire`: 0000 on the gateway, else 000."),
  keysFrom: z.enum(["headers", "headers-or-body"]).describe("Where tin, bhfId and cmcKey count (not VSCU)."),
  rateE: z.enum(["8", "0"]).describe("Percent of tax type E: 8 in the code list, 0 in one live rule check."),
  amountRule: z
    .enum(["inclusive", "old-sample", "off"])
    .describe("How taxblAmt follows from totAmt: without its tax (live), equal to it (old sample), or not looked at."),
  walkIn: z.enum(["null", "A000000000D"]).describe("What custTin and custNm of an unknown buyer must be."),
  packageUnits: z.enum(["NT", "CTN"]).describe("Which of the two is in the list of packaging units."),
  stockOrder: z.enum(["wire", "enforced", "free"]).describe("Whether goods must be in stock; `wire`: on the gateway."),
  receiptCounter: z.enum(["one", "per-type"]).describe("Whether sales and credit notes share curRcptNo."),
  creditNoteChecks: z
    .enum(["strict", "original-only"])
    .describe("Whether buyer and amounts are compared with the original too, or only that it exists."),
  lookUpWindowDays: z.int().min(1).nullable().describe("How old lastReqDt may be, in days; one document says 7."),
  lookUpsPerMinute: z.int().min(1).nullable().describe("Look-ups in 60 s before 990."),
  oldestSaleDays: z.int().min(1).nullable().describe("How old salesDt may be, in days; unknown of KRA."),
  itemDigits: z.enum(["7", "8", "either"]).describe("Digits of the sequence in itemCd."),
  vscuSecondStep: z.enum(["none", "saveInvoice"]).describe("Whether a VSCU signs at saveSales, or at saveInvoice."),
  vscuDateKey: z.enum(["vsdcRcptPbctDate", "VSCURcptPbctDate"]).describe("How a VSCU spells that key."),
  vscuLookUp: z.enum(["select", "none"]).describe("Whether a VSCU can be asked for an invoice."),
  vscuCeiling: z.enum(["503", "refused", "894"]).describe("How it refuses after 24 h without KRA."),
  vscuStorage: z.int().min(1).describe("Invoices that its storage holds before E11."),
  tokenSeconds: z.int().min(1).describe("How long a token of the gateway is good, in seconds."),
  consumerKey: z.string().min(1).describe("Who may have a token of the gateway."),
  consumerSecret: z.string().min(1).describe("The secret of that."),
});

export type EtimsSettings = z.infer<typeof etimsSettings>;

export const DEFAULT_ETIMS_SETTINGS: EtimsSettings = {
  wire: "direct",
  counterScope: "branch",
  gaps: "refuse",
  duplicateAnswer: "wire",
  gapAnswer: "wire",
  numberWording: "expected-value",
  refusalStatus: "400",
  emptyStatus: "200",
  successCode: "wire",
  keysFrom: "headers-or-body",
  rateE: "8",
  amountRule: "inclusive",
  walkIn: "null",
  packageUnits: "NT",
  stockOrder: "wire",
  receiptCounter: "one",
  creditNoteChecks: "strict",
  lookUpWindowDays: null,
  lookUpsPerMinute: null,
  oldestSaleDays: null,
  itemDigits: "either",
  vscuSecondStep: "none",
  vscuDateKey: "vsdcRcptPbctDate",
  vscuLookUp: "select",
  vscuCeiling: "503",
  vscuStorage: 10_000,
  tokenSeconds: 3599,
  consumerKey: "tillsync",
  consumerSecret: "tillsync-secret",
};
