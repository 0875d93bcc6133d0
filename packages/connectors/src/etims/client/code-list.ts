import type { Reply } from "@tillsync/lanes";
import { stampOf } from "../../client/nairobi.ts";
import { type KraCodes, readKraCodes } from "../invoice/kra-codes.ts";
import { hear } from "./envelope.ts";
import { classify } from "./result-classes.ts";
import type { EtimsClientSettings } from "./settings.ts";
import type { ControlUnit } from "./unit.ts";

const DAY_MS = 86_400_000;

/** What a list is asked with: everything since then. */
export function sinceBody({ lookBackDays }: Pick<EtimsClientSettings, "lookBackDays">, nowMs: number) {
  return { lastReqDt: lookBackDays === null ? "20180101000000" : stampOf(nowMs - lookBackDays * DAY_MS) };
}

/**
 * KRA's codes as they are now, or the reply that has none: then those that were read before stay in use.
 *
 * @throws SyncError INVALID_INPUT for a list without a rate or a unit
 */
export async function askKraCodes(unit: ControlUnit, nowMs: number, signal: AbortSignal): Promise<KraCodes | Reply> {
  const reply = await unit.call("codes", sinceBody(unit.settings, nowMs), signal);
  if (reply.kind === "silence") return reply;
  const said = hear(reply.text);
  return classify(reply.status, said).class === "done" && said?.data ? readKraCodes(said.data) : reply;
}
