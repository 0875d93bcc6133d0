import type { OrderClosed } from "@tillsync/protocol";
import type { Element, ReceiptFacts } from "./document.ts";

/** What the control unit of the tax authority answered for a sale, as it was stored; nobody is called to print it. */
export interface Signed {
  readonly state: "signed";
  readonly scuId: string;
  readonly receiptNumber: number;
  readonly totalReceipts: number;
  readonly internalData: string;
  readonly signature: string;
  /** As the control unit wrote it. */
  readonly signedAt: string;
  /** The control unit's number of the sale that a credit note takes back. */
  readonly originalNumber?: string | undefined;
  readonly qr: string;
}

/** Of a shop that declares nothing there is none; of one whose sale is not signed yet, a provisional one. */
export type Fiscal = Signed | { readonly state: "pending" };

export function titleOf(documentType: OrderClosed["documentType"], fiscal: Fiscal | undefined): string {
  const isSale = documentType === "sale";
  if (fiscal?.state === "signed") return isSale ? "TAX INVOICE" : "CREDIT NOTE";
  return isSale ? "RECEIPT" : documentType === "return" ? "RETURN" : "VOID";
}

/** The part that the tax authority asks for: SCU and TIS information, and the QR code. */
export function fiscalElements(fiscal: Fiscal, facts: ReceiptFacts): readonly Element[] {
  if (fiscal.state === "pending") {
    return [
      { kind: "rule" },
      { kind: "text", text: "eTIMS pending", align: "center", bold: true },
      { kind: "text", text: "Provisional: not a fiscal receipt. The signed one follows.", align: "center" },
    ];
  }
  const isCredit = facts.order.documentType !== "sale";
  const title = (text: string): Element => ({ kind: "text", text, align: "center", bold: true });
  const row = (left: string, right: string): Element => ({ kind: "row", left, right });
  return [
    { kind: "rule" },
    ...(isCredit ? [title("CREDIT NOTE IS APPROVED ONLY FOR ORIGINAL SALES RECEIPT")] : []),
    ...(fiscal.originalNumber === undefined ? [] : [row("ORIGINAL CU INVOICE NO", fiscal.originalNumber)]),
    title("SCU INFORMATION"),
    row("Date", fiscal.signedAt),
    row("CU ID", fiscal.scuId),
    row("CU INVOICE NO", `${fiscal.scuId}/${fiscal.receiptNumber}`),
    row("Counter", `${fiscal.receiptNumber}/${fiscal.totalReceipts} ${labelOf(isCredit, facts.print)}`),
    { kind: "text", text: `Internal Data: ${dashed(fiscal.internalData)}` },
    { kind: "text", text: `Receipt Signature: ${dashed(fiscal.signature)}` },
    title("TIS INFORMATION"),
    row("Receipt", facts.order.receiptNumber),
    { kind: "qr", content: fiscal.qr },
  ];
}

/** NS and NC: a normal sale or credit note. CS and CC: a copy of one. */
function labelOf(isCredit: boolean, print: ReceiptFacts["print"]): string {
  return `${print === "copy" ? "C" : "N"}${isCredit ? "C" : "S"}`;
}

/** After every fourth character, as the authority's rules ask. */
const dashed = (text: string) => text.replace(/(.{4})(?=.)/g, "$1-");
