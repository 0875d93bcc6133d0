import { clean } from "./modules/merge.ts";
import type { Clock, LocalStore } from "./ports.ts";

/**
 * Gives back what can be fetched again, while sales need the room: copies of reference data that are half there, and what
 * earlier ones left; on a full disk the history of attempts as well. The copy that is read stays: selling needs its prices.
 * Its pages go to sales; the file does not grow meanwhile.
 */
export async function dropCaches(
  { store, clock }: { store: LocalStore; clock: Clock },
  { attempts, signal }: { attempts: boolean; signal: AbortSignal },
): Promise<void> {
  const half = store.read.get("SELECT 1 FROM module_copy WHERE building IS NOT NULL");
  const history = attempts && store.read.get("SELECT 1 FROM attempt");
  if (half || history)
    store.transaction((tx) => {
      tx.run(`UPDATE module_copy SET phase = NULL, building = NULL, building_epoch = NULL, since = NULL, after = NULL,
        building_rows = 0, building_hash = NULL WHERE building IS NOT NULL`);
      if (attempts) tx.run("DELETE FROM attempt");
    });
  await clean({ clock, signal, commit: (fn) => store.transaction(fn) }, store.read);
}
