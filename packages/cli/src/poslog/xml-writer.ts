import { DOMImplementation, type Document, type Element, XMLSerializer } from "@xmldom/xmldom";
import { AS_JSON, exactText, FORM } from "./exact-text.ts";
import { POSLOG, TILLSYNC } from "./namespaces.ts";

const XMLNS = "http://www.w3.org/2000/xmlns/";
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** Attributes by name; `undefined` ones are left away. Values hold nothing but what the caller chose: no free text. */
export type Attributes = Readonly<Record<string, string | undefined>>;

/** Writes a log transaction by transaction: nothing but the present one is held. */
export class LogWriter {
  readonly #head: string;
  readonly #tail: string;

  constructor() {
    // The one place where the text is cut: an element that takes the place of the transactions in an empty log.
    const document = emptyLog();
    const mark = document.createElementNS(POSLOG, "Transaction");
    document.documentElement?.appendChild(mark);
    const [head = "", tail = ""] = serialized(document).split("<Transaction/>");
    this.#head = head;
    this.#tail = tail;
  }

  get begin(): string {
    return `${DECLARATION}${this.#head}\n`;
  }

  get end(): string {
    return `${this.#tail}\n`;
  }

  /** One transaction with its line end; its namespaces are those of the log's root. */
  transaction(attributes: Attributes, fill: (transaction: NewElement) => void): string {
    const document = emptyLog();
    const root = new NewElement(document, document.documentElement as Element);
    fill(root.add("Transaction", attributes));
    return `${serialized(document).slice(this.#head.length, -this.#tail.length)}\n`;
  }
}

function emptyLog(): Document {
  const document = new DOMImplementation().createDocument(POSLOG, "POSLog");
  const root = document.documentElement;
  root?.setAttributeNS(XMLNS, "xmlns", POSLOG);
  root?.setAttributeNS(XMLNS, "xmlns:tillsync", TILLSYNC);
  return document;
}

/** Refuses to write what no parser would read: better no export than one that cannot be imported. */
function serialized(document: Document): string {
  return new XMLSerializer().serializeToString(document, { requireWellFormed: true });
}

/** An element under construction. Names without a prefix are POSLog's, `tillsync:` ones ours. */
export class NewElement {
  readonly #document: Document;
  readonly #element: Element;

  constructor(document: Document, element: Element) {
    this.#document = document;
    this.#element = element;
  }

  add(name: string, attributes: Attributes = {}): NewElement {
    const element = this.#document.createElementNS(name.startsWith("tillsync:") ? TILLSYNC : POSLOG, name);
    this.#element.appendChild(element);
    return new NewElement(this.#document, element).attributes(attributes);
  }

  attributes(attributes: Attributes): this {
    for (const [key, value] of Object.entries(attributes)) if (value !== undefined) this.#set(key, value);
    return this;
  }

  /** A child with this text, exactly; none when there is no text. */
  text(name: string, text: string | undefined, attributes: Attributes = {}): this {
    if (text === undefined) return this;
    const written = exactText(text);
    const child = this.add(name, written.form === undefined ? attributes : { ...attributes, [FORM]: AS_JSON });
    child.#element.appendChild(this.#document.createTextNode(written.text));
    return this;
  }

  #set(name: string, value: string): void {
    if (name.startsWith("tillsync:")) this.#element.setAttributeNS(TILLSYNC, name, value);
    else this.#element.setAttribute(name, value);
  }
}
