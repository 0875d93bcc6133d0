/** One event as a reader sees it. */
export interface ReadEvent {
  readonly name: string;
  readonly data: unknown;
}

/** Reads a stream of server-sent events as a browser would. */
export interface EventReader {
  readonly headers: Headers;
  /** The next event; undefined when the stream ended. */
  next(): Promise<ReadEvent | undefined>;
  leave(): void;
}

export async function readEvents(url: string): Promise<EventReader> {
  const leaving = new AbortController();
  const response = await fetch(url, { signal: leaving.signal });
  if (!response.ok || response.body === null) throw new Error(`${url} answered ${response.status}.`);
  const events = eventsOf(response.body);
  return {
    headers: response.headers,
    next: async () => (await events.next()).value ?? undefined,
    leave: () => leaving.abort(),
  };
}

async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<ReadEvent, undefined> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = /^event: (.+)\ndata: (.+)$/.exec(block);
      if (event) yield { name: event[1] ?? "", data: JSON.parse(event[2] ?? "null") };
    }
  }
  return undefined;
}
