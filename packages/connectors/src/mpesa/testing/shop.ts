import type { Reply } from "@tillsync/lanes";
import type { WireCall } from "../../client/http.ts";
import { draw, type MachineState } from "../../simulator/machine.ts";
import { Daraja } from "../client/daraja.ts";
import { type DarajaSettings, readDarajaSettings } from "../client/settings.ts";
import { DEFAULT_MPESA_SETTINGS } from "../simulator/settings.ts";
import type { Talk } from "../simulator/testing/talk.ts";

export const SHOP_SETTINGS: DarajaSettings = readDarajaSettings({
  environment: "sandbox",
  kind: "paybill",
  shortcode: DEFAULT_MPESA_SETTINGS.shortcode,
  consumerKey: DEFAULT_MPESA_SETTINGS.consumerKey,
  consumerSecret: DEFAULT_MPESA_SETTINGS.consumerSecret,
  passkey: DEFAULT_MPESA_SETTINGS.passkey,
  initiator: { name: DEFAULT_MPESA_SETTINGS.initiator, securityCredential: "credential" },
  callbackBase: "https://shop.example/cb/5f",
  pull: "on",
});

/** The client on the simulated service, without HTTP and on the simulator's clock. */
export function shopOn(talk: Talk, changes: Partial<DarajaSettings> = {}): Daraja {
  const clock = { wallMs: () => talk.nowMs, monotonicMs: () => talk.nowMs };
  return new Daraja({ ...SHOP_SETTINGS, ...changes }, async (request) => carry(talk, request), clock);
}

function carry(talk: Talk, { method, url, headers, body }: WireCall): Reply {
  const { pathname, searchParams } = new URL(url);
  const query = Object.fromEntries(searchParams);
  const { reply } = talk.send({ method, path: pathname, query, headers, body: body ?? "" });
  if (reply.answer === null) return { kind: "silence", arrived: "perhaps", code: "CUT_OFF", message: "Cut off." };
  return { kind: "answer", status: reply.answer.status, text: reply.answer.body };
}

export const signal = new AbortController().signal;

/** Chance of one seed. */
export class Dice {
  readonly #state: Pick<MachineState, "chance">;
  constructor(seed: number) {
    this.#state = { chance: seed };
  }
  roll(): number {
    return draw(this.#state as MachineState);
  }
  chance(share: number): boolean {
    return this.roll() < share;
  }
  one<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.roll() * choices.length)] as T;
  }
  hex(): string {
    return Array.from({ length: 32 }, () => Math.floor(this.roll() * 16).toString(16)).join("");
  }
}
