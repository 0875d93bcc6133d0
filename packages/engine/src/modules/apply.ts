import { ModuleHash, type PageHeader, rowHash, type Sha256 } from "@tillsync/protocol";
import type { Sql } from "../ports.ts";
import { type Building, type Copy, writeCopy, writeProgress } from "./copy.ts";
import { GenerationWriter, rowIn } from "./generations.ts";
import { type Page, type PageRow, readLine } from "./page.ts";
import { Keys } from "./postponed.ts";
import { inSlices, type SliceDesk } from "./slices.ts";

export interface ApplyDesk extends SliceDesk {
  readonly sha256: Sha256;
}

/** What the last page left: a copy that is read now, or one that did not add up and was thrown away. */
export type Outcome = "more" | "read" | "wrong";

/**
 * Where a pull stands once a page with this header is applied; null behind the last page of all. A snapshot is followed by
 * what changed since its first page was made.
 */
export function following(building: Building, { epoch, cursor, next }: PageHeader): Building | null {
  const since = building.since ?? cursor;
  if (next !== null) return { ...building, epoch, since, after: next };
  return building.phase === "snapshot" ? { ...building, phase: "catch-up", epoch, since, after: null } : null;
}

/**
 * Applies a page to the generation that is being built, a slice at a time, each with what is
 * there by then. Nobody reads that
 * generation before the transaction with the last rows finds it equal to the centre's, and makes it what is read together
 * with the cursor.
 */
export async function applyPage(desk: ApplyDesk, copy: Copy, from: Building, page: Page): Promise<[Building, Outcome]> {
  const { header } = page;
  const lines = page.rows();
  const sum = new ModuleHash(from.hash);
  const end = following(from, header);
  let rows = from.rows;
  let isEnd = false;
  const keys = new Keys();
  let result: [Building, Outcome] = [from, "more"];
  await inSlices(desk, (tx) => {
    const writer = new GenerationWriter(tx, { generation: from.generation, module: copy.module });
    const step = () => {
      const line = isEnd ? undefined : lines.next();
      if (line && !line.done) {
        rows += applyRow({ desk, tx, copy, from, writer, sum, keys }, readLine(line.value));
        return true;
      }
      isEnd = true;
      return keys.writeNext(writer);
    };
    const seal = (isLast: boolean) => {
      writer.end();
      const building = { ...((isLast ? end : null) ?? begun(from, header)), rows, hash: sum.hex() };
      if (isLast && end === null) result = [building, conclude(tx, desk, copy, building, header)];
      else {
        writeProgress(tx, copy, building);
        result = [building, "more"];
      }
    };
    return { step, seal };
  });
  return result;
}

/** In the middle of a page: after a kill it is fetched again whole, and what is there of it counts as it did. */
function begun(from: Building, { epoch, cursor }: PageHeader): Building {
  return { ...from, epoch, since: from.since ?? cursor };
}

interface Applying {
  readonly desk: ApplyDesk;
  readonly tx: Sql;
  readonly copy: Copy;
  readonly from: Building;
  readonly writer: GenerationWriter;
  readonly sum: ModuleHash;
  readonly keys: Keys;
}

/** @returns by how many rows the module grows */
function applyRow({ desk, tx, copy, from, writer, sum, keys }: Applying, { id, text, row }: PageRow): number {
  const { module, scope, base } = copy;
  const hashOf = (of: string) => rowHash(desk.sha256, module, scope, of);
  let grows = 0;
  if (text !== null) {
    sum.add(hashOf(text));
    grows++;
    if (from.phase === "snapshot" && writer.insert(id, text, row, keys)) return grows;
  }
  const own = rowIn(tx, from.generation, id);
  const below = from.phase === "delta" && base !== null ? rowIn(tx, base, id) : undefined;
  const old = (own ?? below)?.row ?? null;
  if (old !== null) {
    sum.subtract(hashOf(old));
    grows--;
  }
  if (text !== null || from.phase === "delta") writer.put(id, text, row);
  else writer.remove(id);
  return grows;
}

/** The one moment at which what is read changes. */
function conclude(tx: Sql, desk: ApplyDesk, copy: Copy, building: Building, header: PageHeader): Outcome {
  if (building.rows !== header.rows || building.hash !== header.hash) {
    writeCopy(tx, { ...copy, building: null, wrong: copy.wrong + 1 });
    return "wrong";
  }
  const { epoch, n, cursor, rows, hash } = header;
  const where =
    building.phase === "delta" ? { overlay: building.generation } : { base: building.generation, overlay: null };
  const stands = { epoch, n, cursor, rows, hash, pulledAt: desk.clock.wallMs() };
  writeCopy(tx, { ...copy, ...where, ...stands, building: null, wrong: 0 });
  return "read";
}
