import type { Element } from "./document.ts";
import { type Columns, layOut } from "./layout.ts";

/**
 * A receipt as the bytes that a receipt printer takes. The encoder is loaded with the first receipt: most tills of a
 * process never print, and a till starts without it.
 */
export async function receiptAsEscpos(document: readonly Element[], columns: Columns): Promise<Uint8Array> {
  const { default: Encoder } = await import("@point-of-sale/receipt-printer-encoder");
  const encoder = new Encoder({ language: "esc-pos", columns });
  encoder.initialize().codepage("cp858");
  for (const placed of layOut(document, columns)) {
    if (placed.kind === "line") encoder.bold(placed.bold).text(placed.text).newline();
    else if (placed.kind === "qr") encoder.align("center").qrcode(placed.content).align("left").newline();
    else encoder.newline(3).cut();
  }
  return encoder.encode();
}
