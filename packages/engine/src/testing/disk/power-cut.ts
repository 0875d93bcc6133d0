import type { TracedCall } from "./write-trace.ts";

/** Chance in [0, 1). */
export type Draw = () => number;

type Pending = Extract<TracedCall, { op: "write" | "truncate" }> | { readonly op: "unlink"; readonly file: string };

/** A sector: what a disk writes whole or not at all. */
const SECTOR_BYTES = 512;
const DROPPED = 0.4;
const TORN = 0.2;

/** One file as the disk has it for sure, and what was written since it was last flushed. */
class FileOnDisk {
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;
  #exists = false;
  pending: Pending[] = [];

  /** A flush has returned: nothing before it can be lost. */
  flush(upTo = this.pending.length): void {
    for (const call of this.pending.splice(0, upTo)) this.#apply(call);
    this.#exists ||= upTo > 0;
  }

  /** The folder was flushed: a removal before that is for ever. */
  flushRemoval(): void {
    const last = this.pending.findLastIndex(({ op }) => op === "unlink");
    if (last >= 0) this.flush(last + 1);
  }

  /** As somebody may find it after the cut; undefined when it is not there. */
  image(draw: Draw): Buffer | undefined {
    const found = new FileOnDisk();
    found.#bytes = Buffer.from(this.#bytes.subarray(0, this.#length));
    found.#length = this.#length;
    found.#exists = this.#exists;
    for (const call of this.pending) {
      const chance = draw();
      if (call.op === "unlink") {
        // Where the name still leads to the old file, what was written to the new one cannot be found.
        if (chance < 0.5) break;
        found.#apply(call);
      } else if (chance >= DROPPED) {
        if (chance < DROPPED + TORN && call.op === "write") for (const part of torn(call, draw)) found.#apply(part);
        else found.#apply(call);
      }
    }
    return found.#exists ? found.#bytes.subarray(0, found.#length) : undefined;
  }

  #apply(call: Pending): void {
    this.#exists = call.op !== "unlink";
    if (call.op === "write") {
      this.#reach(call.offset + call.bytes.length);
      call.bytes.copy(this.#bytes, call.offset);
    } else {
      const length = call.op === "unlink" ? 0 : call.offset;
      if (length > this.#length) this.#reach(length);
      this.#bytes.fill(0, length, this.#length);
      this.#length = length;
    }
  }

  #reach(length: number): void {
    if (length > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(length, 2 * this.#bytes.length));
      this.#bytes.copy(larger);
      this.#bytes = larger;
    }
    this.#length = Math.max(this.#length, length);
  }
}

/** The sectors of one write, of which each came to the disk or did not. */
function torn({ op, file, offset, bytes }: Extract<TracedCall, { op: "write" }>, draw: Draw): Pending[] {
  const parts: Pending[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + SECTOR_BYTES - ((offset + at) % SECTOR_BYTES));
    if (draw() < 0.5) parts.push({ op, file, offset: offset + at, bytes: bytes.subarray(at, end) });
    at = end;
  }
  return parts;
}

/** A folder as its disk may show it after the power was cut before call number `at` of the trace. */
export interface CutImage {
  readonly at: number;
  readonly files: ReadonlyMap<string, Buffer>;
}

/**
 * Plays a trace of writes, and gives an image at each of these places, in their order. Of each file everything before its
 * last flush is there; of what came later 40 % is lost, 20 % is torn at sectors of 512 bytes, and the rest is kept,
 * whatever the order in which it was written (reliability.md F5).
 */
export function* cutImages(trace: readonly TracedCall[], places: readonly number[], draw: Draw): Generator<CutImage> {
  const files = new Map<string, FileOnDisk>();
  const fileOf = (name: string): FileOnDisk => {
    const file = files.get(name) ?? new FileOnDisk();
    files.set(name, file);
    return file;
  };
  let next = 0;
  for (const place of places.toSorted((a, b) => a - b)) {
    for (; next < place; next++) {
      const call = trace[next];
      if (call === undefined || call.op === "open") continue;
      if (call.op === "write" || call.op === "truncate") fileOf(call.file).pending.push(call);
      else if (call.op === "unlink") fileOf(call.file).pending.push({ op: call.op, file: call.file });
      else if (call.file !== "") fileOf(call.file).flush();
      else for (const file of files.values()) file.flushRemoval();
    }
    const images = [...files].map(([name, file]) => [name, file.image(draw)] as const);
    yield { at: place, files: new Map(images.filter((each): each is [string, Buffer] => each[1] !== undefined)) };
  }
}
