import { promisify } from "node:util";
import { zstdCompress } from "node:zlib";
import { isErrorCode, parseAs, SyncError } from "@tillsync/protocol";
import { Agent, request } from "undici";
import { z } from "zod";
import type { BackupDestination, BackupFile, Piece, Standing } from "./destination.ts";

const compress = promisify(zstdCompress);
const standing = z.strictObject({ received: z.int().min(0), whole: z.boolean() });

/** An answer has some fifty bytes. */
const MAX_ANSWER_BYTES = 64 * 1024;

export interface CentreOptions {
  readonly url: string;
  /** What to show: a key, or whatever gives one that holds now. */
  readonly key: string | (() => Promise<string>);
  readonly terminal: string;
  /** For one piece, milliseconds. Default 60,000: 192 KiB at 4 KB/s. */
  readonly timeoutMs?: number | undefined;
}

/** The centre, by HTTP on a connection of its own: it never stands in the way of an exchange. */
export function centreDestination({ url, key, terminal, timeoutMs = 60_000 }: CentreOptions): BackupDestination {
  const agent = new Agent({ connections: 1, pipelining: 1, connect: { timeout: 5_000 } });
  const target = new URL(`api/backups/${terminal}`, url.endsWith("/") ? url : `${url}/`).href;
  const put = async (backup: BackupFile, { offset, bytes }: Piece, signal: AbortSignal): Promise<Standing> => {
    const { name, sha256, takenAt } = backup;
    const body = { name, bytes: backup.bytes, sha256, takenAt, offset, piece: Buffer.from(bytes).toString("base64") };
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    try {
      const answer = await request(target, {
        method: "PUT",
        dispatcher: agent,
        signal: deadline,
        headers: {
          authorization: `Bearer ${typeof key === "string" ? key : await key()}`,
          "content-type": "application/json",
          // Base64 packs back to what it was made of.
          "content-encoding": "zstd",
        },
        body: await compress(JSON.stringify(body)),
      });
      return readStanding(answer.statusCode, answer.headers, await readBounded(answer.body), backup.bytes);
    } catch (cause) {
      throw asNetworkError(cause, url);
    }
  };
  return {
    name: "centre",
    lookUp: (backup, signal) => put(backup, { offset: 0, bytes: new Uint8Array() }, signal),
    deliver: put,
    close: () => agent.close(),
  };
}

async function readBounded(body: AsyncIterable<Buffer>): Promise<string> {
  let text = "";
  for await (const piece of body) {
    text += piece.toString("utf8");
    if (text.length > MAX_ANSWER_BYTES) throw notAnAnswer(200);
  }
  return text;
}

/** Only what the centre says in its own words is believed: a portal's 200 must never make a backup count as sent. */
function readStanding(
  status: number,
  headers: Record<string, string | string[] | undefined>,
  text: string,
  bytes: number,
): Standing {
  const value = parsed(text);
  if (status === 200) {
    try {
      const found = parseAs(standing, value, "NOT_AN_ANSWER");
      if (found.received <= bytes && (!found.whole || found.received === bytes)) return found;
    } catch {
      // Somebody else's page.
    }
    throw notAnAnswer(status);
  }
  const { code, message } = (value as { error?: { code?: unknown; message?: unknown } } | undefined)?.error ?? {};
  const seconds = Number(headers["retry-after"]);
  const retry = Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: seconds * 1000 } : {};
  if (isErrorCode(code)) throw new SyncError(code, String(message), { ...retry });
  if (status === 413)
    throw new SyncError("TOO_LARGE", "Something before the centre finds a piece of a backup too large.");
  throw notAnAnswer(status, retry);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function notAnAnswer(status: number, facts: object = {}): SyncError {
  const message = `Something answered in the centre's place (HTTP ${status}): a captive portal, a proxy, or another version.`;
  return new SyncError("NOT_AN_ANSWER", message, { status, ...facts });
}

function asNetworkError(cause: unknown, url: string): SyncError {
  if (cause instanceof SyncError) return cause;
  if (cause instanceof Error && cause.name === "TimeoutError")
    return new SyncError("TIMED_OUT", `${url} did not answer in time.`, {}, cause);
  return new SyncError("UNREACHABLE", `${url} cannot be reached.`, {}, cause);
}
