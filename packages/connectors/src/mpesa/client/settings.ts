import { SyncError } from "@tillsync/protocol";
import { z } from "zod";

const digits = (name: string) => z.string().regex(/^\d{5,7}$/, `${name} has 5 to 7 digits`);
const secret = z.string().min(1).max(1000);
/** Daraja refuses addresses of callbacks with one of these in it, in any case. */
const BANNED_WORDS = /m-?pesa|safaricom|exe|cmd|sql|query|ngrok/i;

/** What a shop's M-Pesa is reached with. What the sources do not agree on is a setting, with the safer choice first. */
export const darajaSettings = z
  .strictObject({
    environment: z.enum(["sandbox", "production"]),
    /** In place of Safaricom's own host: for a simulator. */
    baseUrl: z.url().optional(),
    /** A till number is paid to with `CustomerBuyGoodsOnline`, a paybill with `CustomerPayBillOnline`. */
    kind: z.enum(["paybill", "till"]),
    /** The paybill; of a till the head office or store number that it went live with. */
    shortcode: digits("shortcode"),
    /** Only of a till: the number that customers pay to. */
    till: digits("till").optional(),
    consumerKey: secret,
    consumerSecret: secret,
    passkey: secret,
    /** Who may ask for a transaction's status; without it typed codes are looked up by C2B and Pull only. */
    initiator: z.strictObject({ name: secret, securityCredential: secret }).optional(),
    /** Where M-Pesa calls back: public, and not guessable. The id of the attempt is put behind it. */
    callbackBase: z.url(),
    /** One source saw strings time out in production, another saw both work. */
    phoneAs: z.enum(["number", "string"]).default("number"),
    /** The documents name no zone; one client in production sends UTC. */
    timestampZone: z.enum(["nairobi", "utc"]).default("nairobi"),
    /** Documents say GET, clients in use send POST. */
    pullMethod: z.enum(["POST", "GET"]).default("POST"),
    /** Whether Pull was registered for the shortcode. */
    pull: z.enum(["off", "on"]).default("off"),
    /** Whether a C2B confirmation verifies a code by itself. It carries no signature, so it is a hint unless this says so. */
    trustConfirmations: z.enum(["off", "on"]).default("off"),
    /** Bound of one call, in milliseconds. */
    timeoutMs: z.int().min(1000).max(120_000).default(30_000),
  })
  .superRefine((settings, context) => {
    const wrong = (field: string, message: string) => context.addIssue({ code: "custom", path: [field], message });
    if (settings.kind === "till" && settings.till === undefined) wrong("till", "a till needs its till number");
    const { callbackBase } = settings;
    if (BANNED_WORDS.test(callbackBase)) wrong("callbackBase", "M-Pesa refuses addresses with such a word in it");
    if (settings.environment === "production" && !callbackBase.startsWith("https://"))
      wrong("callbackBase", "production calls back over https:// only");
    const host = /^[a-z]+:\/\/([^/]*)/i.exec(callbackBase)?.[1] ?? "";
    if (host !== host.toLowerCase()) wrong("callbackBase", "the host has to be in lower case");
  });

export type DarajaSettings = z.infer<typeof darajaSettings>;

/** @throws SyncError CONFIG_INVALID, which names the field and never shows a value */
export function readDarajaSettings(given: unknown): DarajaSettings {
  const read = darajaSettings.safeParse(given);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const field = issue?.path.join(".") || (issue?.code === "unrecognized_keys" ? issue.keys.join(", ") : "(all)");
  throw new SyncError("CONFIG_INVALID", `M-Pesa setting ${field}: ${issue?.message ?? "wrong"}.`, { field });
}

const HOSTS = { sandbox: "https://sandbox.safaricom.co.ke", production: "https://api.safaricom.co.ke" } as const;

export function baseUrlOf({ baseUrl, environment }: DarajaSettings): string {
  return (baseUrl ?? HOSTS[environment]).replace(/\/+$/, "");
}
