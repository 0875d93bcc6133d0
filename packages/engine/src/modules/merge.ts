import type { Sql } from "../ports.ts";
import type { Copy } from "./copy.ts";
import { firstRows, GenerationWriter, garbage, type StoredRow, takeApart } from "./generations.ts";
import type { Row } from "./keys.ts";
import { inSlices, type SliceDesk } from "./slices.ts";

/** Rows that are read at once to be moved or taken away. */
const ROWS = 16;

/**
 * Moves what a delta brought into the rows below it, some at a time. A row goes in the same transaction from above to
 * below, so that whoever reads finds the same at every moment.
 */
export async function mergeOverlay(desk: SliceDesk, copy: Copy): Promise<void> {
  const { base, overlay, module, scope } = copy;
  if (base === null || overlay === null) return;
  await inSlices(desk, (tx) => {
    const above = new GenerationWriter(tx, { generation: overlay, module });
    const below = new GenerationWriter(tx, { generation: base, module });
    const step = () => {
      const rows = firstRows(tx, overlay, ROWS);
      for (const row of rows) {
        sink(below, row);
        above.removeStored(row);
      }
      return rows.length === ROWS;
    };
    const seal = (isLast: boolean) => {
      below.end();
      if (isLast) forgetOverlay(tx, { module, scope });
    };
    return { step, seal };
  });
}

function sink(below: GenerationWriter, { id, row }: StoredRow): void {
  if (row === null) below.remove(id);
  else below.put(id, row, JSON.parse(row) as Row);
}

function forgetOverlay(tx: Sql, { module, scope }: Pick<Copy, "module" | "scope">): void {
  tx.run("UPDATE module_copy SET overlay = NULL WHERE module = ? AND scope = ?", module, scope);
}

/** Takes apart what earlier copies and given-up pulls left. */
export async function clean(desk: SliceDesk, read: Pick<Sql, "all">): Promise<void> {
  for (const generation of garbage(read))
    await inSlices(desk, (tx) => ({ step: () => !takeApart(tx, generation, ROWS), seal: () => {} }));
}
