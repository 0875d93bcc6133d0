import { readMinor } from "@tillsync/protocol";
import { type Heard, hear, objectAt, textAt, wholeAt } from "./envelope.ts";
import { classify } from "./result-classes.ts";

/** What KRA's signature of an invoice is made of, from the reply to it or from a look-up. */
export interface Signature {
  /** Number of the receipt in its unit, of its type or of all: sources differ. */
  readonly rcptNo: number;
  readonly totRcptNo: number;
  /** Internal data: 26 characters of base32. */
  readonly intrlData: string;
  /** 16 characters of base32. */
  readonly rcptSign: string;
  /** `yyyyMMddHHmmss` in Africa/Nairobi, whichever way it came. */
  readonly signedAt: string;
  /** Of the unit, where the reply says so (VSCU). */
  readonly sdcId: string | undefined;
  readonly mrcNo: string | undefined;
}

/** An invoice as a look-up shows it, as far as it tells whose it is. */
export interface ShownInvoice {
  readonly trdInvcNo: string | undefined;
  readonly totalMinor: number | undefined;
  readonly custTin: string | undefined;
  readonly rcptTyCd: string | undefined;
}

/** The signature in the stored text of a reply, to a sale or to a look-up; undefined when there is no whole one in it. */
export function signatureIn(text: string): Signature | undefined {
  const data = successData(text);
  if (data === undefined) return undefined;
  const first = Array.isArray(data.salesList) ? (data.salesList[0] as unknown) : undefined;
  const receipt = first === undefined ? data : objectAt((first ?? {}) as Heard, "receipt");
  return receipt === undefined ? undefined : signatureOf(receipt);
}

/** The invoice with this number in the text of a look-up. */
export function invoiceIn(text: string, invcNo: number): ShownInvoice | undefined {
  const list = successData(text)?.salesList;
  // One was asked for: a list of several is not the answer to that.
  if (!Array.isArray(list) || list.length !== 1) return undefined;
  const sale = list[0] as unknown;
  if (typeof sale !== "object" || sale === null || wholeAt(sale as Heard, "invcNo") !== invcNo) return undefined;
  const shown = sale as Heard;
  return {
    trdInvcNo: textAt(shown, "trdInvcNo"),
    totalMinor: readMinor(textAt(shown, "totAmt") ?? "", "KES")?.minor,
    custTin: textAt(shown, "custTin"),
    rcptTyCd: textAt(shown, "rcptTyCd"),
  };
}

function successData(text: string): Heard | undefined {
  const said = hear(text);
  if (said === undefined || classify(200, said).class !== "done") return undefined;
  return said.data ?? undefined;
}

function signatureOf(receipt: Heard): Signature | undefined {
  const rcptNo = wholeAt(receipt, "curRcptNo") ?? wholeAt(receipt, "rcptNo");
  const totRcptNo = wholeAt(receipt, "totRcptNo");
  const intrlData = textAt(receipt, "intrlData");
  const rcptSign = textAt(receipt, "rcptSign");
  const time = ["sdcDateTime", "vsdcRcptPbctDate", "VSCURcptPbctDate"]
    .map((name) => textAt(receipt, name))
    .find(Boolean);
  const signedAt = stampOf(time ?? "");
  if (rcptNo === undefined || totRcptNo === undefined || signedAt === undefined) return undefined;
  if (intrlData === undefined || rcptSign === undefined) return undefined;
  return {
    rcptNo,
    totRcptNo,
    intrlData,
    rcptSign,
    signedAt,
    sdcId: textAt(receipt, "sdcId"),
    mrcNo: textAt(receipt, "mrcNo"),
  };
}

/** A sale's reply has `yyyyMMddHHmmss`, a look-up's `yyyy-MM-dd HH:mm:ss.f`. */
function stampOf(text: string): string | undefined {
  const digits = text.replace(/\.\d{1,6}$/, "").replace(/[-: T]/g, "");
  return /^\d{14}$/.test(digits) ? digits : undefined;
}
