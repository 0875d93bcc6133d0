import { canonicalText, LIMITS, parseAs, SyncError } from "@tillsync/protocol";
import { documentOf, documentSchema, type ImportedEntry } from "./documents.ts";
import { type Refusals, refusalOf } from "./refusals.ts";
import { type Line, MAX_LINE_BYTES, readLines } from "./source-file.ts";

/**
 * The documents of an NDJSON file, one a line (`documentSchema`); empty lines are passed over. The file is read twice, so
 * that without a listener for refusals a bad line stops the import before the first document.
 */
export async function* ndjsonDocuments(file: string, refusals: Refusals): AsyncGenerator<ImportedEntry> {
  let expected = 0;
  for await (const line of readLines(file)) if (documentIn(line, refusals) !== undefined) expected += 1;
  refusals.stopIfAny(file);
  let found = 0;
  for await (const line of readLines(file)) {
    const document = documentIn(line);
    if (document === undefined) continue;
    found += 1;
    yield document;
  }
  if (found !== expected)
    throw new SyncError("INVALID_INPUT", "The file changed while it was read; run the import again.", {
      field: "file",
    });
}

/** The document of a line; undefined for an empty or refused line. Refusals are told in the first pass only. */
function documentIn(line: Line, refusals?: Refusals): ImportedEntry | undefined {
  try {
    return parsed(line);
  } catch (error) {
    const refusal = refusalOf(error, line.line);
    refusals?.add(refusal);
    return undefined;
  }
}

function parsed({ bytes }: Line): ImportedEntry | undefined {
  if (bytes === undefined) throw refusal(`at most ${MAX_LINE_BYTES} bytes`, "a longer line");
  const text = textOf(bytes);
  if (text.trim() === "") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refusal("one JSON object", "text that is not JSON");
  }
  const document = documentOf(parseAs(documentSchema, value));
  // What the terminal would refuse for its bytes (lone surrogates, size) is better refused here, with a line number.
  const sizeBytes = Buffer.byteLength(canonicalText(document.draft));
  if (sizeBytes > LIMITS.maxChangeBytes)
    throw refusal(`at most ${LIMITS.maxChangeBytes} bytes as a change`, `${sizeBytes} bytes`);
  return document;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function textOf(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw refusal("UTF-8 text", "other bytes");
  }
}

function refusal(expected: string, got: string): SyncError {
  return new SyncError("INVALID_INPUT", `the line must be ${expected}; got ${got}.`, {
    field: "(line)",
    expected,
    got,
  });
}
