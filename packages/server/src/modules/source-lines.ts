import { SyncError } from "@tillsync/protocol";
import { atLine, MAX_LINE_CHARACTERS, type SourceRecord } from "./slices.ts";

/**
 * The records of NDJSON: one object a line; empty lines are passed over.
 *
 * @throws SyncError INVALID_JSON naming the line; TOO_LARGE for a line that no row can fill
 */
export async function* ndjsonRecords(texts: AsyncIterable<string>): AsyncGenerator<SourceRecord> {
  let line = 0;
  let rest = "";
  for await (const text of texts) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const content of lines) {
      line++;
      if (content.length > MAX_LINE_CHARACTERS) throw tooLong(line);
      if (!isBlank(content)) yield { line, value: parsed(line, content) };
    }
    if (rest.length > MAX_LINE_CHARACTERS) throw tooLong(line + 1);
  }
  if (!isBlank(rest)) yield { line: line + 1, value: parsed(line + 1, rest) };
}

function isBlank(content: string): boolean {
  return content.length < 3 && content.trim() === "";
}

function parsed(line: number, content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    // Without the cause: V8's message quotes the line.
    throw atLine(
      line,
      new SyncError("INVALID_JSON", "This is not JSON.", { field: "body", expected: "a JSON object" }),
    );
  }
}

function tooLong(line: number): SyncError {
  const expected = `at most ${MAX_LINE_CHARACTERS} characters`;
  return atLine(line, new SyncError("TOO_LARGE", `A line may have ${expected}.`, { field: "body", expected }));
}

/** Bytes as text, in pieces that end where they like. @throws SyncError INVALID_JSON when they are not UTF-8 */
export async function* decoded(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (piece?: Uint8Array) => {
    try {
      return decoder.decode(piece, { stream: piece !== undefined });
    } catch (cause) {
      throw new SyncError("INVALID_JSON", "The body is not UTF-8.", { field: "body", expected: "UTF-8" }, cause);
    }
  };
  for await (const piece of pieces) yield decode(piece);
  yield decode();
}
