import { nairobiMs } from "../../simulator/nairobi.ts";
import { amountFault } from "./amounts.ts";
import { codesOf, taxRates } from "./code-lists.ts";
import { creditNoteRefusal } from "./credit-notes.ts";
import { fieldFault, hundredths, LINE_FIELDS, RECEIPT_FIELDS, SALE_FIELDS } from "./fields.ts";
import { invoiceWith, numberRefusal } from "./numbers.ts";
import { done, type Outcome, refused } from "./result-codes.ts";
import { sign, signatureData } from "./signing.ts";
import type { Device, EtimsState, Invoice, Json } from "./state.ts";
import { stockRefusal } from "./stock.ts";
import { storageRefusal } from "./vscu.ts";

const DAY_MS = 86_400_000;

/** Takes a sale or a credit note, or says why not. Nothing moves unless it is accepted. */
export function takeSale(state: EtimsState, device: Device, body: Json, nowMs: number): Outcome {
  const lines = linesOf(body);
  const refusal =
    fieldRefusal(body, lines) ??
    codeRefusal(state, body, lines) ??
    dateRefusal(state, body, nowMs) ??
    storageRefusal(state) ??
    numberRefusal(state, device, Number(body.invcNo)) ??
    unsignedRefusal(state, device) ??
    buyerRefusal(state, body) ??
    (body.rcptTyCd === "R" ? creditNoteRefusal(state, device, body, lines) : undefined) ??
    amountRefusal(state, body, lines) ??
    stockRefusal(state, device, body, lines);
  if (refusal !== undefined) return refusal;
  const invoice = accept(state, device, body, nowMs, false);
  return done(invoice.signed ? signatureData(state, device, invoice) : null);
}

/** The second step that one source says a VSCU has. */
export function signSale(state: EtimsState, device: Device, body: Json): Outcome {
  const invoice = invoiceWith(state, device, Number(body.invcNo));
  if (invoice === undefined || state.settings.vscuSecondStep === "none") return refused("922");
  invoice.signed = true;
  return done(signatureData(state, device, invoice));
}

export function accept(state: EtimsState, device: Device, body: Json, nowMs: number, foreign: boolean): Invoice {
  const { wire, vscuSecondStep } = state.settings;
  const rcptTyCd = String(body.rcptTyCd);
  const invcNo = Number(body.invcNo);
  const invoice: Invoice = {
    tin: device.tin,
    bhfId: device.bhfId,
    invcNo,
    trdInvcNo: String(body.trdInvcNo),
    rcptTyCd,
    orgInvcNo: Number(body.orgInvcNo),
    custTin: typeof body.custTin === "string" ? body.custTin : null,
    totalCents: hundredths(body.totAmt) ?? 0,
    lines: linesOf(body).map((line) => ({ itemCd: String(line.itemCd), qtyHundredths: hundredths(line.qty) ?? 0 })),
    acceptedAtMs: nowMs,
    ...sign(state, device, rcptTyCd, invcNo),
    foreign,
    body,
    uploaded: wire !== "vscu" || state.link.isUp,
    signed: foreign || wire !== "vscu" || vscuSecondStep === "none",
  };
  state.invoices.push(invoice);
  return invoice;
}

function linesOf({ itemList }: Json): Json[] {
  const lines = Array.isArray(itemList) ? (itemList as unknown[]) : [];
  return lines.map((line) => (typeof line === "object" && line !== null ? (line as Json) : {}));
}

function fieldRefusal(body: Json, lines: readonly Json[]): Outcome | undefined {
  const receipt = typeof body.receipt === "object" && body.receipt !== null ? (body.receipt as Json) : {};
  let fault = fieldFault(body, SALE_FIELDS) ?? fieldFault(receipt, RECEIPT_FIELDS, "receipt.");
  if (lines.length === 0) fault ??= "itemList must have a line";
  if (lines.length !== body.totItemCnt) fault ??= `totItemCnt is ${String(body.totItemCnt)} for ${lines.length} lines`;
  for (const [index, line] of lines.entries()) {
    fault ??= fieldFault(line, LINE_FIELDS, `itemList[${index}].`);
    if (line.itemSeq !== index + 1) fault ??= `itemList[${index}].itemSeq must be ${index + 1}`;
    if (line.pkg === 0) fault ??= `Invalid pkg for ItemList ${index + 1}. Expected: 1, Found: 0`;
  }
  return fault === undefined ? undefined : refused("910", fault);
}

function codeRefusal(state: EtimsState, body: Json, lines: readonly Json[]): Outcome | undefined {
  const { settings } = state;
  const taxTypes = Object.keys(taxRates(settings));
  const isOneOf = (value: unknown, codes: readonly string[]) => typeof value === "string" && codes.includes(value);
  const isAbsent = (value: unknown) => value === null || value === undefined;
  if (!isOneOf(body.rcptTyCd, ["S", "R"])) return codeFault("rcptTyCd");
  if (!isAbsent(body.salesTyCd) && !isOneOf(body.salesTyCd, ["N", "C", "P", "T"])) return codeFault("salesTyCd");
  if (!isAbsent(body.pmtTyCd) && !isOneOf(body.pmtTyCd, codesOf(settings, "07"))) return codeFault("pmtTyCd");
  if (!isOneOf(body.salesSttsCd, codesOf(settings, "11"))) return codeFault("salesSttsCd");
  if (body.rcptTyCd === "R" && !isOneOf(body.rfdRsnCd, codesOf(settings, "32")))
    return refused("913", "Invalid RfdRsnCd");
  for (const line of lines) {
    if (!isOneOf(line.pkgUnitCd, codesOf(settings, "17"))) return codeFault("itemList><pkgUnitCd");
    if (!isOneOf(line.qtyUnitCd, codesOf(settings, "10"))) return codeFault("itemList><qtyUnitCd");
    if (!isOneOf(line.taxTyCd, taxTypes)) return codeFault("itemList><taxTyCd");
  }
  return undefined;
}

function codeFault(path: string): Outcome {
  return refused("913", `Code value error. [<${path}>]`);
}

function dateRefusal(state: EtimsState, body: Json, nowMs: number): Outcome | undefined {
  for (const name of ["salesDt", "cfmDt", "rfdDt", "stockRlsDt"]) {
    const value = body[name];
    if (value === null || value === undefined) continue;
    const atMs = nairobiMs(String(value));
    if (atMs === undefined) return refused("910", `${name} is no date`);
    if (atMs > nowMs) return refused("910", `${name} is in the future`);
  }
  const { oldestSaleDays } = state.settings;
  const saleMs = nairobiMs(String(body.salesDt)) ?? nowMs;
  if (oldestSaleDays !== null && saleMs < nowMs - (oldestSaleDays + 1) * DAY_MS)
    return refused("910", `salesDt is older than ${oldestSaleDays} days`);
  return undefined;
}

/** With two steps, a sale waits for the invoice of the one before it. */
function unsignedRefusal(state: EtimsState, { tin, bhfId }: Device): Outcome | undefined {
  const isWaiting = state.invoices.some((one) => one.tin === tin && one.bhfId === bhfId && !one.signed);
  return isWaiting ? refused("921") : undefined;
}

function buyerRefusal(state: EtimsState, { custTin, custNm }: Json): Outcome | undefined {
  if (custTin === null || custTin === undefined) {
    const mustBeNamed = state.settings.walkIn === "A000000000D";
    return mustBeNamed ? refused("910", "custTin must be A000000000D, custNm CASH for an unknown buyer") : undefined;
  }
  if (custTin === "A000000000D" && state.settings.walkIn === "A000000000D" && custNm === "CASH") return undefined;
  return /^[A-Z]\d{9}[A-Z]$/.test(String(custTin)) ? undefined : refused("910", "custTin is no KRA PIN");
}

function amountRefusal(state: EtimsState, body: Json, lines: readonly Json[]): Outcome | undefined {
  const fault = amountFault(body, lines, state.settings);
  return fault === undefined ? undefined : refused("910", fault);
}
