import type { ExchangeRequest } from "@tillsync/protocol";
import type { Chronicle } from "../chronicle.ts";

/** As many times the very same question may follow at once; after that something spins. */
const PATIENCE = 15;
const AT_ONCE_MS = 500;

/** I11, the other side of "nothing gives up": a till that has nothing new to say does not ask without a pause. */
export class Pace {
  readonly #chronicle: Chronicle;
  readonly #last = new Map<string, { readonly question: string; readonly atMs: number; readonly times: number }>();

  constructor(chronicle: Chronicle) {
    this.#chronicle = chronicle;
  }

  asked(name: string, request: ExchangeRequest, nowMs: number): void {
    const question = `${request.incarnation} ${request.fromSeq} ${request.changes.length} ${request.repair?.length ?? 0} ${request.cursor}`;
    const last = this.#last.get(name);
    const again = last?.question === question && nowMs - last.atMs < AT_ONCE_MS;
    const times = again ? last.times + 1 : 1;
    this.#last.set(name, { question, atMs: nowMs, times });
    if (times === PATIENCE)
      this.#chronicle.violate("I11", `${name} asks the same thing ${PATIENCE} times without a pause`);
  }
}
