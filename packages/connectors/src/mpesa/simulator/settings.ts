import { z } from "zod";

/** What differs between documents and what was seen live. The descriptions are what docs/simulators.md says. */
export const mpesaSettings = z.strictObject({
  consumerKey: z.string().min(1).describe("Who may have a token."),
  consumerSecret: z.string().min(1).describe("The secret of that."),
  passkey: z.string().min(1).describe("What the password of a push is made with."),
  shortcode: z
    .string()
    .regex(/^\d{5,7}$/)
    .describe("Paybill, or head office number of the till."),
  till: z
    .string()
    .regex(/^\d{5,7}$/)
    .describe("Till number, the PartyB of CustomerBuyGoodsOnline."),
  initiator: z.string().min(1).describe("Who may ask for a transaction's status."),
  environment: z
    .enum(["sandbox", "production"])
    .describe("Production demands HTTPS for callbacks and registers C2B addresses once."),
  tokenSeconds: z.int().min(1).describe("How long a token is good, in seconds."),
  expiresIn: z.enum(["string", "number"]).describe("Type of expires_in: a string live, a number in the documents."),
  tokens: z.enum(["single", "many"]).describe("Whether a new token ends the one before."),
  phoneNumbers: z
    .enum(["number-or-string", "string-times-out"])
    .describe("Whether PartyA and PhoneNumber as strings work (sandbox), or end in 1037 (production)."),
  upperCaseHost: z.enum(["allowed", "refused"]).describe("Whether a callback's host may have upper case."),
  balance: z.enum(["absent", "no-value", "value"]).describe("What the callback of a payment says of Balance."),
  wording: z.enum(["documents", "live"]).describe("Which texts go with the result codes; map on the code only."),
  callbackCopies: z.int().min(1).max(5).describe("How often each callback is sent: 1 seen live, more in blogs."),
  callbackRetries: z.int().min(0).max(5).describe("How often a callback that got no 200 is sent again; 0 seen live."),
  callbackDelayMs: z.int().min(0).describe("From the end of a push to its callback, in ms."),
  promptMs: z.int().min(1).describe("How long a prompt stays on the phone, in ms; about 60 s."),
  noAnswerMs: z.int().min(1).describe("When a push to a phone that is off ends with 1037, in ms; 26 s seen live."),
  approveMs: z.int().min(0).describe("How long a phone that answers by itself takes, in ms."),
  twoMinuteRule: z
    .enum(["on", "off"])
    .describe("Whether the same amount to the same phone within 2 minutes of a payment ends with 17."),
  spikeArrest: z.int().min(1).nullable().describe("Requests a second before 500.003.02; the real limit is unknown."),
  quota: z.int().min(1).nullable().describe("Requests in all before 500.003.03."),
  queryEnabled: z.enum(["yes", "no"]).describe("Whether STK Query answers for this shortcode (401.001 when not)."),
  queryNoAnswer: z.number().min(0).max(1).describe("Share of queries that get 500.001.1001 with no text."),
  unknownQuery: z
    .enum(["processing", "not-exist", "empty"])
    .describe("Which text STK Query has for an id that it does not know."),
  statusDelayMs: z.int().min(0).describe("From a status query to its result, in ms; 85 s seen live."),
  wrongCredential: z.enum(["2001", "silence"]).describe("What a status query with a wrong credential comes to."),
  singleParameter: z.enum(["array", "object"]).describe("How a status result writes a single parameter."),
  stkConfirms: z.enum(["no", "yes"]).describe("Whether a paid push is told as a C2B payment too; unknown live."),
  validation: z.enum(["off", "on"]).describe("Whether C2B payments are asked about first."),
  validationMs: z.int().min(1).describe("How long a validation may take, in ms; about 8 s."),
  msisdn: z.enum(["masked", "hashed"]).describe("How C2B tells the payer's number: v2 masks, v1 hashes."),
  pullMethod: z.enum(["either", "POST", "GET"]).describe("How Pull is queried: GET in documents, POST in SDKs."),
});

export type MpesaSettings = z.infer<typeof mpesaSettings>;

export const DEFAULT_MPESA_SETTINGS: MpesaSettings = {
  consumerKey: "tillsync",
  consumerSecret: "tillsync-secret",
  passkey: "tillsync-passkey",
  shortcode: "600134",
  till: "600135",
  initiator: "tillsync",
  environment: "sandbox",
  tokenSeconds: 3600,
  expiresIn: "string",
  tokens: "single",
  phoneNumbers: "number-or-string",
  upperCaseHost: "allowed",
  balance: "no-value",
  wording: "documents",
  callbackCopies: 1,
  callbackRetries: 0,
  callbackDelayMs: 1000,
  promptMs: 60_000,
  noAnswerMs: 26_000,
  approveMs: 5000,
  twoMinuteRule: "on",
  spikeArrest: null,
  quota: null,
  queryEnabled: "yes",
  queryNoAnswer: 0,
  unknownQuery: "not-exist",
  statusDelayMs: 2000,
  wrongCredential: "2001",
  singleParameter: "array",
  stkConfirms: "no",
  validation: "off",
  validationMs: 8000,
  msisdn: "masked",
  pullMethod: "either",
};
