import { type OrderClosed, SyncError } from "@tillsync/protocol";
import { stampOf } from "../../client/nairobi.ts";
import { type EtimsClientSettings, KRA_PIN } from "../client/settings.ts";
import { checkItemClass, type ItemClass } from "./item-class.ts";
import type { KraCodes } from "./kra-codes.ts";
import { MAX_MINOR, taxedLine } from "./line.ts";
import { paymentType } from "./payment.ts";
import { clipped } from "./text.ts";
import { lineBody, type SaleBody, saleTotals } from "./written.ts";

/** A sale or credit note as it is to be declared: all but its number, which is bound when it is sent. */
export interface SaleRequest {
  /** Store and receipt number: what tells whose an invoice is. */
  readonly trdInvcNo: string;
  readonly totalMinor: number;
  readonly body: SaleBody;
}

/** What stands for an unknown buyer at the VSCU that demands one. */
export const WALK_IN = { custTin: "A000000000D", custNm: "CASH" } as const;

/** The accepted invoice that a credit note is for. */
export interface Original {
  readonly invcNo: number;
  /** As it was declared. */
  readonly request: SaleRequest;
  /** Credit notes that were raised for it before. */
  readonly earlier: readonly SaleRequest[];
}

/** Everything that an invoice is made of. */
export interface InvoiceGiven {
  readonly order: OrderClosed;
  /** When it was closed, and the sender's clock now, milliseconds since 1970: KRA refuses what is in the future. */
  readonly closedAtMs: number;
  readonly nowMs: number;
  readonly itemClass: (item: string) => ItemClass | undefined;
  readonly codes: KraCodes;
  readonly buyer?: { readonly pin?: string; readonly name?: string; readonly phone?: string };
  readonly cashier?: { readonly id: string; readonly name: string };
  /** Needed for a return or void. */
  readonly original?: Original;
  /** Code class of refund reasons; 06, refund, when absent. */
  readonly refundReason?: "01" | "02" | "03" | "04" | "05" | "06";
  readonly paymentTypes?: Readonly<Record<string, string>>;
}

/**
 * An order of ours as KRA wants it. Pure. Whatever cannot be said is refused here, before a number is used.
 *
 * @throws SyncError INVALID_INPUT naming the field and what belongs there
 */
export function saleRequest(given: InvoiceGiven, settings: EtimsClientSettings): SaleRequest {
  const { order, codes } = given;
  const isBack = order.documentType !== "sale";
  checkOrder(order, isBack, given.original);
  const lines = order.lines.map((line, index) => {
    const field = `lines[${index}]`;
    const item = checkItemClass(`${field}.item`, given.itemClass(line.item), codes);
    return taxedLine({ field, line, item, isBack }, codes);
  });
  const totals = saleTotals(lines, codes);
  const totalMinor = lines.reduce((sum, line) => sum + line.totalMinor, 0);
  if (totalMinor !== Math.abs(order.totalMinor)) throw wrong("totalMinor", "the sum of the lines, tax included");
  if (totalMinor > MAX_MINOR) throw wrong("totalMinor", `at most ${MAX_MINOR} cents`);
  const trdInvcNo = `${settings.storeCode}-${order.receiptNumber}`;
  if (trdInvcNo.length > 50) throw wrong("receiptNumber", "so short that with the store's code it has 50 characters");
  const body = { trdInvcNo, ...headerOf(given, settings, isBack), ...totals, itemList: lines.map(lineBody) };
  const request: SaleRequest = { trdInvcNo, totalMinor, body };
  if (given.original !== undefined && isBack) checkCredit(request, given.original);
  return request;
}

function checkOrder(order: OrderClosed, isBack: boolean, original: Original | undefined): void {
  if (order.currency !== "KES") throw wrong("currency", "KES: eTIMS takes no other");
  if (order.lines.length === 0) throw wrong("lines", "at least one line");
  const onTop = (order.taxes ?? []).findIndex((tax) => !tax.included && tax.taxMinor !== 0);
  if (onTop >= 0) throw wrong(`taxes[${onTop}].included`, "true: eTIMS counts with prices that include the tax");
  if (isBack && original === undefined) throw wrong("original", "the accepted invoice that this takes back");
}

function headerOf(given: InvoiceGiven, settings: EtimsClientSettings, isBack: boolean) {
  const { order, cashier, buyer } = given;
  const stamp = stampOf(Math.min(given.closedAtMs, given.nowMs));
  const { shop = {}, buyerAccepts } = settings;
  const { custTin, custNm } = buyerOf(given, settings);
  const id = clipped(cashier?.id ?? order.operator ?? "till", 20) || "till";
  const name = clipped(cashier?.name ?? order.operator ?? "till", 60) || "till";
  return {
    orgInvcNo: isBack ? (given.original?.invcNo ?? 0) : 0,
    custTin,
    custNm,
    salesTyCd: "N",
    rcptTyCd: isBack ? "R" : "S",
    pmtTyCd: paymentType(order.tenders, isBack, given.paymentTypes),
    salesSttsCd: "02",
    cfmDt: stamp,
    salesDt: stamp.slice(0, 8),
    stockRlsDt: null,
    cnclReqDt: null,
    cnclDt: null,
    rfdDt: isBack ? stamp : null,
    rfdRsnCd: isBack ? (given.refundReason ?? "06") : null,
    prchrAcptcYn: buyerAccepts,
    remark: null,
    regrId: id,
    regrNm: name,
    modrId: id,
    modrNm: name,
    receipt: {
      custTin,
      custMblNo: buyer?.phone === undefined ? null : clipped(buyer.phone, 20),
      rcptPbctDt: stamp,
      trdeNm: shop.tradeName ?? "",
      adrs: shop.address ?? "",
      topMsg: shop.topMessage ?? "",
      btmMsg: shop.bottomMessage ?? "",
      prchrAcptcYn: buyerAccepts,
      ...(settings.mode === "vscu" ? { rptNo: 0 } : {}),
    },
  } as const;
}

/** A credit note names the buyer of its original. */
function buyerOf({ buyer, original }: InvoiceGiven, { walkIn }: EtimsClientSettings) {
  if (original !== undefined) {
    const { custTin, custNm } = original.request.body;
    return { custTin, custNm };
  }
  const { pin, name } = buyer ?? {};
  const custNm = name === undefined ? null : clipped(name, 60);
  if (pin === undefined) return walkIn === "null" ? { custTin: null, custNm } : WALK_IN;
  // Without what came: a PIN is personal.
  if (!KRA_PIN.test(pin)) throw wrong("buyer.pin", "a KRA PIN: a letter, nine digits, a letter");
  return { custTin: pin, custNm };
}

/** KRA may not look: nobody gets more back than was sold, over all credit notes of an invoice. */
function checkCredit(note: SaleRequest, { request: sold, earlier }: Original): void {
  const notes = [...earlier, note];
  const back = notes.reduce((sum, { totalMinor }) => sum + totalMinor, 0);
  if (back > sold.totalMinor) throw wrong("totalMinor", "at most what is left of the original");
  const left = new Map<string, number>();
  const move = ({ body }: SaleRequest, sign: 1 | -1) => {
    for (const { itemCd, qty } of body.itemList)
      left.set(itemCd, (left.get(itemCd) ?? 0) + sign * Math.round(qty * 100));
  };
  move(sold, 1);
  for (const one of notes) move(one, -1);
  const over = note.body.itemList.findIndex(({ itemCd }) => (left.get(itemCd) ?? 0) < 0);
  if (over >= 0) throw wrong(`lines[${over}].quantity`, "at most what is left of the original's quantity");
}

function wrong(field: string, expected: string): SyncError {
  return new SyncError("INVALID_INPUT", `${field} must be ${expected}.`, { field, expected });
}
