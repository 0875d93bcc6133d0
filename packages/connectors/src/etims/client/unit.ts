import type { Reply } from "@tillsync/lanes";
import { SyncError } from "@tillsync/protocol";
import type { Send } from "../../client/http.ts";
import { hear } from "./envelope.ts";
import { type EtimsOperation, urlOf } from "./paths.ts";
import { type DeviceKeys, readDeviceKeys, readGatewayKeys, type SecretStore } from "./secrets.ts";
import type { EtimsClientSettings } from "./settings.ts";

export interface UnitPorts {
  readonly send: Send;
  readonly secrets: SecretStore;
  /** Milliseconds since 1970, for the age of a token. */
  readonly wallMs: () => number;
}

/** A token is given up so long before it ends, so that none ends on its way. */
const TOKEN_MARGIN_MS = 60_000;

/** Calls to one control unit, with its keys. It repeats nothing and keeps nothing but the gateway's token. */
export class ControlUnit {
  readonly settings: EtimsClientSettings;
  readonly #ports: UnitPorts;
  #token: { readonly text: string; readonly untilMs: number } | undefined;

  constructor(settings: EtimsClientSettings, ports: UnitPorts) {
    this.settings = settings;
    this.#ports = ports;
  }

  /** One call. Never throws: where nothing could be sent for want of keys or a token, the reply says so. */
  async call(operation: EtimsOperation, body: object, signal: AbortSignal): Promise<Reply> {
    const { settings } = this;
    const { tin, bhfId, mode } = settings;
    const keys = operation === "initialise" ? undefined : await this.#deviceKeys();
    if (keys !== undefined && "kind" in keys) return keys;
    const token = mode === "oscu-gateway" ? await this.#tokenHeaders(signal) : {};
    if ("kind" in token) return token as Reply;
    const cmcKey = mode === "vscu" ? null : (keys?.cmcKey ?? null);
    const inBody = cmcKey !== null && settings.cmcKeyInBody ? { cmcKey } : {};
    const device = mode === "vscu" ? {} : { tin, bhfId, ...(cmcKey === null ? {} : { cmcKey }) };
    const reply = await this.#ports.send(
      {
        method: "POST",
        url: urlOf(settings, operation),
        headers: { "content-type": "application/json", ...device, ...token },
        body: JSON.stringify({ tin, bhfId, ...inBody, ...body }),
        timeoutMs: settings.timeoutMs,
      },
      signal,
    );
    if (isTokenRefused(reply)) this.#token = undefined;
    return reply;
  }

  async #deviceKeys(): Promise<DeviceKeys | Reply> {
    try {
      const keys = await readDeviceKeys(this.#ports.secrets);
      if (keys !== undefined && (this.settings.mode === "vscu" || keys.cmcKey !== null)) return keys;
      return notSent("The control unit is not initialised yet: `cmcKey` is missing.");
    } catch (cause) {
      return notSent(`The keys of the control unit cannot be read${namedBy(cause)}.`);
    }
  }

  async #tokenHeaders(signal: AbortSignal): Promise<Record<string, string> | Reply> {
    const { tokenUrl = "", appId = "", timeoutMs } = this.settings;
    if (this.#token === undefined || this.#token.untilMs <= this.#ports.wallMs()) {
      let reply: Reply;
      try {
        const keys = await readGatewayKeys(this.#ports.secrets);
        if (keys === undefined) return notSent("The gateway's consumer key and secret are not set.");
        const basic = Buffer.from(`${keys.consumerKey}:${keys.consumerSecret}`).toString("base64");
        const url = `${tokenUrl}${tokenUrl.includes("?") ? "&" : "?"}grant_type=client_credentials`;
        // It has to be a GET, or the gateway answers as for a wrong secret.
        const headers = { authorization: `Basic ${basic}` };
        reply = await this.#ports.send({ method: "GET", url, headers, timeoutMs }, signal);
      } catch (cause) {
        return notSent(`The gateway's keys cannot be read${namedBy(cause)}.`);
      }
      const token = readToken(reply, this.#ports.wallMs());
      if ("kind" in token) return token;
      this.#token = token;
    }
    return { authorization: `Bearer ${this.#token.text}`, apigee_app_id: appId };
  }
}

function readToken(reply: Reply, nowMs: number): { text: string; untilMs: number } | Reply {
  if (reply.kind === "silence") return { ...reply, arrived: "no" };
  const { access_token: text, expires_in: seconds } = (objectOf(reply.text) ?? {}) as Record<string, unknown>;
  if (reply.status === 200 && typeof text === "string" && /^[\x21-\x7e]{1,4000}$/.test(text)) {
    const forMs = Number(seconds) > 0 ? Number(seconds) * 1000 : 0;
    return { text, untilMs: nowMs + Math.max(forMs - TOKEN_MARGIN_MS, 0) };
  }
  const why = reply.status === 400 || reply.status === 401 ? ": the consumer key or secret is wrong" : "";
  return notSent(`The gateway gave no token (HTTP ${reply.status})${why}.`);
}

function objectOf(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function isTokenRefused(reply: Reply): boolean {
  if (reply.kind !== "answer") return false;
  return reply.status === 401 || hear(reply.text)?.headerCode === 401;
}

/** Nothing of the item itself left this machine. */
function notSent(message: string): Reply {
  return { kind: "silence", arrived: "no", code: "UNREACHABLE", message };
}

function namedBy(cause: unknown): string {
  return cause instanceof SyncError && cause.details.field ? ` (${cause.details.field})` : "";
}
