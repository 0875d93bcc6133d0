import { randomUUID } from "node:crypto";
import { type Credential, fixedKey } from "@tillsync/engine";
import { SyncError } from "@tillsync/protocol";

/** How long a person at the till waits for head office, milliseconds. Nothing of this is queued or tried again. */
const PATIENCE_MS = 10_000;

export interface HeadOfficeAnswer {
  readonly status: number;
  /** JSON text, as it came. */
  readonly text: string;
}

/** Questions of people at the till that only head office can answer, while there is a link. */
export interface HeadOffice {
  /** @throws SyncError UNREACHABLE when it does not answer, or something else does */
  ask(method: "GET" | "POST", path: string, body?: string): Promise<HeadOfficeAnswer>;
}

/** Head office by HTTP, with the till's own key or credential. */
export function httpHeadOffice({ url, key }: { readonly url: string; readonly key: string | Credential }): HeadOffice {
  const credential = typeof key === "string" ? fixedKey(key) : key;
  const once = async (shown: string, method: "GET" | "POST", path: string, body: string | undefined) => {
    const authorization = `Bearer ${shown}`;
    const headers = { authorization, ...(body === undefined ? {} : { "content-type": "application/json" }) };
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const asked = { method, headers, signal, ...(body === undefined ? {} : { body }) };
    const answer = await fetch(new URL(path, url), asked);
    const text = await answer.text();
    JSON.parse(text);
    return { status: answer.status, text };
  };
  return {
    async ask(method, path, body) {
      try {
        const shown = await credential.shown(randomUUID());
        const answer = await once(shown, method, path, body);
        if (answer.status !== 401 || !credential.refused(shown)) return answer;
        return await once(await credential.shown(randomUUID()), method, path, body);
      } catch (cause) {
        throw noAnswer(cause);
      }
    },
  };
}

export function noAnswer(cause?: unknown): SyncError {
  const message =
    "Head office does not answer. Conflicts are decided there: nothing is lost and nothing waits for it; try again when the link is back.";
  return new SyncError("UNREACHABLE", message, { part: "head office" }, cause);
}
