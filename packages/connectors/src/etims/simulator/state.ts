import { freshMachineState, type MachineState } from "../../simulator/machine.ts";
import { DEFAULT_ETIMS_SETTINGS, type EtimsSettings } from "./settings.ts";

export type Json = Record<string, unknown>;

/** A control unit as KRA approved it. */
export interface Device {
  readonly tin: string;
  readonly bhfId: string;
  readonly dvcSrlNo: string;
  readonly kind: "OSCU" | "VSCU";
  readonly taxprNm: string;
  readonly sdcId: string;
  /** Null until it is initialised. */
  cmcKey: string | null;
}

export interface SaleLine {
  readonly itemCd: string;
  readonly qtyHundredths: number;
}

/** An invoice that the service accepted. It is never changed, but for what a VSCU does with it later. */
export interface Invoice {
  readonly tin: string;
  readonly bhfId: string;
  readonly invcNo: number;
  readonly trdInvcNo: string;
  readonly rcptTyCd: string;
  readonly orgInvcNo: number;
  readonly custTin: string | null;
  readonly totalCents: number;
  readonly lines: readonly SaleLine[];
  readonly acceptedAtMs: number;
  readonly curRcptNo: number;
  readonly totRcptNo: number;
  readonly intrlData: string;
  readonly rcptSign: string;
  /** Another system that has the same PIN sent it. */
  readonly foreign: boolean;
  /** As it was sent. */
  readonly body: Json;
  /** False while a VSCU has it and KRA does not. */
  uploaded: boolean;
  /** False between the two steps of a VSCU that has them. */
  signed: boolean;
}

export interface Item {
  readonly tin: string;
  readonly itemCd: string;
  readonly body: Json;
}

/** Stock of an item at a branch, in hundredths. `moved`: by stock movements; `master`: as saveStockMaster said. */
export interface Stock {
  moved: number;
  master: number | null;
}

export interface EtimsState extends MachineState {
  settings: EtimsSettings;
  devices: Device[];
  invoices: Invoice[];
  items: Item[];
  /** By `tin/bhfId/itemCd`. */
  stock: Record<string, Stock>;
  stockMoves: Json[];
  purchases: Json[];
  tokens: { readonly token: string; readonly untilMs: number }[];
  /** Of the VSCU to KRA. */
  link: { isUp: boolean; lastContactMs: number | null };
  lookUpsAtMs: number[];
  refusals: number;
}

/** The device that is there from the start, so that a first try needs no preparation. */
export const FIRST_DEVICE = { tin: "P051234567X", bhfId: "00", dvcSrlNo: "TILLSYNC0001" } as const;

export function freshEtims(seed: number): EtimsState {
  const state: EtimsState = {
    ...freshMachineState(seed),
    settings: { ...DEFAULT_ETIMS_SETTINGS },
    devices: [],
    invoices: [],
    items: [],
    stock: {},
    stockMoves: [],
    purchases: [],
    tokens: [],
    link: { isUp: true, lastContactMs: null },
    lookUpsAtMs: [],
    refusals: 0,
  };
  for (const kind of ["OSCU", "VSCU"] as const) {
    const dvcSrlNo = kind === "OSCU" ? FIRST_DEVICE.dvcSrlNo : `${FIRST_DEVICE.dvcSrlNo}V`;
    addDevice(state, { ...FIRST_DEVICE, dvcSrlNo, kind, taxprNm: "TILLSYNC SIMULATED SHOP" });
  }
  return state;
}

export function addDevice(state: EtimsState, device: Omit<Device, "sdcId" | "cmcKey">): Device {
  const number = String(state.devices.length + 1).padStart(4, "0");
  const added: Device = { ...device, sdcId: `KRACU${number}00000001`, cmcKey: null };
  state.devices.push(added);
  return added;
}

/** Invoices that share a counter with this branch. */
export function sameCounter(state: EtimsState, { tin, bhfId }: { tin: string; bhfId: string }): Invoice[] {
  const isOfBranch = state.settings.counterScope === "branch";
  return state.invoices.filter((one) => one.tin === tin && (!isOfBranch || one.bhfId === bhfId));
}
