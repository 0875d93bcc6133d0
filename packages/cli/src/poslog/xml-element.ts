/** Where something stands in a file, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * An element of a transaction that is being read. It remembers what was asked of it: what nobody asked for has no place
 * in a document and is counted at the end, so nothing can be dropped by forgetting it.
 */
export class XmlElement {
  readonly name: string;
  readonly position: Position;
  readonly parent: XmlElement | undefined;
  readonly children: XmlElement[] = [];
  readonly #attributes: ReadonlyMap<string, string>;
  readonly #takenAttributes = new Set<string>();
  #text = "";
  #takenText = false;
  #taken = false;

  constructor(name: string, attributes: ReadonlyMap<string, string>, position: Position, parent?: XmlElement) {
    this.name = name;
    this.#attributes = attributes;
    this.position = position;
    this.parent = parent;
    parent?.children.push(this);
  }

  /** For the reader that builds it. */
  addText(text: string): void {
    this.#text += text;
  }

  /** The first child of this name; it and all its parents have a place then. */
  child(name: string): XmlElement | undefined {
    return this.children.find((child) => child.name === name)?.take();
  }

  all(...names: readonly string[]): XmlElement[] {
    return this.children.filter((child) => names.includes(child.name)).map((child) => child.take());
  }

  /** Whether there is such a child, without giving it a place. */
  has(name: string): boolean {
    return this.children.some((child) => child.name === name);
  }

  take(): this {
    this.#taken = true;
    return this;
  }

  /** Its text as it stands in the file. */
  get text(): string {
    this.#takenText = true;
    return this.#text;
  }

  attribute(name: string): string | undefined {
    const value = this.#attributes.get(name);
    if (value !== undefined) this.#takenAttributes.add(name);
    return value;
  }

  /** An attribute without giving it a place. */
  peek(name: string): string | undefined {
    return this.#attributes.get(name);
  }

  /** The text of the first of these children, without giving it a place. */
  peekText(...names: readonly string[]): string | undefined {
    const child = this.children.find((one) => names.includes(one.name));
    return child === undefined ? undefined : child.#text.trim();
  }

  get isTaken(): boolean {
    return this.#taken;
  }

  get attributeCount(): number {
    return this.#attributes.size;
  }

  /** Attributes and text that nobody asked for; meaningful on an element that was taken itself. */
  untaken(): string[] {
    const names = [...this.#attributes.keys()]
      .filter((name) => !this.#takenAttributes.has(name))
      .map((name) => `@${name}`);
    return this.#takenText || this.#text.trim() === "" ? names : [...names, "text()"];
  }

  /** Names from the transaction's child down, such as `RetailTransaction/LineItem/Sale`. */
  get path(): string {
    const above = this.parent?.parent === undefined ? "" : `${this.parent.path}/`;
    return `${above}${this.name}`;
  }
}
