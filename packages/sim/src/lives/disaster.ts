import type { Chronicle } from "../chronicle.ts";
import { placesOf } from "../oracle/till.ts";
import { hasTables, viewOf } from "../oracle/till-view.ts";
import type { Random } from "../random.ts";
import type { Shop } from "../shop.ts";
import type { Machine } from "../till/machine.ts";
import { WitnessFile } from "../till/witness.ts";
import type { Cashier } from "../workload/cashier.ts";

/** What somebody keeps of a till, or of the centre, until it is put back. */
type Kept =
  | { readonly of: Machine; readonly image: Buffer; readonly witness: WitnessFile }
  | { readonly restoreCentre: ReturnType<Shop["backup"]> };

/** What can happen to histories: databases that are copied, put back or lost, on tills and at the centre, in any order. */
export class Disasters {
  readonly #shop: Shop;
  readonly #random: Random;
  readonly #chronicle: Chronicle;
  readonly #kept: Kept[] = [];
  readonly happened: string[] = [];
  /** Who loses something in this run. What a till and the centre both lost is gone, and that is all that may be. */
  readonly #what: "tills" | "centre" | "both";

  constructor(shop: Shop, random: Random, chronicle: Chronicle) {
    this.#what = random.pick(["tills", "tills", "centre", "both"] as const);
    this.#shop = shop;
    this.#random = random;
    this.#chronicle = chronicle;
  }

  /** One of them, or what a later one needs. */
  strike(): void {
    const cashier = this.#random.pick(this.#shop.cashiers);
    const ofCentre = [() => this.#keepCentre(), () => this.#putBack()];
    const ofTills = [
      () => this.#keep(cashier.machine),
      () => this.#putBack(),
      () => this.#putBack(),
      () => this.#lose(cashier.machine),
    ];
    const ways: readonly (() => string | undefined)[] = [
      () => this.#copy(cashier),
      ...(this.#what === "tills" ? [] : ofCentre),
      ...(this.#what === "centre" ? [] : ofTills),
    ];
    const what = this.#random.pick(ways)();
    if (what === undefined) return;
    this.happened.push(what);
    this.#chronicle.hit(`lives.${what}`);
  }

  #copy(cashier: Cashier): string | undefined {
    if (!hasTables(cashier.machine) || this.#shop.cashiers.length >= 4) return undefined;
    const withWitness = this.#random.chance(0.5);
    this.#shop.copyTill(cashier, withWitness).boot();
    return withWitness ? "copied with its witness" : "copied without its witness";
  }

  #keep(machine: Machine): string | undefined {
    if (!hasTables(machine)) return undefined;
    this.#kept.push({ of: machine, image: machine.disk.image(), witness: machine.witness.copy() });
    return "kept";
  }

  #keepCentre(): string {
    this.#kept.push({ restoreCentre: this.#shop.backup() });
    return "kept at the centre";
  }

  #putBack(): string | undefined {
    if (this.#kept.length === 0) return undefined;
    const kept = this.#random.pick(this.#kept);
    if ("restoreCentre" in kept) return this.#restoreCentre(kept.restoreCentre);
    const way = this.#random.pick(["with its witness", "with the old witness", "without a witness"] as const);
    const witness = { "with its witness": kept.of.witness, "with the old witness": kept.witness.copy() };
    this.#replace(kept.of, kept.image, way === "without a witness" ? new WitnessFile() : witness[way]);
    if (way !== "with its witness") kept.of.mayRepeat = true;
    return `put back ${way}`;
  }

  #restoreCentre(restore: ReturnType<Shop["backup"]>): string {
    const { servers } = this.#shop;
    for (const server of servers) server.crash();
    restore(true);
    for (const server of servers) server.start();
    return "put back at the centre";
  }

  #lose(machine: Machine): string | undefined {
    if (!hasTables(machine) || this.#random.chance(0.5)) return undefined;
    const withWitness = this.#random.chance(0.5);
    this.#replace(machine, undefined, withWitness ? machine.witness : new WitnessFile());
    if (!withWitness) machine.mayRepeat = true;
    return withWitness ? "lost, and the witness was not" : "lost with its witness";
  }

  #replace(machine: Machine, image: Buffer | undefined, witness: WitnessFile): void {
    machine.crash(false);
    // A witness that lags behind what was sold, after a power cut, cannot tell.
    const last = hasTables(machine) ? viewOf(machine).entries.at(-1) : undefined;
    if (witness.content === undefined || witness.content.hash !== last?.hash) machine.mayRepeat = true;
    machine.takeOver(image, witness);
    machine.suspect = "rolled back";
    const kept = new Set(hasTables(machine) ? viewOf(machine).entries.flatMap(placesOf) : []);
    machine.ledger.forgive(({ incarnation, seq, hash }) => kept.has(`${incarnation}/${seq} ${hash}`));
    machine.boot();
  }
}
