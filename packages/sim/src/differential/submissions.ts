import { hash } from "node:crypto";
import type { Submission } from "@tillsync/server/ingest";
import type { Random } from "../random.ts";
import { TABLES } from "./bodies.ts";

/** Documents that come whole, from one device or from head office. */
export interface SubmitRequest {
  readonly terminal: string;
  readonly submissions: readonly Submission[];
  /** The server dies after the first transaction. */
  readonly interrupted: boolean;
}

/** Few documents, few contents and few versions, so that each meets the others in every order. */
const DOCUMENTS = ["f1", "f2", "f3", "f4", "f5", "f6", ...TABLES.slice(0, 3)];
const CONTENTS = ['{"total":45.99}', '{"total":10}', '{"note":"a\0b"}', "[]"];

/** A device of a stream: it sends new documents, and again what it has sent before. */
export class StreamDevice {
  readonly #terminal: string;
  readonly #random: Random;
  #sent: Submission[] = [];

  constructor(terminal: string, random: Random) {
    this.#terminal = terminal;
    this.#random = random;
  }

  next(): SubmitRequest {
    const random = this.#random;
    const size = random.pick([0, 1, 1, 2, 5, 9]);
    const submissions = Array.from({ length: size }, () => {
      if (this.#sent.length > 0 && random.chance(0.3)) return random.pick(this.#sent);
      return random.chance(0.12) ? withdrawal(random) : document(random);
    });
    this.#sent = [...this.#sent, ...submissions].slice(-15);
    return { terminal: this.#terminal, submissions, interrupted: random.chance(0.15) };
  }
}

const WHEN = { businessDate: "2026-01-16", occurredAt: "2026-01-16T10:11:12.345Z" };

function document(random: Random): Submission {
  const content = random.pick(CONTENTS);
  const payload = {
    device: "D1",
    content,
    contentHash: hash("sha256", content, "hex"),
    currency: "KES",
    ...(random.chance(0.7) ? { totalMinor: 4_599 } : {}),
    ...(random.chance(0.5) ? { number: "ORD-1", type: "sale" } : {}),
  };
  const place = {
    kind: random.pick(["order.submitted", "order.submitted", "transaction.submitted", "inventory.submitted"] as const),
    localId: random.pick(DOCUMENTS),
    version: random.between(1, 6),
  };
  if (!random.chance(0.12)) return { ...place, ...WHEN, payload };
  // Its own document mostly: whatever follows poison waits for a person, and a stream in which all waits says little.
  const poisoned = { ...place, ...WHEN, localId: random.chance(0.1) ? place.localId : `p${random.hex(4)}` };
  return random.pick<() => Submission>([
    () => ({ ...poisoned, payload: { ...payload, type: "sa\0le" } }),
    () => ({ ...poisoned, occurredAt: "0000-01-01T00:00:00.000Z", payload }),
    () => ({ ...poisoned, payload: { ...payload, "surp\0rise": 1 } }),
    () => ({ ...poisoned, payload: { content, currency: "KES" } }),
    () => ({ ...poisoned, localId: "not a local id", payload }),
    () => ({ ...poisoned, version: 0, payload }),
  ])();
}

function withdrawal(random: Random): Submission {
  const contentHash = random.chance(0.7) ? { contentHash: hash("sha256", random.pick(CONTENTS), "hex") } : {};
  return {
    kind: random.pick(["order.withdrawn", "order.withdrawn", "transaction.withdrawn"] as const),
    localId: random.pick(DOCUMENTS),
    version: random.between(2, 8),
    ...WHEN,
    payload: { actor: "Wanjiru", reason: "mistake", ...contentHash },
  };
}
