import { parseAs } from "@tillsync/protocol";
import { z } from "zod";
import { ETIMS_MODES, type EtimsOperation, PATHS } from "./paths.ts";

/** A KRA PIN: a letter, nine digits, a letter. */
export const KRA_PIN = /^[A-Z]\d{9}[A-Z]$/;

const paths = z.partialRecord(
  z.enum(Object.keys(PATHS) as [EtimsOperation, ...EtimsOperation[]]),
  z.string().regex(/^\/\S+$/, "a path such as /saveItem"),
);

/** The receipt block of a request has room for so much. */
const shop = z.strictObject({
  tradeName: z.string().max(20).optional(),
  address: z.string().max(200).optional(),
  topMessage: z.string().max(200).optional(),
  bottomMessage: z.string().max(200).optional(),
});

/** One control unit. Keys are not in here: they come from a `SecretStore`. */
const schema = z.strictObject({
  mode: z.enum(ETIMS_MODES),
  environment: z.enum(["sandbox", "production"]),
  /** With its folder, as KRA gave it: of the gateway's production address sources give three, so none is built in. */
  baseUrl: z.string().refine(isSafeUrl, "an https address, or http of a unit in the shop's own network"),
  /** Gateway only: where a token is to be had. */
  tokenUrl: z.string().refine(isSafeUrl, "an https address").optional(),
  /** Gateway only: `apigee_app_id`. */
  appId: z.string().min(1).max(200).optional(),
  tin: z.string().regex(KRA_PIN, "a KRA PIN such as P051234567X"),
  bhfId: z.string().regex(/^\d\d$/, "the two digits of the branch as KRA gave them, such as 00"),
  dvcSrlNo: z.string().min(1).max(100),
  /** Of the store, before the receipt number in `trdInvcNo`. */
  storeCode: z.string().regex(/^[A-Za-z0-9]{1,20}$/, "letters and digits, at most 20"),
  shop: shop.optional(),
  /** For one call, milliseconds. */
  timeoutMs: z.int().min(1_000).max(300_000).optional(),
  /** Paths that differ from the usual ones, by operation. */
  paths: paths.optional(),
  /** Whether `cmcKey` stands in the body as well as in the headers (OSCU). */
  cmcKeyInBody: z.boolean().optional(),
  /** What stands for an unknown buyer: null, or the PIN that one VSCU demands. */
  walkIn: z.enum(["null", "A000000000D"]).optional(),
  /** `prchrAcptcYn`. */
  buyerAccepts: z.enum(["N", "Y"]).optional(),
  /** Whether a VSCU can be asked for an invoice. Where it cannot, a person decides what became of a lost answer. */
  vscuLookUp: z.enum(["select", "none"]).optional(),
  /** Digits of the sequence in an item code of ours: 7, and 8 worked for one integrator. */
  itemDigits: z.enum(["7", "8"]).optional(),
  /** How far back `lastReqDt` may reach, days; null: to 2018, as most clients do. One document says 7. */
  lookBackDays: z.int().min(1).max(3_660).nullable().optional(),
});

export type EtimsClientSettings = z.infer<typeof schema> & typeof DEFAULTS & { readonly timeoutMs: number };

const DEFAULTS: {
  readonly cmcKeyInBody: boolean;
  readonly walkIn: "null" | "A000000000D";
  readonly buyerAccepts: "N" | "Y";
  readonly vscuLookUp: "select" | "none";
  readonly itemDigits: "7" | "8";
  readonly lookBackDays: number | null;
} = {
  cmcKeyInBody: true,
  walkIn: "null",
  buyerAccepts: "N",
  vscuLookUp: "select",
  itemDigits: "7",
  lookBackDays: null,
};

/** Clients in use wait 30 s to 120 s for KRA, which is often congested; a VSCU in the shop needs some 2 s. */
const TIMEOUT_MS = { "oscu-direct": 60_000, "oscu-gateway": 60_000, vscu: 15_000 } as const;

/**
 * Settings of one control unit, with what was left out filled in.
 *
 * @throws SyncError CONFIG_INVALID naming the field, what it wants and what came
 */
export function readEtimsSettings(given: unknown): EtimsClientSettings {
  const read = parseAs(schema.superRefine(gatewayNeeds), given, "CONFIG_INVALID");
  const told = Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined)) as typeof read;
  return { ...DEFAULTS, ...told, timeoutMs: told.timeoutMs ?? TIMEOUT_MS[read.mode] } as EtimsClientSettings;
}

/** Only the gateway has tokens, and it has nothing without them. */
function gatewayNeeds(read: z.infer<typeof schema>, context: z.RefinementCtx): void {
  if (read.mode !== "oscu-gateway") return;
  for (const name of ["tokenUrl", "appId"] as const)
    if (read[name] === undefined)
      context.addIssue({ code: "custom", path: [name], message: `needed for the mode oscu-gateway` });
}

/** Keys go with each call, so plain http is for what is in the same house. */
function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== "" || password !== "") return false;
  if (protocol === "https:") return true;
  return protocol === "http:" && isOfTheHouse(hostname);
}

/** Loopback, private addresses (RFC 1918) and names without a dot. */
function isOfTheHouse(host: string): boolean {
  if (host === "[::1]" || /^(127|10)\.|^192\.168\.|^172\.(1[6-9]|2\d|3[01])\./.test(host)) return true;
  return !host.includes(".") && !host.includes(":");
}
