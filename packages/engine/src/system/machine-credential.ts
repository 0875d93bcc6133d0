import { SyncError } from "@tillsync/protocol";
import { Agent, request as httpRequest } from "undici";
import { type Credential, Tokens } from "../credential.ts";
import { centreUrl } from "./centre-url.ts";
import { systemClock } from "./clock.ts";
import { asNetworkError, parseJson, readRefusal, readText } from "./http-answer.ts";
import { GRANT_FILE, grantSays, keepGrantText, readGrantText, readMachineKey, signAssertion } from "./machine-key.ts";

/** For one question, milliseconds: an answer is small. */
const TIMEOUT_MS = 10_000;

export interface MachineCredential extends Credential {
  readonly access: Tokens["access"];
}

/**
 * Tokens for the machine that was enrolled in a folder; undefined when none was.
 *
 * @throws SyncError CONFIG_INVALID when its files cannot be read
 */
export function machineCredential(folder: string, url: string): MachineCredential | undefined {
  const key = readMachineKey(folder);
  const first = readGrantText(folder);
  if (key === undefined || first === undefined) return undefined;
  const { iss: centreId, sub: terminal, cnf } = grantSays(first);
  if (cnf.jwk.x !== key.x) {
    const message = `The key and ${GRANT_FILE} in ${folder} do not belong together: enrol this machine again.`;
    throw new SyncError("CONFIG_INVALID", message, { field: GRANT_FILE });
  }
  // A question every twelve minutes: its connection is not kept, and nothing has to be closed.
  const agent = new Agent({ connections: 1, pipelining: 0, connect: { timeout: 5_000 } });
  const target = centreUrl(url, "api/token");
  const tokens = new Tokens({
    clock: systemClock,
    sign: (nowS) => signAssertion(key, { terminal, centreId }, nowS),
    // Read each time: another process of this till may have kept a later one.
    grant: () => readGrantText(folder) ?? first,
    keepGrant: (grant) => {
      try {
        keepGrantText(folder, grant);
      } catch {
        // A disk that takes nothing now: the next answer brings it again.
      }
    },
    ask: (body, correlationId) => post(agent, target, { body, correlationId, url }),
  });
  return {
    shown: (correlationId) => tokens.shown(correlationId),
    refused: (shown) => tokens.refused(shown),
    get access() {
      return tokens.access;
    },
  };
}

async function post(
  dispatcher: Agent,
  target: URL | string,
  { body, correlationId, url }: { body: object; correlationId: string; url: string },
): Promise<unknown> {
  try {
    const answer = await httpRequest(target, {
      method: "POST",
      dispatcher,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { "content-type": "application/json", accept: "application/json", "x-correlation-id": correlationId },
      body: JSON.stringify(body),
    });
    const text = await readText(answer);
    if (answer.statusCode !== 200) throw readRefusal(answer.statusCode, answer.headers, text);
    return parseJson(text);
  } catch (cause) {
    throw asNetworkError(cause, url);
  }
}
