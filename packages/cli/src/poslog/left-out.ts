import { cut } from "../import/source-text.ts";
import { reasonFor } from "./reasons.ts";
import type { XmlElement } from "./xml-element.ts";

/** Something in the file that is in no document, by its name. */
export interface LeftOutEntry {
  /** Path below the transaction, `@name` for attributes; a whole element stands for all that is in it. */
  readonly name: string;
  readonly reason: string;
  /** How often it stands there. */
  readonly count: number;
}

/** Something that is in the documents, but not simply as the file has it. */
export interface Note {
  readonly what: string;
  readonly count: number;
}

/** What became of a file. `elements` and `attributes` count those of the transactions: in the file, and left out. */
export interface ReadingReport {
  readonly transactions: number;
  /** Transactions that made no document: suspended, cancelled, training, of an unknown kind. */
  readonly transactionsLeftOut: number;
  readonly elements: { readonly inFile: number; readonly leftOut: number };
  readonly attributes: { readonly inFile: number; readonly leftOut: number };
  readonly leftOut: readonly LeftOutEntry[];
  readonly notes: readonly Note[];
}

/** Names kept apart; a file that makes up more is counted under one. */
const MAX_NAMES = 2000;
/** Characters of a name that are kept. */
const MAX_NAME_CHARS = 256;
const OTHERS = "(other names)";

/** Counts what a file holds and what of it has no place in the documents. */
export class LeftOut {
  #transactions = 0;
  #transactionsLeftOut = 0;
  readonly #elements = { inFile: 0, leftOut: 0 };
  readonly #attributes = { inFile: 0, leftOut: 0 };
  readonly #entries = new Map<string, { name: string; reason: string; count: number }>();
  readonly #notes = new Map<string, number>();

  /** A comment or whatever else carries no data of a transaction. */
  remark(name: string): void {
    this.#add(name, reasonFor(name));
  }

  note(what: string, count = 1): void {
    this.#notes.set(what, (this.#notes.get(what) ?? 0) + count);
  }

  /** After a transaction became a document: all of it that nobody asked for. */
  rest(transaction: XmlElement): void {
    this.#transactions += 1;
    this.#rest(transaction, "");
  }

  /** A transaction, or another element at the top of the log, that makes no document. */
  whole(element: XmlElement, reason: string, name: string): void {
    if (element.name === "Transaction") {
      this.#transactions += 1;
      this.#transactionsLeftOut += 1;
    }
    this.#drop(element, name, reason);
  }

  report(): ReadingReport {
    return {
      transactions: this.#transactions,
      transactionsLeftOut: this.#transactionsLeftOut,
      elements: { ...this.#elements },
      attributes: { ...this.#attributes },
      leftOut: [...this.#entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
      notes: [...this.#notes].map(([what, count]) => ({ what, count })),
    };
  }

  #rest(element: XmlElement, path: string): void {
    if (!element.isTaken) {
      this.#drop(element, path, reasonFor(path));
      return;
    }
    this.#elements.inFile += 1;
    this.#attributes.inFile += element.attributeCount;
    for (const name of element.untaken()) {
      if (name.startsWith("@")) this.#attributes.leftOut += 1;
      const full = `${path}${path === "" || name === "text()" ? "" : "/"}${name === "text()" ? "/text()" : name}`;
      this.#add(full, reasonFor(full));
    }
    for (const child of element.children) this.#rest(child, path === "" ? nameOf(child) : `${path}/${nameOf(child)}`);
  }

  #drop(element: XmlElement, name: string, reason: string): void {
    this.#add(name, reason);
    const count = (one: XmlElement) => {
      this.#elements.inFile += 1;
      this.#elements.leftOut += 1;
      this.#attributes.inFile += one.attributeCount;
      this.#attributes.leftOut += one.attributeCount;
      for (const child of one.children) count(child);
    };
    count(element);
  }

  #add(fullName: string, reason: string): void {
    const name = cut(fullName, MAX_NAME_CHARS);
    const isKnown = this.#entries.has(name) || this.#entries.size < MAX_NAMES;
    const key = isKnown ? name : OTHERS;
    const entry = this.#entries.get(key) ?? {
      name: key,
      reason: isKnown ? reason : "more names than are told apart",
      count: 0,
    };
    entry.count += 1;
    this.#entries.set(key, entry);
  }
}

/** Totals are told apart by what they total, since one of them is taken; and lines that were taken back before payment. */
function nameOf(element: XmlElement): string {
  if (element.name === "LineItem" && !element.isTaken && element.peek("VoidFlag") === "true") return "LineItem(voided)";
  return element.name === "Total" ? `Total(${element.peek("TotalType") ?? ""})` : element.name;
}
