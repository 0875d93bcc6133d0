import type { Observation } from "@tillsync/lanes";
import { Agent, request } from "undici";
import type { Probe } from "../ports.ts";
import { centreUrl } from "./centre-url.ts";

/** The centre's own answer has some fifty bytes; a portal's page is not read to its end. */
const MAX_ANSWER_BYTES = 4_096;

/**
 * Asks the centre's `/health/ready`: not only a process that lives, but one whose database answers, so that what it says is
 * worth an attempt. On a connection of its own, since the other one may be the one that hangs.
 *
 * @throws SyncError CONFIG_INVALID when the URL is none
 */
export function httpProbe(url: string): Probe & { close(): Promise<void> } {
  const target = centreUrl(url, "health/ready");
  const agent = new Agent({ connections: 1, pipelining: 1, connect: { timeout: 5_000 }, keepAliveTimeout: 60_000 });
  return {
    close: () => agent.close(),
    ask: async (_target, signal) => {
      try {
        const { statusCode, body } = await request(target, { dispatcher: agent, signal });
        return judge(statusCode, await readSome(body));
      } catch {
        return "silent";
      }
    },
  };
}

async function readSome(body: AsyncIterable<Buffer>): Promise<string> {
  let text = "";
  for await (const chunk of body) {
    text += chunk.toString("latin1");
    if (text.length > MAX_ANSWER_BYTES) return "";
  }
  return text;
}

/** Only what our own server says when it can work is a proper answer; a captive portal's 200 is none. */
export function judge(status: number, text: string): Observation {
  if (status !== 200) return "troubled";
  try {
    const { status: word, parts } = JSON.parse(text) as { status?: unknown; parts?: { database?: unknown } };
    return word === "ok" && parts?.database === "up" ? "proper" : "troubled";
  } catch {
    return "troubled";
  }
}
