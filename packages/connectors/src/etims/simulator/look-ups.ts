import { nairobiMs, nairobiText } from "../../simulator/nairobi.ts";
import { codeListData, ITEM_CLASSES } from "./code-lists.ts";
import { invoiceWith } from "./numbers.ts";
import type { Operation } from "./paths.ts";
import { done, NOTHING_FOUND, type Outcome, refused } from "./result-codes.ts";
import type { Device, EtimsState, Invoice, Json } from "./state.ts";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** Whether an operation only reads, so that it counts against the limit of views. */
export const LOOK_UPS: readonly Operation[] = [
  "codes",
  "itemClasses",
  "items",
  "branches",
  "customer",
  "notices",
  "imports",
  "purchases",
  "stockMoves",
  "invoice",
  "invoices",
];

/** Answers a look-up, or says why not. */
export function lookUp(
  state: EtimsState,
  device: Device,
  asked: { readonly operation: Operation; readonly body: Json },
  nowMs: number,
): Outcome {
  const { operation, body } = asked;
  const { lookUpsPerMinute, wire, vscuLookUp } = state.settings;
  if (lookUpsPerMinute !== null) {
    state.lookUpsAtMs = state.lookUpsAtMs.filter((atMs) => atMs > nowMs - MINUTE_MS);
    if (state.lookUpsAtMs.length >= lookUpsPerMinute) return refused("990");
    state.lookUpsAtMs.push(nowMs);
  }
  if (operation === "invoice" || operation === "invoices") {
    if (wire === "vscu" && vscuLookUp === "none") return refused("912");
  }
  if (operation === "invoice") return invoiceDetails(state, device, body);
  if (operation === "customer") return customer(body);
  return sinceRefusal(state, body, nowMs) ?? list(state, device, operation);
}

function sinceRefusal(state: EtimsState, { lastReqDt }: Json, nowMs: number): Outcome | undefined {
  const sinceMs = /^\d{14}$/.test(String(lastReqDt)) ? nairobiMs(String(lastReqDt)) : undefined;
  if (sinceMs === undefined) return refused("910", "lastReqDt must be yyyyMMddHHmmss");
  const { lookUpWindowDays } = state.settings;
  const isTooOld = lookUpWindowDays !== null && sinceMs < nowMs - lookUpWindowDays * DAY_MS;
  return isTooOld ? refused("910", `lastReqDt is older than ${lookUpWindowDays} days`) : undefined;
}

function list(state: EtimsState, device: Device, operation: Operation): Outcome {
  const isOwn = (one: { tin?: unknown; bhfId?: unknown }) => one.tin === device.tin && one.bhfId === device.bhfId;
  switch (operation) {
    case "codes":
      return done(codeListData(state.settings));
    case "itemClasses":
      return done({ itemClsList: ITEM_CLASSES });
    case "items":
      return found(
        "itemList",
        state.items.filter(({ tin }) => tin === device.tin).map(({ body }) => body),
      );
    case "branches":
      return found("bhfList", branches(state, device.tin));
    case "notices":
      return done({ noticeList: [{ noticeNo: 1, title: "Simulated notice", cont: "Nothing here is real." }] });
    case "stockMoves":
      return found("stockList", state.stockMoves.filter(isOwn));
    case "purchases":
      return found("saleList", state.purchases.filter(isOwn));
    case "invoices":
      return found("salesList", state.invoices.filter(isOwn).map(invoiceData));
    default:
      return NOTHING_FOUND;
  }
}

function found(name: string, rows: readonly Json[]): Outcome {
  return rows.length === 0 ? NOTHING_FOUND : done({ [name]: rows });
}

function branches(state: EtimsState, tin: string): Json[] {
  const ids = new Set(state.devices.filter((device) => device.tin === tin).map(({ bhfId }) => bhfId));
  return [...ids].map((bhfId) => ({
    tin,
    bhfId,
    bhfNm: bhfId === "00" ? "Headquarter" : `Branch ${bhfId}`,
    bhfSttsCd: "01",
  }));
}

function customer(body: Json): Outcome {
  const pin = String(body.custmTin ?? body.custTin ?? "");
  if (!/^[A-Z]\d{9}[A-Z]$/.test(pin)) return NOTHING_FOUND;
  return done({ custList: [{ tin: pin, taxprNm: `TAXPAYER ${pin}`, taxprSttsCd: "A" }] });
}

/** One invoice by its number. Not found is 001, which says for certain that it is not there. */
function invoiceDetails(state: EtimsState, device: Device, { invcNo }: Json): Outcome {
  if (!Number.isSafeInteger(invcNo)) return refused("910", "invcNo must be an integer");
  const invoice = invoiceWith(state, device, Number(invcNo));
  return invoice === undefined ? NOTHING_FOUND : done({ salesList: [invoiceData(invoice)] });
}

/** Here the time has another form than in the answer to the sale. */
function invoiceData({ body, curRcptNo, totRcptNo, intrlData, rcptSign, acceptedAtMs }: Invoice): Json {
  const receipt = typeof body.receipt === "object" && body.receipt !== null ? body.receipt : {};
  const sdcDateTime = `${nairobiText(acceptedAtMs)}.0`;
  return { ...body, receipt: { ...receipt, curRcptNo, totRcptNo, intrlData, rcptSign, sdcDateTime } };
}
