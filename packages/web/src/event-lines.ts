export interface TillEvent {
  readonly name: string;
  readonly data: unknown;
}

/** What a broken stream may make a page keep. A status is a few KiB. */
const MAX_WAITING_CHARS = 4 * 1024 * 1024;

/**
 * Reads a stream of server-sent events piece by piece, however it was cut into pieces.
 *
 * The browser's own EventSource cannot send a key, and does not tell of the comments that say "still here".
 */
export function eventLines(): (piece: string) => TillEvent[] {
  let waiting = "";
  return (piece) => {
    waiting += piece;
    const blocks = waiting.split("\n\n");
    waiting = blocks.pop() ?? "";
    if (waiting.length > MAX_WAITING_CHARS) throw new Error("an event without an end");
    return blocks.flatMap(readBlock);
  };
}

function readBlock(block: string): TillEvent[] {
  let name = "message";
  let data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) name = line.slice("event: ".length);
    if (line.startsWith("data: ")) data += line.slice("data: ".length);
  }
  return data === "" ? [] : [{ name, data: JSON.parse(data) }];
}
