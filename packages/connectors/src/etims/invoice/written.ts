import { type KraCodes, TAX_TYPES, type TaxType } from "./kra-codes.ts";
import type { TaxedLine } from "./line.ts";

/** A line on the wire. Numbers have two decimals at most. */
export interface LineBody {
  readonly itemSeq: number;
  readonly itemCd: string;
  readonly itemClsCd: string;
  readonly itemNm: string;
  readonly bcd: string | null;
  readonly pkgUnitCd: string;
  readonly pkg: number;
  readonly qtyUnitCd: string;
  readonly qty: number;
  readonly prc: number;
  readonly splyAmt: number;
  readonly dcRt: number;
  readonly dcAmt: number;
  readonly isrccCd: null;
  readonly isrccNm: null;
  readonly isrcRt: null;
  readonly isrcAmt: null;
  readonly taxTyCd: TaxType;
  readonly taxblAmt: number;
  readonly taxAmt: number;
  readonly totAmt: number;
}

/** `taxblAmtA` to `taxAmtE`: all 15, always. */
export type TaxFields = Readonly<Record<`${"taxblAmt" | "taxRt" | "taxAmt"}${TaxType}`, number>>;

/** A sales save request, without its number and the device's own fields. */
export interface SaleBody extends TaxFields {
  readonly trdInvcNo: string;
  /** 0 for a sale, the `invcNo` of the original for a credit note. */
  readonly orgInvcNo: number;
  readonly custTin: string | null;
  readonly custNm: string | null;
  readonly salesTyCd: "N";
  readonly rcptTyCd: "S" | "R";
  readonly pmtTyCd: string;
  readonly salesSttsCd: "02";
  readonly cfmDt: string;
  readonly salesDt: string;
  readonly stockRlsDt: null;
  readonly cnclReqDt: null;
  readonly cnclDt: null;
  readonly rfdDt: string | null;
  readonly rfdRsnCd: string | null;
  readonly totItemCnt: number;
  readonly totTaxblAmt: number;
  readonly totTaxAmt: number;
  readonly totAmt: number;
  readonly prchrAcptcYn: "N" | "Y";
  readonly remark: null;
  readonly regrId: string;
  readonly regrNm: string;
  readonly modrId: string;
  readonly modrNm: string;
  readonly receipt: Readonly<Record<string, string | number | null>>;
  readonly itemList: readonly LineBody[];
}

/** Whole hundredths as the number that JSON writes with at most two decimals: exact up to 15 digits. */
function written(hundredths: number): number {
  return hundredths / 100;
}

export function lineBody(line: TaxedLine, index: number): LineBody {
  const { item, discountMinor, supplyMinor } = line;
  return {
    itemSeq: index + 1,
    itemCd: item.itemCd,
    itemClsCd: item.itemClsCd,
    itemNm: line.name,
    bcd: item.barcode ?? null,
    pkgUnitCd: item.pkgUnitCd,
    pkg: line.packages,
    qtyUnitCd: item.qtyUnitCd,
    qty: written(line.quantityHundredths),
    prc: written(line.priceMinor),
    splyAmt: written(supplyMinor),
    dcRt: supplyMinor === 0 ? 0 : written(Math.round((discountMinor / supplyMinor) * 10_000)),
    dcAmt: written(discountMinor),
    isrccCd: null,
    isrccNm: null,
    isrcRt: null,
    isrcAmt: null,
    taxTyCd: line.taxType,
    taxblAmt: written(line.taxableMinor),
    taxAmt: written(line.taxMinor),
    totAmt: written(line.totalMinor),
  };
}

/** The sums of a sale: of each tax type, and of all of it. They are sums of the lines, so they agree to the cent. */
export function saleTotals(lines: readonly TaxedLine[], { rates }: KraCodes) {
  const sum = (of: readonly TaxedLine[], name: "taxableMinor" | "taxMinor" | "totalMinor") =>
    written(of.reduce((total, line) => total + line[name], 0));
  const fields = TAX_TYPES.flatMap((type) => {
    const own = lines.filter((line) => line.taxType === type);
    return [
      [`taxblAmt${type}`, sum(own, "taxableMinor")],
      [`taxRt${type}`, written(rates[type])],
      [`taxAmt${type}`, sum(own, "taxMinor")],
    ] as const;
  });
  return {
    totItemCnt: lines.length,
    ...(Object.fromEntries(fields) as TaxFields),
    totTaxblAmt: sum(lines, "taxableMinor"),
    totTaxAmt: sum(lines, "taxMinor"),
    totAmt: sum(lines, "totalMinor"),
  };
}
