import type { TerminalStatus } from "@tillsync/engine";

/**
 * Follows what a till tells about itself (`/api/events`) until `done` says so.
 *
 * @param seen gets every status on the way
 * @returns the status with which it was done
 * @throws Error with the last status when it does not come within `withinMs`, or the till ends before
 */
export async function untilStatus(
  url: string,
  what: string,
  done: (status: TerminalStatus) => boolean,
  { withinMs, seen = () => {} }: { readonly withinMs: number; readonly seen?: (status: TerminalStatus) => void },
): Promise<TerminalStatus> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), withinMs);
  let last = "nothing";
  try {
    const answer = await fetch(`${url}/api/events`, { signal: abort.signal });
    for await (const data of messages(answer.body ?? [])) {
      last = data;
      const status = JSON.parse(data) as Partial<TerminalStatus>;
      if (!isStatus(status)) continue;
      seen(status);
      if (done(status)) return status;
    }
    throw new Error("the till ended the stream");
  } catch (cause) {
    throw new Error(`${what}: not within ${withinMs} ms; the last that was told: ${last}`, { cause });
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}

/** Recorded changes come on the same stream. */
function isStatus(message: Partial<TerminalStatus>): message is TerminalStatus {
  return message.lanes !== undefined;
}

async function* messages(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of body) {
    text += decoder.decode(piece, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1];
      text = text.slice(end + 2);
      if (data !== undefined) yield data;
    }
  }
}
