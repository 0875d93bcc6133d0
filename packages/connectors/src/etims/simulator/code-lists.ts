import type { EtimsSettings } from "./settings.ts";
import type { Json } from "./state.ts";

/** Tax types with their rates in percent. */
export function taxRates({ rateE }: EtimsSettings): Readonly<Record<string, number>> {
  return { A: 0, B: 16, C: 0, D: 0, E: Number(rateE) };
}

const NAMES = { A: "A-Exempt", B: "B-16.00%", C: "C-0.00%", D: "D-Non-VAT", E: "E-8.00%" } as const;

interface CodeClass {
  readonly name: string;
  readonly codes: Readonly<Record<string, string>>;
}

/** Code classes by their number, as far as a sale needs them. Only class 04 is cited; the other numbers are from memory. */
export function codeClasses(settings: EtimsSettings): Readonly<Record<string, CodeClass>> {
  const other = settings.packageUnits === "NT" ? { NT: "Net" } : { CTN: "Carton" };
  return {
    "04": { name: "Taxation Type", codes: NAMES },
    "07": {
      name: "Payment Type",
      codes: {
        "01": "CASH",
        "02": "CREDIT",
        "03": "CASH/CREDIT",
        "04": "BANK CHECK",
        "05": "DEBIT&CREDIT CARD",
        "06": "MOBILE MONEY",
        "07": "OTHER",
      },
    },
    "10": {
      name: "Unit of Quantity",
      codes: { U: "Pieces/item", BA: "Barrel", KG: "Kilo-Gramme", L: "Litre", NO: "Number" },
    },
    "11": {
      name: "Sales Status",
      codes: {
        "01": "Wait for Approval",
        "02": "Approved",
        "03": "Cancel Requested",
        "04": "Canceled",
        "05": "Credit Note Generated",
        "06": "Transferred",
      },
    },
    "12": {
      name: "Stock I/O Type",
      codes: Object.fromEntries(
        ["01", "02", "03", "04", "05", "06", "11", "12", "13", "14", "15", "16"].map((cd) => [cd, cd]),
      ),
    },
    "17": { name: "Packing Unit", codes: { BG: "Bag", BX: "Box", BZ: "Bale", CT: "Carton", ...other } },
    "24": { name: "Item Type", codes: { "1": "Raw Material", "2": "Finished Product", "3": "Service" } },
    "32": {
      name: "Refund Reason",
      codes: {
        "01": "Missing Quantity",
        "02": "Missing Data",
        "03": "Damaged",
        "04": "Wasted",
        "05": "Raw Material Shortage",
        "06": "Refund",
      },
    },
  };
}

export function codesOf(settings: EtimsSettings, cdCls: string): readonly string[] {
  return Object.keys(codeClasses(settings)[cdCls]?.codes ?? {});
}

/** `data` of the code list. The rate of a tax type is its first user-defined code. */
export function codeListData(settings: EtimsSettings): Json {
  const rates = taxRates(settings);
  const clsList = Object.entries(codeClasses(settings)).map(([cdCls, { name, codes }]) => ({
    cdCls,
    cdClsNm: name,
    useYn: "Y",
    dtlList: Object.entries(codes).map(([cd, cdNm], index) => ({
      cd,
      cdNm,
      useYn: "Y",
      srtOrd: index + 1,
      userDfnCd1: cdCls === "04" ? String(rates[cd]) : null,
    })),
  }));
  return { clsList };
}

export const ITEM_CLASSES: readonly Json[] = [
  {
    itemClsCd: "50000000",
    itemClsNm: "Food and beverage products",
    itemClsLvl: 1,
    taxTyCd: "B",
    mjrTgYn: "N",
    useYn: "Y",
  },
  {
    itemClsCd: "50202300",
    itemClsNm: "Non-alcoholic beverages",
    itemClsLvl: 3,
    taxTyCd: "B",
    mjrTgYn: "N",
    useYn: "Y",
  },
  {
    itemClsCd: "90100000",
    itemClsNm: "Restaurants and catering",
    itemClsLvl: 2,
    taxTyCd: "B",
    mjrTgYn: "N",
    useYn: "Y",
  },
  {
    itemClsCd: "99000000",
    itemClsNm: "Goods of other classes",
    itemClsLvl: 1,
    taxTyCd: null,
    mjrTgYn: "N",
    useYn: "Y",
  },
];
