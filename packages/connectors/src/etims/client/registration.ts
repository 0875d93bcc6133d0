import { readDecimal, SyncError } from "@tillsync/protocol";
import { stampOf } from "../../client/nairobi.ts";
import type { ItemClass } from "../invoice/item-class.ts";
import { hundredthsOf } from "../invoice/kra-codes.ts";
import type { SaleRequest } from "../invoice/sale-request.ts";
import { clipped } from "../invoice/text.ts";

/** Where goods have to be in stock (the gateway), this is the order: item, movement, stock, sale. Services need the item only. */
export const REGISTRATION_ORDER = ["saveItem", "moveStock", "saveStock", "sale"] as const;

/** Who wrote it down: an id (20) and a name (60). */
export interface Writer {
  readonly id: string;
  readonly name: string;
}

/** Parts of an item code. The sequence is KRA's, counted per PIN. */
export interface ItemCode {
  readonly country: string;
  readonly type: "1" | "2" | "3";
  readonly pkgUnitCd: string;
  readonly qtyUnitCd: string;
  readonly sequence: number;
}

/** `KE2NTBA0000012`. @throws SyncError INVALID_INPUT naming the part that does not fit */
export function itemCode(
  { country, type, pkgUnitCd, qtyUnitCd, sequence }: ItemCode,
  itemDigits: "7" | "8" = "7",
): string {
  const digits = Number(itemDigits);
  for (const [field, code] of Object.entries({ country, pkgUnitCd, qtyUnitCd }))
    if (!/^[A-Z]{2}$/.test(code)) throw wrong(field, "two capital letters inside an item code");
  if (!Number.isSafeInteger(sequence) || sequence < 1 || String(sequence).length > digits)
    throw wrong("sequence", `a whole number of at most ${digits} digits`);
  return `${country}${type}${pkgUnitCd}${qtyUnitCd}${String(sequence).padStart(digits, "0")}`;
}

/** saveItem. Its code and its fields have to agree, or it is refused. */
export function itemBody(item: ItemClass & { readonly name: string }, writer: Writer): object {
  const found = /^([A-Z]{2})([123])([A-Z]{2})([A-Z]{2})\d{7,8}$/.exec(item.itemCd);
  if (found === null) throw wrong("itemCd", "an item code such as KE2NTBA0000012");
  const [, orgnNatCd, itemTyCd, pkgUnitCd, qtyUnitCd] = found;
  if (pkgUnitCd !== item.pkgUnitCd) throw wrong("pkgUnitCd", `the ${pkgUnitCd} of the item code`);
  if (qtyUnitCd !== item.qtyUnitCd) throw wrong("qtyUnitCd", `the ${qtyUnitCd} of the item code`);
  const { itemCd, itemClsCd, taxTyCd, name, barcode } = item;
  return {
    itemCd,
    itemClsCd,
    itemTyCd,
    itemNm: clipped(name, 200),
    itemStdNm: null,
    orgnNatCd,
    pkgUnitCd,
    qtyUnitCd,
    taxTyCd,
    btchNo: null,
    bcd: barcode ?? null,
    dftPrc: 0,
    addInfo: null,
    sftyQty: 0,
    isrcAplcbYn: "N",
    useYn: "Y",
    ...written(writer),
  };
}

/** Stock movements that a shop has: into the stock, and out of it. */
export const STOCK_MOVES = { purchase: "02", return: "03", adjustIn: "06", sale: "11", adjustOut: "16" } as const;

export interface StockMove {
  /** KRA's own sequence, per branch. */
  readonly sarNo: number;
  readonly kind: keyof typeof STOCK_MOVES;
  readonly occurredAtMs: number;
  readonly lines: readonly StockLine[];
}

export interface StockLine {
  readonly item: ItemClass & { readonly name: string };
  /** Decimal text with at most two decimals. */
  readonly quantity: string;
}

/** insertStockIO. Amounts are not what it is for: they stay 0. */
export function stockMoveBody({ sarNo, kind, occurredAtMs, lines }: StockMove, writer: Writer): object {
  return {
    sarNo,
    orgSarNo: 0,
    regTyCd: "M",
    custTin: null,
    custNm: null,
    custBhfId: null,
    sarTyCd: STOCK_MOVES[kind],
    ocrnDt: stampOf(occurredAtMs).slice(0, 8),
    totItemCnt: lines.length,
    totTaxblAmt: 0,
    totTaxAmt: 0,
    totAmt: 0,
    remark: null,
    ...written(writer),
    itemList: lines.map(({ item, quantity }, index) => ({
      itemSeq: index + 1,
      itemCd: item.itemCd,
      itemClsCd: item.itemClsCd,
      itemNm: clipped(item.name, 200),
      bcd: item.barcode ?? null,
      pkgUnitCd: item.pkgUnitCd,
      pkg: 1,
      qtyUnitCd: item.qtyUnitCd,
      qty: quantityOf(quantity, `lines[${index}].quantity`),
      itemExprDt: null,
      prc: 0,
      splyAmt: 0,
      totDcAmt: 0,
      taxblAmt: 0,
      taxTyCd: item.taxTyCd,
      taxAmt: 0,
      totAmt: 0,
    })),
  };
}

/** saveStockMaster: what is left of an item, which has to agree with its movements. */
export function stockBody(itemCd: string, left: string, writer: Writer): object {
  return { itemCd, rsdQty: quantityOf(left, "left"), ...written(writer) };
}

/** Goods that a sale, or a credit note, moved: what the movement after it has to tell. Services move nothing. */
export function movedBy({ body }: SaleRequest): {
  readonly kind: "sale" | "return";
  readonly quantities: ReadonlyMap<string, string>;
} {
  const hundredths = new Map<string, number>();
  for (const { itemCd, qty } of body.itemList)
    if (itemCd[2] !== "3") hundredths.set(itemCd, (hundredths.get(itemCd) ?? 0) + Math.round(qty * 100));
  const quantities = new Map([...hundredths].map(([itemCd, sum]) => [itemCd, readDecimal(String(sum / 100)) ?? "0"]));
  return { kind: body.rcptTyCd === "S" ? "sale" : "return", quantities };
}

/** The number that KRA expects in a refused registration: of `sarNo`, or the end of an item code. */
export function expectedSequenceIn(text: string): number | undefined {
  const found = /sarNo: Expected:\s*(\d{1,15})/i.exec(text) ?? /sequence ending with:\s*\**(\d{1,8})/i.exec(text);
  return found === null ? undefined : Number(found[1]);
}

function quantityOf(text: string, field: string): number {
  const hundredths = hundredthsOf(text);
  if (hundredths === undefined) throw wrong(field, "a quantity with at most two decimals, not negative");
  return hundredths / 100;
}

function written({ id, name }: Writer): object {
  const [regrId, regrNm] = [clipped(id, 20), clipped(name, 60)];
  return { regrId, regrNm, modrId: regrId, modrNm: regrNm };
}

function wrong(field: string, expected: string): SyncError {
  return new SyncError("INVALID_INPUT", `${field} must be ${expected}.`, { field, expected });
}
