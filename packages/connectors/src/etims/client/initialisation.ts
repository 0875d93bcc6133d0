import { type Heard, hear, objectAt, textAt } from "./envelope.ts";
import { registrationOutcome } from "./outcomes.ts";
import { type DeviceKeys, readDeviceKeys, type SecretStore } from "./secrets.ts";
import type { ControlUnit } from "./unit.ts";

/** How an initialisation ended. None of it holds a key. */
export type Initialised =
  /** The key is stored. `taxpayer` is the name that KRA has. */
  | { readonly verdict: "initialised"; readonly sdcId: string; readonly taxpayer: string | undefined }
  /** It was before, and its key is stored: KRA was not asked, for repeated calls have spoilt devices. */
  | { readonly verdict: "already"; readonly sdcId: string }
  /** KRA gave the key to somebody and gives it once: an operator brings the key, or asks KRA for a new device. */
  | { readonly verdict: "key-given-before"; readonly message: string }
  /** Nothing happened; it may be tried again. */
  | { readonly verdict: "retry"; readonly code: string; readonly message: string }
  /** Something has to be put right first: the settings, or the device at KRA. */
  | { readonly verdict: "refused"; readonly code: string; readonly message: string }
  /** The key may have been given and lost. Trying again is a person's decision. */
  | { readonly verdict: "unknown"; readonly code: string; readonly message: string };

/**
 * Initialises a control unit, once. The key is stored before anything else happens with it.
 *
 * @throws what the store throws, before KRA was asked
 */
export async function initialise(unit: ControlUnit, secrets: SecretStore, signal: AbortSignal): Promise<Initialised> {
  const stored = await readDeviceKeys(secrets);
  if (stored !== undefined) return { verdict: "already", sdcId: stored.sdcId };
  // A key that is given once needs a place before it is asked for.
  await secrets.write("trial", "");
  const { tin, bhfId, dvcSrlNo, mode } = unit.settings;
  const reply = await unit.call("initialise", { tin, bhfId, dvcSrlNo }, signal);
  const outcome = registrationOutcome(reply);
  if (outcome.verdict === "retry" && outcome.code === "902")
    return { verdict: "key-given-before", message: "KRA has initialised this device before, and its key is not here." };
  if (outcome.verdict === "retry" && outcome.blocksLane === undefined)
    return { verdict: "retry", code: outcome.code, message: outcome.message };
  if (outcome.verdict === "unknown") return outcome;
  if (outcome.verdict !== "accepted") return { verdict: "refused", code: outcome.code, message: outcome.message };
  const info = reply.kind === "answer" ? objectAt(hear(reply.text)?.data ?? {}, "info") : undefined;
  const keys = info === undefined ? undefined : keysIn(info);
  if (info === undefined || keys === undefined || (mode !== "vscu" && keys.cmcKey === null))
    return { verdict: "unknown", code: "NO_KEY", message: "KRA says that it succeeded and gives no key." };
  try {
    await secrets.write("device", JSON.stringify(keys));
  } catch {
    const message = "KRA gave the key and it could not be stored: ask KRA to set the device back.";
    return { verdict: "unknown", code: "KEY_NOT_STORED", message };
  }
  return { verdict: "initialised", sdcId: keys.sdcId, taxpayer: textAt(info, "taxprNm") };
}

function keysIn(info: Heard): DeviceKeys | undefined {
  const sdcId = textAt(info, "sdcId");
  if (sdcId === undefined) return undefined;
  const [cmcKey = null, mrcNo = null, dvcId = null] = ["cmcKey", "mrcNo", "dvcId"].map((name) => textAt(info, name));
  return { cmcKey, sdcId, mrcNo, dvcId };
}
