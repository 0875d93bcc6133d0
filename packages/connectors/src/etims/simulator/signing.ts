import { createHash } from "node:crypto";
import { nairobiStamp } from "../../simulator/nairobi.ts";
import type { Device, EtimsState, Invoice, Json } from "./state.ts";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** So many characters of base32 that follow from what is signed and from nothing else. */
function signature(length: number, ...parts: readonly (string | number)[]): string {
  const bytes = createHash("sha256").update(parts.join("\n")).digest();
  return Array.from({ length }, (_, index) => BASE32[(bytes[index] ?? 0) % 32]).join("");
}

type Signed = Pick<Invoice, "curRcptNo" | "totRcptNo" | "intrlData" | "rcptSign">;

/** Receipt numbers and signature of the next invoice of a control unit. */
export function sign(state: EtimsState, device: Device, rcptTyCd: string, invcNo: number): Signed {
  const own = state.invoices.filter(({ tin, bhfId }) => tin === device.tin && bhfId === device.bhfId);
  const isPerType = state.settings.receiptCounter === "per-type";
  const curRcptNo = own.filter((one) => !isPerType || one.rcptTyCd === rcptTyCd).length + 1;
  const totRcptNo = own.length + 1;
  const facts = [device.tin, device.bhfId, device.sdcId, rcptTyCd, invcNo, totRcptNo];
  return {
    curRcptNo,
    totRcptNo,
    intrlData: signature(26, "internal", ...facts),
    rcptSign: signature(16, "signature", ...facts),
  };
}

/** What the answer to a sale holds. */
export function signatureData(state: EtimsState, device: Device, invoice: Invoice): Json {
  const { curRcptNo, totRcptNo, intrlData, rcptSign, acceptedAtMs } = invoice;
  if (state.settings.wire !== "vscu")
    return { curRcptNo, totRcptNo, intrlData, rcptSign, sdcDateTime: nairobiStamp(acceptedAtMs) };
  return {
    rcptNo: curRcptNo,
    intrlData,
    rcptSign,
    totRcptNo,
    [state.settings.vscuDateKey]: nairobiStamp(acceptedAtMs),
    sdcId: device.sdcId,
    mrcNo: `WIS${device.sdcId.slice(5)}`,
  };
}
