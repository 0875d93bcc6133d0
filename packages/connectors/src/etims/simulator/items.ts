import { codesOf, taxRates } from "./code-lists.ts";
import { done, type Outcome, refused } from "./result-codes.ts";
import type { EtimsSettings } from "./settings.ts";
import type { Device, EtimsState, Json } from "./state.ts";
import { itemWith } from "./stock.ts";

/** saveItem: registers an item under the next code of the PIN. */
export function saveItem(state: EtimsState, device: Device, body: Json): Outcome {
  const itemCd = String(body.itemCd);
  const shape = itemShape(state.settings).exec(itemCd);
  if (shape === null) return refused("910", `itemCd ${itemCd} is not country, type, units and sequence`);
  if (itemWith(state, device.tin, itemCd) !== undefined) return refused("994");
  const [, itemTyCd, pkgUnitCd, qtyUnitCd, sequence = ""] = shape;
  if (pkgUnitCd !== body.pkgUnitCd || qtyUnitCd !== body.qtyUnitCd || itemTyCd !== body.itemTyCd)
    return refused("910", "itemCd does not agree with itemTyCd, pkgUnitCd and qtyUnitCd");
  if (typeof body.itemNm !== "string" || body.itemNm.trim() === "") return refused("910", "itemNm is required");
  if (typeof body.itemClsCd !== "string") return refused("910", "itemClsCd is required");
  if (!Object.keys(taxRates(state.settings)).includes(String(body.taxTyCd)))
    return refused("913", "Code value error. [<taxTyCd>]");
  if (!codesOf(state.settings, "24").includes(String(body.itemTyCd)))
    return refused("913", "Code value error. [<itemTyCd>]");
  const expected = nextItemNumber(state, device.tin);
  if (Number(sequence) !== expected) {
    const ending = String(expected).padStart(sequence.length + 2, "*");
    return refused("910", `Invalid itemCd Sequence. Expected sequence ending with: ${ending}`);
  }
  state.items.push({ tin: device.tin, itemCd, body });
  return done();
}

export function nextItemNumber(state: EtimsState, tin: string): number {
  return state.items.filter((item) => item.tin === tin).length + 1;
}

function itemShape({ itemDigits }: EtimsSettings): RegExp {
  const digits = { "7": "{7}", "8": "{8}", either: "{7,8}" }[itemDigits];
  return new RegExp(`^[A-Z]{2}(\\d)([A-Z]{2})([A-Z]{2})(\\d${digits})$`);
}

/** saveItemComposition: what a product is made of. */
export function saveComposition(state: EtimsState, device: Device, body: Json): Outcome {
  for (const name of ["itemCd", "cpstItemCd"]) {
    if (itemWith(state, device.tin, body[name]) === undefined) return refused("910", `${name} is not registered`);
  }
  return typeof body.cpstQty === "number" && body.cpstQty > 0 ? done() : refused("910", "cpstQty is required");
}

/** insertTrnsPurchase: purchases have a number of their own. */
export function savePurchase(state: EtimsState, device: Device, body: Json): Outcome {
  const own = state.purchases.filter(({ tin, bhfId }) => tin === device.tin && bhfId === device.bhfId);
  const invcNo = Number(body.invcNo);
  if (own.some((one) => one.invcNo === invcNo)) return refused("994");
  if (invcNo !== own.length + 1)
    return refused("910", `Invalid invcNo sequence, expected: ${own.length + 1} but found: ${String(body.invcNo)}`);
  state.purchases.push({ ...body, tin: device.tin, bhfId: device.bhfId });
  return done();
}
