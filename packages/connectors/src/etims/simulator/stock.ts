import { nairobiMs } from "../../simulator/nairobi.ts";
import { decimalText } from "./amounts.ts";
import { codesOf } from "./code-lists.ts";
import { hundredths } from "./fields.ts";
import { done, type Outcome, refused } from "./result-codes.ts";
import type { Device, EtimsState, Item, Json, Stock } from "./state.ts";

const NOT_IN_STOCK = "Items provided under the itemList section do not exist in your stock";

export function itemWith(state: EtimsState, tin: string, itemCd: unknown): Item | undefined {
  return state.items.find((item) => item.tin === tin && item.itemCd === itemCd);
}

function isService(itemCd: string): boolean {
  return itemCd[2] === "3";
}

function stockOf(state: EtimsState, { tin, bhfId }: Device, itemCd: string): Stock {
  const key = `${tin}/${bhfId}/${itemCd}`;
  state.stock[key] ??= { moved: 0, master: null };
  return state.stock[key];
}

/** Why a sale is refused for what it sells; undefined when all of it is registered and, where demanded, in stock. */
export function stockRefusal(
  state: EtimsState,
  device: Device,
  body: Json,
  lines: readonly Json[],
): Outcome | undefined {
  const { wire, stockOrder } = state.settings;
  const isEnforced = stockOrder === "wire" ? wire === "gateway" : stockOrder === "enforced";
  if (!isEnforced) return undefined;
  for (const line of lines) {
    const itemCd = String(line.itemCd);
    if (itemWith(state, device.tin, itemCd) === undefined) return refused("910", NOT_IN_STOCK);
    if (isService(itemCd) || body.rcptTyCd === "R") continue;
    if ((stockOf(state, device, itemCd).master ?? 0) < (hundredths(line.qty) ?? 0)) return refused("910", NOT_IN_STOCK);
  }
  return undefined;
}

export function nextSarNo(state: EtimsState, { tin, bhfId }: Device): number {
  return state.stockMoves.filter((move) => move.tin === tin && move.bhfId === bhfId).length + 1;
}

/** insertStockIO: a movement in (01-06) or out (11-16). */
export function moveStock(state: EtimsState, device: Device, body: Json, nowMs: number): Outcome {
  const expected = nextSarNo(state, device);
  const sarNo = Number(body.sarNo);
  if (sarNo < expected && Number.isSafeInteger(sarNo) && sarNo > 0) return refused("994");
  if (sarNo !== expected)
    return refused("910", `Invalid sarNo: Expected: ${expected} but found: ${String(body.sarNo)}`);
  const sarTyCd = String(body.sarTyCd);
  if (!codesOf(state.settings, "12").includes(sarTyCd)) return refused("913", "Code value error. [<sarTyCd>]");
  const occurredMs = /^\d{8}$/.test(String(body.ocrnDt)) ? nairobiMs(String(body.ocrnDt)) : undefined;
  if (occurredMs === undefined || occurredMs > nowMs)
    return refused("910", "ocrnDt must be yyyyMMdd, not in the future");
  const lines = Array.isArray(body.itemList) ? (body.itemList as Json[]) : [];
  if (lines.length === 0) return refused("910", "itemList must have a line");
  for (const line of lines) {
    if (itemWith(state, device.tin, line?.itemCd) === undefined) return refused("910", NOT_IN_STOCK);
    if ((hundredths(line.qty) ?? -1) < 0) return refused("910", "qty must be a number with at most two decimals");
  }
  const sign = sarTyCd < "10" ? 1 : -1;
  for (const line of lines) stockOf(state, device, String(line.itemCd)).moved += sign * (hundredths(line.qty) ?? 0);
  state.stockMoves.push({ ...body, tin: device.tin, bhfId: device.bhfId });
  return done();
}

/** saveStockMaster: says what is left, which has to agree with the movements. */
export function saveStock(state: EtimsState, device: Device, body: Json): Outcome {
  if (itemWith(state, device.tin, body.itemCd) === undefined) return refused("910", NOT_IN_STOCK);
  const stock = stockOf(state, device, String(body.itemCd));
  const rsdQty = hundredths(body.rsdQty);
  if (rsdQty === undefined) return refused("910", "rsdQty must be a number with at most two decimals");
  if (rsdQty !== stock.moved) {
    const text = `rsdQty mismatch. Expected: ${shortText(stock.moved)} but found: ${String(body.rsdQty)}`;
    return refused("910", text);
  }
  stock.master = rsdQty;
  return done();
}

/** As the service writes it: `0.0`. */
function shortText(scaled: number): string {
  return decimalText(scaled).replace(/0$/, "");
}
