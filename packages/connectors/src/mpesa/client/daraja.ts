import type { Reply } from "@tillsync/lanes";
import type { Send } from "../../client/http.ts";
import { isBadToken } from "../outcomes/errors.ts";
import { baseUrlOf, type DarajaSettings } from "./settings.ts";
import { SharedToken } from "./token.ts";

export const PATHS = {
  token: "/oauth/v1/generate?grant_type=client_credentials",
  push: "/mpesa/stkpush/v1/processrequest",
  query: "/mpesa/stkpushquery/v1/query",
  status: "/mpesa/transactionstatus/v1/query",
  register: "/mpesa/c2b/v2/registerurl",
  pullRegister: "/pulltransactions/v1/register",
  pull: "/pulltransactions/v1/query",
} as const;

export type Operation = Exclude<keyof typeof PATHS, "token">;

/** Time as this client needs it. */
export interface DarajaClock {
  wallMs(): number;
  monotonicMs(): number;
}

/** Calls M-Pesa, each call once. Never throws for what the network or M-Pesa does. */
export class Daraja {
  readonly settings: DarajaSettings;
  readonly clock: DarajaClock;
  readonly #send: Send;
  readonly #token: SharedToken;

  constructor(settings: DarajaSettings, send: Send, clock: DarajaClock) {
    this.settings = settings;
    this.clock = clock;
    this.#send = send;
    const { consumerKey, consumerSecret, timeoutMs } = settings;
    const authorization = `Basic ${Buffer.from(`${consumerKey}:${consumerSecret}`).toString("base64")}`;
    const url = `${baseUrlOf(settings)}${PATHS.token}`;
    // Whoever asked first may give up; the others still wait for it.
    const ask = () =>
      send({ method: "GET", url, headers: { authorization }, timeoutMs }, AbortSignal.timeout(timeoutMs));
    this.#token = new SharedToken(ask, () => clock.monotonicMs());
  }

  async call(operation: Operation, body: object, signal: AbortSignal): Promise<Reply> {
    const first = await this.#once(operation, body, signal);
    // Refused at the door: certainly nothing was carried out, so even a push may be sent again, once.
    if (first.token === null || !isBadToken(first.reply)) return first.reply;
    this.#token.bad(first.token);
    return (await this.#once(operation, body, signal)).reply;
  }

  async #once(
    operation: Operation,
    body: object,
    signal: AbortSignal,
  ): Promise<{ reply: Reply; token: string | null }> {
    const got = await this.#token.get();
    if (got.token === null) {
      const message = `M-Pesa gave no token, so nothing was sent: ${got.why}`;
      return { token: null, reply: { kind: "silence", arrived: "no", code: "UNREACHABLE", message } };
    }
    const headers = { authorization: `Bearer ${got.token}`, "content-type": "application/json" };
    const method = operation === "pull" ? this.settings.pullMethod : "POST";
    const url = `${baseUrlOf(this.settings)}${PATHS[operation]}`;
    const { timeoutMs } = this.settings;
    const reply = await this.#send({ method, url, headers, body: JSON.stringify(body), timeoutMs }, signal);
    return { token: got.token, reply };
  }
}
