import { type ExchangeRequest, makeUuidv7, type WireChange } from "@tillsync/protocol";
import { changeHash, START } from "../oracle/bytes.ts";
import type { Random } from "../random.ts";
import { bodyFor } from "./bodies.ts";
import { StreamDevice, type SubmitRequest } from "./submissions.ts";

/** A request of a till. The cursor is filled in by each side with what that side gave out last, or with a wrong one. */
export interface TillRequest {
  readonly request: Omit<ExchangeRequest, "cursor">;
  readonly cursor: "last" | "none" | "wrong";
  /** The server dies after the first transaction: what it stored may be left without an interpretation. */
  readonly interrupted: boolean;
}

export type StreamRequest = TillRequest | SubmitRequest;

interface Link {
  readonly wire: WireChange;
  /** The bytes before they went bad. */
  readonly intact: string;
}

/** One terminal of a stream: the chain that it believes in, and how far it has sent it. */
class StreamTerminal {
  readonly terminal: string;
  readonly #random: Random;
  #incarnation: string;
  #chain: Link[] = [];
  #sent = 0;
  #made = 0;

  constructor(terminal: string, random: Random) {
    this.terminal = terminal;
    this.#random = random;
    this.#incarnation = random.hex(16);
  }

  next(changeIds: string[]): TillRequest {
    const random = this.#random;
    const cursor = random.weighted<TillRequest["cursor"]>([
      ["last", 8],
      ["none", 1],
      ["wrong", 0.3],
    ]);
    const request = random.weighted<() => Omit<ExchangeRequest, "cursor">>([
      [() => this.#grow(changeIds), 10],
      [() => this.#range(random.below(this.#sent + 1), this.#chain.length), 6],
      [() => this.#range(this.#sent, this.#sent), 1],
      [() => this.#range(this.#chain.length, this.#chain.length), 1],
      [() => this.#withGap(), 1],
      [() => this.#forked(changeIds), 0.7],
      [() => this.#changedOnTheWay(), 0.5],
      [() => this.#reborn(changeIds), 0.4],
    ])();
    return { request: { ...request, ...this.#repairs() }, cursor, interrupted: random.chance(0.15) };
  }

  /** New changes, sent after what was sent before. */
  #grow(changeIds: string[]): Omit<ExchangeRequest, "cursor"> {
    const count = this.#random.between(1, 6);
    for (let index = 0; index < count; index++) this.#append(changeIds);
    const from = this.#sent;
    this.#sent = this.#chain.length;
    return this.#range(from, this.#chain.length);
  }

  #append(changeIds: string[]): void {
    const random = this.#random;
    const seq = this.#chain.length + 1;
    const made = makeUuidv7(1_768_550_000_000 + ++this.#made, random.hex(20));
    const changeId = changeIds.length > 0 && random.chance(0.05) ? random.pick(changeIds) : made;
    changeIds.push(changeId);
    const place = {
      localId: `d${random.hex(6)}`,
      eventId: `T0${random.between(1, 3)}.${random.between(1, 5_000)}`,
      changeId,
    };
    const body = bodyFor(random, place);
    const origin = random.chance(0.05)
      ? { incarnation: random.hex(16), seq: random.between(1, 9), hash: random.hex(64) }
      : undefined;
    const originText = origin ? `${origin.incarnation}:${origin.seq}:${origin.hash}` : "";
    const prevHash = this.#chain.at(-1)?.wire.hash ?? START;
    const hash = changeHash({
      terminal: this.terminal,
      incarnation: this.#incarnation,
      seq,
      prevHash,
      origin: originText,
      body,
    });
    const damaged = random.chance(0.06);
    const sent = damaged ? body.slice(0, random.below(body.length + 1)) : body;
    const extra = {
      ...(origin ? { origin } : {}),
      ...(damaged ? { damaged: true as const } : {}),
      ...(random.chance(0.05) ? { private: '{"fields":{},"salt":"00"}' } : {}),
    };
    this.#chain.push({ wire: { body: sent, hash, ...extra }, intact: body });
  }

  #range(from: number, to: number): Omit<ExchangeRequest, "cursor"> {
    return {
      protocolVersion: 1,
      terminal: this.terminal,
      incarnation: this.#incarnation,
      fromSeq: from + 1,
      prevHash: this.#chain[from - 1]?.wire.hash ?? START,
      changes: this.#chain.slice(from, to).map(({ wire }) => wire),
      headSeq: this.#chain.length,
    };
  }

  #withGap(): Omit<ExchangeRequest, "cursor"> {
    const request = this.#range(this.#sent, this.#chain.length);
    return { ...request, fromSeq: request.fromSeq + this.#random.between(1, 5) };
  }

  /** Somebody else's changes after a point of the chain: the database was copied there. */
  #forked(changeIds: string[]): Omit<ExchangeRequest, "cursor"> {
    const kept = this.#chain;
    this.#chain = kept.slice(0, this.#random.below(kept.length + 1));
    const from = Math.max(0, this.#chain.length - 2);
    this.#append(changeIds);
    this.#append(changeIds);
    const request = this.#range(from, this.#chain.length);
    this.#chain = kept;
    return request;
  }

  #changedOnTheWay(): Omit<ExchangeRequest, "cursor"> {
    const request = this.#range(Math.max(0, this.#sent - 2), this.#chain.length);
    return {
      ...request,
      changes: request.changes.map((change, index) => (index === 1 ? { ...change, body: `${change.body} ` } : change)),
    };
  }

  #reborn(changeIds: string[]): Omit<ExchangeRequest, "cursor"> {
    this.#incarnation = this.#random.hex(16);
    this.#chain = [];
    this.#sent = 0;
    return this.#grow(changeIds);
  }

  /** The right bytes for some rows that went bad, and wrong ones for others. */
  #repairs(): Pick<ExchangeRequest, "repair"> {
    const random = this.#random;
    if (!random.chance(0.3)) return {};
    const repair = this.#chain.flatMap(({ wire, intact }, index) => {
      if (!wire.damaged || random.chance(0.4)) return [];
      return [{ incarnation: this.#incarnation, seq: index + 1, body: random.chance(0.2) ? "wrong" : intact }];
    });
    return repair.length > 0 ? { repair: repair.slice(0, 100) } : {};
  }
}

/** Who sends: tills, and devices of somebody else's. */
export interface Senders {
  readonly terminals: readonly string[];
  readonly devices: readonly string[];
}

/** A stream of requests of one store and of a stranger, with everything that a centre has to sort out. */
export function streamOf(random: Random, { terminals, devices }: Senders, length: number): StreamRequest[] {
  const tills = terminals.map((terminal) => new StreamTerminal(terminal, random.stream(terminal)));
  const others = devices.map((terminal) => new StreamDevice(terminal, random.stream(terminal)));
  const stranger = new StreamTerminal(random.uuid(), random);
  const changeIds: string[] = [];
  return Array.from({ length }, () => {
    if (others.length > 0 && random.chance(0.35)) return random.pick(others).next();
    return (random.chance(0.03) ? stranger : random.pick(tills)).next(changeIds);
  });
}
