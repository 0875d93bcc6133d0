import type { Element } from "./document.ts";
import { type Columns, layOut } from "./layout.ts";

/** A receipt as plain text of a fixed width. A QR code is the address it leads to, on one line so that it can be copied. */
export function receiptAsText(document: readonly Element[], columns: Columns): string {
  const lines = layOut(document, columns).flatMap((placed) => {
    if (placed.kind === "line") return [placed.text.trimEnd()];
    return placed.kind === "qr" ? [placed.content] : [];
  });
  return `${lines.join("\n")}\n`;
}
