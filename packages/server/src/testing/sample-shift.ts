import { canonicalText, StretchSums } from "@tillsync/protocol";
import { SampleLife, sampleBody, sampleChangeId } from "./sample-life.ts";

/** A till's journal with shifts in it, and manifests as a till makes them. For tests. */
export class SampleShifts extends SampleLife {
  #openSeq = 1;
  #shift = "";

  /** @param over goes over the payload */
  open(localId: string, businessDate = "2026-01-16", over: object = {}): number {
    this.#shift = localId;
    const fields = { localId, businessDate, changeId: this.#changeId(`open ${localId}`) };
    this.#openSeq = this.add(sampleBody("shift.opened", fields, { operator: "Amina", currency: "KES", ...over }));
    return this.#openSeq;
  }

  /** Goes on, from the beginning of this life, with a shift that was opened in an earlier one. */
  goOn(localId: string): void {
    this.#shift = localId;
    this.#openSeq = 1;
  }

  /** @param over goes over the manifest: what a till says that is not so */
  close(over: object = {}, businessDate = "2026-01-16"): number {
    const closeSeq = this.wires.length;
    const sums = new StretchSums();
    for (const { body, damaged } of this.wires.slice(this.#openSeq - 1)) {
      if (damaged) sums.addUnread("order.closed");
      else sums.add(body);
    }
    const stretch = { openSeq: this.#openSeq, closeSeq, chainHead: this.hashAt(closeSeq) };
    const manifest = { ...stretch, counts: sums.counts(), totals: sums.totals(), ...over };
    const fields = { localId: this.#shift, businessDate, version: 2, changeId: this.#changeId(`close ${this.#shift}`) };
    return this.add(sampleBody("shift.closed", fields, manifest));
  }

  #changeId(name: string): string {
    return sampleChangeId(canonicalText([this.terminal, this.incarnation, name]));
  }
}
