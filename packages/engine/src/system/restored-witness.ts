import { existsSync } from "node:fs";
import { CHAIN_START } from "@tillsync/protocol";
import { systemIds } from "./ids.ts";
import { openWitness } from "./witness-file.ts";

/**
 * Says beside a restored database that it is not the one that sold last: its witness names a life that the database does not
 * have. So the till begins a new life before its first sale, also where the machine that sold is gone with its witness. A
 * witness that survived stays: it knows more.
 *
 * @returns false when a witness was there
 */
export function markRestored(databaseFile: string): boolean {
  const file = `${databaseFile}.witness`;
  if (existsSync(file)) return false;
  const witness = openWitness(file);
  try {
    witness.write({ incarnation: systemIds.hex(16), seq: 0, hash: CHAIN_START });
    witness.flush();
  } finally {
    witness.close();
  }
  return true;
}
