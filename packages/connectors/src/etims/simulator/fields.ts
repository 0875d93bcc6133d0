import type { Json } from "./state.ts";

/** `text`: CHAR of at most `max`; `stamp` and `day`: 14 and 8 digits; `money` and the like: at most two decimals. */
interface Field {
  readonly type: "text" | "whole" | "money" | "rate" | "quantity" | "stamp" | "day" | "yesNo";
  readonly max?: number;
  readonly required?: boolean;
}

const TAX_TYPES = ["A", "B", "C", "D", "E"] as const;

const money = { type: "money", required: true } as const;
const rate = { type: "rate", required: true } as const;
const text = (max: number) => ({ type: "text", max }) as const;
const must = <T extends Field>(field: T) => ({ ...field, required: true }) as const;

/** The 15 tax fields, in the order of the specification. */
export const TAX_FIELDS: readonly string[] = ["taxblAmt", "taxRt", "taxAmt"].flatMap((name) =>
  TAX_TYPES.map((letter) => `${name}${letter}`),
);

export const SALE_FIELDS: Readonly<Record<string, Field>> = {
  invcNo: must({ type: "whole" }),
  trdInvcNo: must(text(50)),
  orgInvcNo: must({ type: "whole" }),
  custTin: text(11),
  custNm: text(60),
  salesTyCd: text(5),
  rcptTyCd: must(text(5)),
  pmtTyCd: text(5),
  salesSttsCd: must(text(5)),
  cfmDt: must({ type: "stamp" }),
  salesDt: must({ type: "day" }),
  stockRlsDt: { type: "stamp" },
  cnclReqDt: { type: "stamp" },
  cnclDt: { type: "stamp" },
  rfdDt: { type: "stamp" },
  rfdRsnCd: text(5),
  totItemCnt: must({ type: "whole" }),
  ...Object.fromEntries(TAX_FIELDS.map((name) => [name, name.startsWith("taxRt") ? rate : money])),
  totTaxblAmt: money,
  totTaxAmt: money,
  totAmt: money,
  prchrAcptcYn: must({ type: "yesNo" }),
  remark: text(400),
  regrId: must(text(20)),
  regrNm: must(text(60)),
  modrId: must(text(20)),
  modrNm: must(text(60)),
};

export const RECEIPT_FIELDS: Readonly<Record<string, Field>> = {
  custTin: text(11),
  custMblNo: text(20),
  rcptPbctDt: must({ type: "stamp" }),
  trdeNm: text(20),
  adrs: text(200),
  topMsg: text(200),
  btmMsg: text(200),
  prchrAcptcYn: must({ type: "yesNo" }),
};

export const LINE_FIELDS: Readonly<Record<string, Field>> = {
  itemSeq: must({ type: "whole" }),
  itemCd: must(text(20)),
  itemClsCd: must(text(10)),
  itemNm: must(text(200)),
  bcd: text(20),
  pkgUnitCd: must(text(5)),
  pkg: must({ type: "quantity" }),
  qtyUnitCd: must(text(5)),
  qty: must({ type: "quantity" }),
  prc: money,
  splyAmt: money,
  dcRt: { type: "rate" },
  dcAmt: money,
  taxTyCd: must(text(5)),
  taxblAmt: money,
  taxAmt: money,
  totAmt: money,
};

/** 18,2 would be more than a double holds exactly, so what is beyond it is refused. */
const MAX_HUNDREDTHS: Readonly<Record<string, number>> = { money: 9e15, quantity: 1e13 - 1, rate: 99_999 };

/** Hundredths of a number with at most two decimals; undefined for anything else. */
export function hundredths(value: unknown): number | undefined {
  if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
  const scaled = Math.round(value * 100);
  return Number.isSafeInteger(scaled) && scaled / 100 === value ? scaled : undefined;
}

/** What is wrong with the fields of an object, in a sentence that names the first one; undefined when nothing is. */
export function fieldFault(object: Json, fields: Readonly<Record<string, Field>>, where = ""): string | undefined {
  for (const [name, field] of Object.entries(fields)) {
    const value = object[name];
    if (value === undefined || value === null) {
      if (field.required) return `${where}${name} is required`;
      continue;
    }
    const wrong = valueFault(value, field);
    if (wrong !== undefined) return `${where}${name} ${wrong}`;
  }
  return undefined;
}

function valueFault(value: unknown, { type, max = 0, required }: Field): string | undefined {
  switch (type) {
    case "text":
      if (typeof value !== "string") return "must be a string";
      if (required && value.trim() === "") return "must not be empty";
      return value.length > max ? `must have at most ${max} characters` : undefined;
    case "whole":
      return Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : "must be an integer";
    case "stamp":
      return typeof value === "string" && /^\d{14}$/.test(value) ? undefined : "must be yyyyMMddHHmmss";
    case "day":
      return typeof value === "string" && /^\d{8}$/.test(value) ? undefined : "must be yyyyMMdd";
    case "yesNo":
      return value === "Y" || value === "N" ? undefined : "must be Y or N";
    default: {
      const scaled = hundredths(value);
      const isRight = scaled !== undefined && scaled >= 0 && scaled <= (MAX_HUNDREDTHS[type] ?? 0);
      return isRight ? undefined : "must be a number with at most two decimals";
    }
  }
}
