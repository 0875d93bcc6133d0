import type { Chronicle } from "../chronicle.ts";
import type { Random } from "../random.ts";
import type { Shop } from "../shop.ts";
import type { Timeline } from "../timeline.ts";
import { headKey, type LifeRow } from "./tables.ts";

interface Backup {
  readonly restore: (isNoticed: boolean) => void;
  /** Every life as it stood, by store. */
  readonly marks: ReadonlyMap<number, readonly (LifeRow & { readonly hash: string })[]>;
  readonly order: number;
}

/**
 * Backups of the centre. Once one is verified the marks of its lives move, and tills may forget what is before them:
 * whoever restores takes the newest verified one, or a newer one.
 */
export class Backups {
  readonly #options: { shop: Shop; timeline: Timeline; chronicle: Chronicle; random: Random };
  #verified: Backup | undefined;
  #taken = 0;

  constructor(options: { shop: Shop; timeline: Timeline; chronicle: Chronicle; random: Random }) {
    this.#options = options;
  }

  /** Now and then one is taken; verifying it takes a while, in which everything goes on. */
  step(): void {
    const { random, timeline } = this.#options;
    if (!random.chance(0.05)) return;
    const backup = this.take();
    timeline.after(random.between(100, 60_000), () => this.#verify(backup));
  }

  take(): Backup {
    const { shop } = this.#options;
    const marks = new Map(
      shop.storeIds.map((storeId) => [
        storeId,
        [...shop.database.store(storeId).lives.values()].map((life) => ({ ...life, hash: life.chainHash })),
      ]),
    );
    return { restore: shop.backup(), marks, order: ++this.#taken };
  }

  /** What whoever restores puts back, who has this one at hand. */
  newest(own: Backup): Backup {
    return this.#verified !== undefined && this.#verified.order > own.order ? this.#verified : own;
  }

  #verify(backup: Backup): void {
    const { shop, chronicle } = this.#options;
    if (backup.order > (this.#verified?.order ?? 0)) this.#verified = backup;
    chronicle.hit("centre.backed-up");
    for (const [storeId, lives] of backup.marks) {
      const tables = shop.database.store(storeId);
      for (const { terminal, incarnation, durableThrough: through, hash } of lives) {
        for (const [key, now] of tables.lives) {
          if (now.terminal !== terminal || now.incarnation !== incarnation) continue;
          const isThere = tables.heads.get(headKey(terminal, incarnation, through))?.hash === hash;
          if (isThere && through > now.backedUpThrough && through <= now.durableThrough)
            tables.lives.set(key, { ...now, backedUpThrough: through });
        }
      }
    }
  }
}
