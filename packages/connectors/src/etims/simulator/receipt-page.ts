import type { Answer } from "../../simulator/machine.ts";
import { decimalText } from "./amounts.ts";
import type { EtimsState } from "./state.ts";

/** Where the QR code of a receipt leads. */
export const RECEIPT_PATH = "/common/link/etims/receipt/indexEtimsReceiptData";

/** What the service holds of the receipt that a QR code names: PIN (11), branch (2) and signature (16). */
export function receiptPage(state: EtimsState, data: string): Answer {
  const invoice = state.invoices.find(({ tin, bhfId, rcptSign }) => `${tin}${bhfId}${rcptSign}` === data);
  if (invoice === undefined) return page(404, "No such receipt", "<p>The service holds no receipt with this code.</p>");
  const { tin, bhfId, invcNo, trdInvcNo, rcptTyCd, totalCents, rcptSign, intrlData, curRcptNo, totRcptNo } = invoice;
  const facts = {
    "Seller PIN": `${tin} ${bhfId}`,
    "Invoice number": invcNo,
    "Trader invoice": trdInvcNo,
    Type: rcptTyCd === "R" ? "Credit note" : "Sale",
    Total: decimalText(totalCents),
    Counter: `${curRcptNo}/${totRcptNo}`,
    Signature: rcptSign,
    "Internal data": intrlData,
  };
  const rows = Object.entries(facts).map(([name, value]) => `<dt>${name}</dt><dd>${escaped(String(value))}</dd>`);
  return page(200, "Receipt", `<dl>${rows.join("")}</dl>`);
}

function page(status: number, title: string, content: string): Answer {
  const body = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1>${content}</html>`;
  return { status, type: "text/html; charset=utf-8", body };
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
