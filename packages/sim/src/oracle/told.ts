import type { ExchangeRequest, ExchangeResponse } from "@tillsync/protocol";
import type { Chronicle } from "../chronicle.ts";
import { changeHash } from "./bytes.ts";

/** What a change is hashed with beside its bytes, as its till sent it. */
interface Link {
  readonly prevHash: string;
  readonly origin: string;
  readonly hash: string;
}

/**
 * I13, on the way: what an answer tells of another till is, byte for byte, what that till sent. Looked at when the answer
 * leaves a server: bytes that rotted since are not told, not even until they are healed.
 */
export class Told {
  readonly #chronicle: Chronicle;
  readonly #links = new Map<string, Link>();

  constructor(chronicle: Chronicle) {
    this.#chronicle = chronicle;
  }

  acknowledged(
    { terminal, incarnation, fromSeq, changes, ...request }: ExchangeRequest,
    answer: ExchangeResponse,
  ): void {
    let { prevHash } = request;
    for (const [index, { hash, origin: was }] of changes.entries()) {
      const origin = was === undefined ? "" : `${was.incarnation}:${was.seq}:${was.hash}`;
      this.#links.set(`${terminal}/${incarnation}/${fromSeq + index}`, { prevHash, origin, hash });
      prevHash = hash;
    }
    for (const entry of answer.entries)
      for (const [index, body] of (entry.bodies ?? []).entries())
        this.#check({ terminal: entry.terminal, incarnation: entry.incarnation, seq: entry.fromSeq + index, body });
  }

  #check(told: { terminal: string; incarnation: string; seq: number; body: string }): void {
    const place = `${told.terminal}/${told.incarnation}/${told.seq}`;
    const link = this.#links.get(place);
    if (link === undefined || changeHash({ ...told, ...link }) === link.hash) return;
    this.#chronicle.violate("I13", `${place} was told with other bytes than its till sent`);
  }
}
