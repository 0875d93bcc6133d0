import { Chance } from "./chance.ts";
import { HOSTILE_NAMES, HOSTILE_TEXTS, HOSTILE_VALUES, RawJson } from "./hostile.ts";

type Tree = Record<string, unknown> | unknown[];

/** Makes hostile inputs out of good ones. */
export class Mutator {
  readonly chance: Chance;

  constructor(seed: number) {
    this.chance = new Chance(seed);
  }

  /** JSON text of `example`, as it is or changed in up to four places, sometimes broken afterwards byte by byte. */
  json(example: unknown): Buffer {
    const { chance } = this;
    let tree: unknown = structuredClone(example);
    const changes = chance.below(5);
    for (let each = 0; each < changes; each++) tree = this.#changed(tree);
    const bytes = Buffer.from(write(tree));
    return chance.oneIn(6) ? this.bytes(bytes) : bytes;
  }

  /** Cuts, flips, inserts, repeats, overwrites: a wire or a disk gone wrong. */
  bytes(original: Buffer): Buffer {
    const { chance } = this;
    let bytes = Buffer.from(original);
    for (let each = 0; each <= chance.below(4); each++) {
      const at = chance.below(bytes.length + 1);
      switch (chance.below(6)) {
        case 0:
          bytes = bytes.subarray(0, at);
          break;
        case 1:
          if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << chance.below(8));
          break;
        case 2: {
          const more = Array.from({ length: 1 + chance.below(8) }, () => chance.below(256));
          bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(more), bytes.subarray(at)]);
          break;
        }
        case 3: {
          const piece = bytes.subarray(at, at + chance.below(40));
          bytes = Buffer.concat([bytes.subarray(0, at), piece, piece, bytes.subarray(at)]);
          break;
        }
        case 4:
          bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + chance.below(20))]);
          break;
        default:
          if (at < bytes.length) bytes[at] = chance.pick([0, 0x22, 0x5c, 0x7b, 0x7d, 0x80, 0xc0, 0xed, 0xff]);
      }
    }
    return bytes;
  }

  text(): string {
    const { chance } = this;
    if (chance.below(3) > 0) return chance.pick(HOSTILE_TEXTS);
    return Array.from({ length: chance.below(20) }, () => String.fromCharCode(chance.below(0x10000))).join("");
  }

  value(): unknown {
    return this.chance.oneIn(3) ? this.text() : copyOf(this.chance.pick(HOSTILE_VALUES));
  }

  #changed(tree: unknown): unknown {
    const { chance } = this;
    const places = placesOf(tree);
    const place = places[chance.below(places.length)];
    // A field of its own is worth more than the whole: what is wrong there is seen at once by every reader.
    if (place === undefined || chance.oneIn(40)) return this.value();
    const { parent, key } = place;
    if (Array.isArray(parent)) this.#changeList(parent, Number(key));
    else this.#changeObject(parent, key);
    return tree;
  }

  #changeList(list: unknown[], index: number): void {
    const { chance } = this;
    const item = list[index];
    switch (chance.below(4)) {
      case 0:
        list.splice(index, 1);
        break;
      case 1:
        for (let more = chance.below(8); more > 0; more--) list.splice(index, 0, copyOf(item));
        break;
      default:
        list[index] = this.value();
    }
  }

  #changeObject(object: Record<string, unknown>, key: string): void {
    const { chance } = this;
    const before = object[key];
    switch (chance.below(7)) {
      case 0:
        delete object[key];
        break;
      case 1:
        set(object, chance.pick(HOSTILE_NAMES), this.value());
        break;
      case 2:
        delete object[key];
        set(object, chance.pick(HOSTILE_NAMES), before);
        break;
      case 3:
        object[key] = [before];
        break;
      case 4:
        object[key] = new RawJson(`${write(before)},${JSON.stringify(key)}:${write(before)}`);
        break;
      default:
        object[key] = this.value();
    }
  }
}

/** A name such as `__proto__` becomes a member of its own, not the prototype. */
function set(object: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

/** Raw text cannot be cloned with the tree around it, and the copy need not have it. */
function copyOf(value: unknown): unknown {
  if (value instanceof RawJson || value === null || typeof value !== "object") return value;
  return JSON.parse(write(value, true));
}

function placesOf(tree: unknown): { readonly parent: Record<string, unknown> & unknown[]; readonly key: string }[] {
  const found: { parent: Record<string, unknown> & unknown[]; key: string }[] = [];
  const visit = (node: unknown, depth: number): void => {
    if (node === null || typeof node !== "object" || node instanceof RawJson || depth > 12) return;
    for (const key of Object.keys(node).slice(0, 30)) {
      found.push({ parent: node as Record<string, unknown> & unknown[], key });
      visit((node as Tree)[key as keyof Tree], depth + 1);
    }
  };
  visit(tree, 0);
  return found;
}

/** @param safe leave raw text out, so that the result can be read again */
function write(value: unknown, safe = false): string {
  if (value instanceof RawJson) return safe ? "null" : value.text;
  if (value === undefined) return "null";
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map((item) => write(item, safe)).join(",")}]`;
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${write(member, safe)}`);
  return `{${members.join(",")}}`;
}
