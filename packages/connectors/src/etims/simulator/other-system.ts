import { expectedNumber } from "./numbers.ts";
import { accept } from "./sale.ts";
import type { EtimsState, Invoice, Json } from "./state.ts";

/** Another system that has the same PIN declares a sale: it takes the number that we expected. */
export function takeForeignNumber(state: EtimsState, told: Json, nowMs: number): Invoice | undefined {
  const device =
    state.devices.find(({ tin, bhfId }) => tin === told.tin && bhfId === told.bhfId) ??
    state.devices.find(({ cmcKey }) => cmcKey !== null) ??
    state.devices[0];
  if (device === undefined) return undefined;
  const invcNo = expectedNumber(state, device);
  const body = {
    invcNo,
    trdInvcNo: `OTHER-${invcNo}`,
    orgInvcNo: 0,
    custTin: null,
    custNm: null,
    rcptTyCd: "S",
    totAmt: 100,
    totTaxblAmt: 86.21,
    totTaxAmt: 13.79,
    itemList: [],
  };
  return accept(state, device, body, nowMs, true);
}
