import { SyncError } from "@tillsync/protocol";
import sax from "sax";
import { fileError, openSource } from "../import/source-file.ts";
import { POSLOG, shortName } from "./namespaces.ts";
import { type Position, XmlElement } from "./xml-element.ts";

/** Deeper than any POSLog (real ones: 8); bounds the reader's stack of open elements. */
export const MAX_DEPTH = 64;
/** Characters of names, attributes and text in one transaction: 10,000 lines take about 7 million. Bounds what is held. */
export const MAX_TRANSACTION_CHARS = 16 * 1024 * 1024;
/** Attributes of one element; real ones have up to four. */
export const MAX_ATTRIBUTES = 64;

/** Something at the top of the log: a transaction, or what else stands there; or what carries no data (a comment). */
export type LogPart =
  | { readonly type: "element"; readonly element: XmlElement }
  | { readonly type: "remark"; readonly name: string };

/** Strict entities: the five of XML and no names of HTML, which other readers would refuse. */
const OPTIONS = { xmlns: true, position: true, strictEntities: true };

// Not in XML 1.0 however they are written: a parser that takes them makes text that no other reads back.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/u;

/**
 * The parts of a POSLog file, plain or gzip, one after the other: only one transaction is held at a time. A document type
 * is refused at sight, so there are no entities to expand and nothing is fetched.
 *
 * @throws SyncError INVALID_INPUT naming what is wrong and where; TOO_LARGE for what cannot be a transaction
 */
export async function* readTransactions(file: string): AsyncGenerator<LogPart> {
  const reader = new LogReader(file);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const source = await openSource(file);
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      reader.write(decodedBy(decoder, file, chunk));
      yield* reader.parts();
    }
    reader.write(decodedBy(decoder, file));
    reader.end();
    yield* reader.parts();
  } catch (cause) {
    throw fileError(file, cause);
  }
}

function decodedBy(decoder: InstanceType<typeof TextDecoder>, file: string, chunk?: Buffer): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch {
    throw new SyncError("INVALID_INPUT", `${file} must be UTF-8 text; it holds other bytes.`, {
      field: "file",
      expected: "UTF-8 text",
      got: "other bytes",
    });
  }
}

/** Turns the parser's events into parts. Everything it refuses ends the file: what follows broken XML cannot be told. */
class LogReader {
  readonly #file: string;
  readonly #parser = sax.parser(true, OPTIONS);
  #parts: LogPart[] = [];
  #depth = 0;
  #rootSeen = false;
  #open: XmlElement | undefined;
  #chars = 0;
  /** Attributes as they came: the parser keeps the last of two with one name. */
  #attributes = new Map<string, string>();

  constructor(file: string) {
    this.#file = file;
    const parser = this.#parser;
    parser.onerror = (error) => this.#refuse(`it is not well-formed: ${error.message.split("\n")[0]}`);
    parser.ondoctype = () => this.#refuse("a document type is not accepted, nor are entities of its own");
    parser.onprocessinginstruction = ({ name, body }) => this.#instruction(name, body);
    parser.oncomment = () => this.#parts.push({ type: "remark", name: "comment()" });
    parser.onattribute = (given) => this.#attribute(given as sax.QualifiedAttribute);
    parser.onopentag = (tag) => this.#opened(tag as sax.QualifiedTag);
    parser.onclosetag = () => this.#closed();
    parser.ontext = (text) => this.#text(text);
    parser.oncdata = (text) => this.#text(text);
  }

  write(text: string): void {
    this.#parser.write(text);
  }

  end(): void {
    this.#parser.close();
    if (!this.#rootSeen) this.#refuse("it holds no POSLog");
  }

  *parts(): Generator<LogPart> {
    const parts = this.#parts;
    this.#parts = [];
    yield* parts;
  }

  #instruction(name: string, body: string): void {
    const encoding = /encoding\s*=\s*["']([^"']*)/i.exec(body)?.[1] ?? "UTF-8";
    if (name !== "xml") this.#parts.push({ type: "remark", name: "processing-instruction()" });
    else if (!/^(utf-?8|us-ascii)$/i.test(encoding)) this.#refuse(`its encoding must be UTF-8; got ${encoding}`);
  }

  #attribute({ name, prefix, local, uri, value }: sax.QualifiedAttribute): void {
    this.#count(name.length + value.length);
    this.#checkText(value);
    if (prefix === "xmlns" || name === "xmlns") return;
    const key = shortName(uri, local);
    if (this.#attributes.has(key)) this.#refuse(`attribute ${name} stands there twice`);
    if (this.#attributes.size === MAX_ATTRIBUTES) this.#refuse(`more than ${MAX_ATTRIBUTES} attributes`, "TOO_LARGE");
    this.#attributes.set(key, value);
  }

  #opened({ local, uri, name }: sax.QualifiedTag): void {
    const attributes = this.#attributes;
    this.#attributes = new Map();
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) this.#refuse(`elements lie more than ${MAX_DEPTH} deep`, "TOO_LARGE");
    if (this.#depth > 1) {
      if (this.#depth === 2) this.#chars = 0;
      this.#count(name.length);
      this.#open = new XmlElement(shortName(uri, local), attributes, this.#position(), this.#open);
      return;
    }
    if (this.#rootSeen) this.#refuse("a second root element");
    if (local !== "POSLog" || uri !== POSLOG)
      this.#refuse(`its root must be POSLog in the namespace ${POSLOG}; got ${name} in "${uri}"`);
    this.#rootSeen = true;
    for (const key of attributes.keys()) this.#parts.push({ type: "remark", name: `POSLog/@${key}` });
  }

  #closed(): void {
    this.#depth -= 1;
    const closed = this.#open;
    this.#open = closed?.parent;
    if (this.#depth === 1 && closed !== undefined) this.#parts.push({ type: "element", element: closed });
  }

  #text(text: string): void {
    this.#checkText(text);
    if (this.#open !== undefined) {
      this.#count(text.length);
      this.#open.addText(text);
    } else if (text.trim() !== "") this.#parts.push({ type: "remark", name: "POSLog/text()" });
  }

  #checkText(text: string): void {
    if (NOT_XML.test(text)) this.#refuse("a character that XML does not allow");
  }

  #count(chars: number): void {
    this.#chars += chars;
    if (this.#depth > 0 && this.#chars > MAX_TRANSACTION_CHARS)
      this.#refuse(`a transaction of more than ${MAX_TRANSACTION_CHARS} characters`, "TOO_LARGE");
  }

  #position(): Position {
    return { line: this.#parser.line + 1, column: this.#parser.column + 1 };
  }

  #refuse(what: string, code: "INVALID_INPUT" | "TOO_LARGE" = "INVALID_INPUT"): never {
    const { line, column } = this.#position();
    const where = this.#open === undefined ? "" : ` in ${placeOf(this.#open)}`;
    throw new SyncError(code, `${this.#file}, line ${line} column ${column}${where}: ${what}.`, {
      field: this.#open?.path ?? "POSLog",
      expected: "POSLog XML",
      line,
      column,
    });
  }
}

/** The element, and the number of its transaction as far as it is known by then. */
function placeOf(element: XmlElement): string {
  let top = element;
  while (top.parent !== undefined) top = top.parent;
  const number = top.peekText("SequenceNumber");
  return number === undefined ? element.path : `${element.path} of transaction ${number.slice(0, 64)}`;
}
