import { type Signature, signatureIn } from "./signature.ts";

/** Where the QR code of a receipt leads. */
const RECEIPT_HOSTS = { sandbox: "https://etims-sbx.kra.go.ke", production: "https://etims.kra.go.ke" } as const;
const RECEIPT_PATH = "/common/link/etims/receipt/indexEtimsReceiptData";

export interface ReceiptGiven {
  /** The stored reply, to the sale or to its look-up. */
  readonly reply: string;
  /** Of the unit, from its initialisation; a VSCU's reply says it itself. */
  readonly sdcId: string;
  readonly unit: { readonly tin: string; readonly bhfId: string; readonly environment: keyof typeof RECEIPT_HOSTS };
  readonly type: "sale" | "credit note";
  readonly isCopy: boolean;
  /** Of a credit note: `cuInvoiceNo` of what it takes back. */
  readonly originalCuInvoiceNo?: string;
}

/** The block that makes a receipt a tax invoice. All of it is text, as it is printed. */
export interface FiscalReceipt {
  readonly date: string;
  readonly time: string;
  readonly cuId: string;
  readonly cuInvoiceNo: string;
  /** `12/34 NS`: number, all numbers, label. */
  readonly counter: string;
  readonly label: "NS" | "NC" | "CS" | "CC";
  readonly internalData: string;
  readonly receiptSignature: string;
  /** What the QR code holds. */
  readonly qr: string;
  readonly originalCuInvoiceNo: string | undefined;
  /** What has to stand on a credit note. */
  readonly notice: string | undefined;
}

const CREDIT_NOTICE = "CREDIT NOTE IS APPROVED ONLY FOR ORIGINAL SALES RECEIPT";

/**
 * What is printed of KRA's signature, from the stored reply alone: a reprint asks nobody.
 *
 * @returns undefined when the reply has no whole signature; the receipt is then provisional
 */
export function fiscalReceipt(given: ReceiptGiven): FiscalReceipt | undefined {
  const signature = signatureIn(given.reply);
  if (signature === undefined) return undefined;
  const isCredit = given.type === "credit note";
  const label = isCredit ? (given.isCopy ? "CC" : "NC") : given.isCopy ? "CS" : "NS";
  const cuId = signature.sdcId ?? given.sdcId;
  const [, year, month, day, hour, minute, second] = /^(....)(..)(..)(..)(..)(..)$/.exec(signature.signedAt) ?? [];
  return {
    date: `${day}/${month}/${year}`,
    time: `${hour}:${minute}:${second}`,
    cuId,
    cuInvoiceNo: `${cuId}/${signature.rcptNo}`,
    counter: `${signature.rcptNo}/${signature.totRcptNo} ${label}`,
    label,
    internalData: dashed(signature.intrlData),
    receiptSignature: dashed(signature.rcptSign),
    qr: qrContent(given.unit, signature),
    originalCuInvoiceNo: isCredit ? given.originalCuInvoiceNo : undefined,
    notice: isCredit ? CREDIT_NOTICE : undefined,
  };
}

function qrContent({ tin, bhfId, environment }: ReceiptGiven["unit"], { rcptSign }: Signature): string {
  return `${RECEIPT_HOSTS[environment]}${RECEIPT_PATH}?Data=${encodeURIComponent(`${tin}${bhfId}${rcptSign}`)}`;
}

/** A dash after every four characters, as receipts have it. */
function dashed(text: string): string {
  return text.match(/.{1,4}/g)?.join("-") ?? "";
}
