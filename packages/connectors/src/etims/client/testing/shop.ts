import { MAX_REPLY_CHARACTERS, type Reply } from "@tillsync/lanes";
import type { OrderClosed } from "@tillsync/protocol";
import type { Send, WireCall } from "../../../client/http.ts";
import type { ItemClass } from "../../invoice/item-class.ts";
import { type KraCodes, readKraCodes } from "../../invoice/kra-codes.ts";
import { type InvoiceGiven, type SaleRequest, saleRequest } from "../../invoice/sale-request.ts";
import { codeListData } from "../../simulator/code-lists.ts";
import { etimsMachine } from "../../simulator/etims-machine.ts";
import type { EtimsSettings } from "../../simulator/settings.ts";
import { type EtimsState, FIRST_DEVICE, freshEtims } from "../../simulator/state.ts";
import { etimsDestination } from "../destination.ts";
import type { EtimsItem } from "../item.ts";
import type { EtimsMode } from "../paths.ts";
import type { SecretStore } from "../secrets.ts";
import { type EtimsClientSettings, readEtimsSettings } from "../settings.ts";
import { ControlUnit } from "../unit.ts";

export const START_MS = Date.parse("2026-01-16T09:00:00Z");
export const NEVER = new AbortController().signal;
const WIRES = { "oscu-direct": "direct", "oscu-gateway": "gateway", vscu: "vscu" } as const;

export function memorySecrets(): SecretStore & { readonly kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    read: (name) => Promise.resolve(kept.get(name)),
    write: (name, secret) => {
      kept.set(name, secret);
      return Promise.resolve();
    },
  };
}

export const BASE_URLS = {
  "oscu-direct": "https://etims-api-sbx.kra.go.ke/etims-api",
  "oscu-gateway": "https://sbx.kra.go.ke/etims-oscu/api/v1",
  vscu: "http://127.0.0.1:8088",
} as const;

export function testSettings(mode: EtimsMode, changes: object = {}): EtimsClientSettings {
  const gateway = { tokenUrl: "https://sbx.kra.go.ke/v1/token/generate", appId: "app" };
  return readEtimsSettings({
    mode,
    environment: "sandbox",
    baseUrl: BASE_URLS[mode],
    ...FIRST_DEVICE,
    dvcSrlNo: mode === "vscu" ? `${FIRST_DEVICE.dvcSrlNo}V` : FIRST_DEVICE.dvcSrlNo,
    storeCode: "STORE001",
    ...(mode === "oscu-gateway" ? gateway : {}),
    ...changes,
  });
}

/** A control unit of ours at the simulated service, without HTTP, on a clock of the test's. */
export class Shop {
  readonly state: EtimsState = freshEtims(1);
  readonly secrets = memorySecrets();
  readonly calls: WireCall[] = [];
  readonly unit: ControlUnit;
  readonly codes: KraCodes;
  nowMs = START_MS;
  /** False: no connection can be made. */
  isLinked = true;

  constructor(mode: EtimsMode = "oscu-direct", simulated: Partial<EtimsSettings> = {}, changes: object = {}) {
    Object.assign(this.state.settings, { wire: WIRES[mode], stockOrder: "free" }, simulated);
    this.secrets.kept.set("gateway", JSON.stringify({ consumerKey: "tillsync", consumerSecret: "tillsync-secret" }));
    const ports = { send: this.send, secrets: this.secrets, wallMs: () => this.nowMs };
    this.codes = readKraCodes(codeListData(this.state.settings));
    this.unit = new ControlUnit(testSettings(mode, changes), ports);
  }

  /** With a device that KRA and we know the key of. */
  static ready(mode: EtimsMode = "oscu-direct", simulated: Partial<EtimsSettings> = {}, changes: object = {}): Shop {
    const shop = new Shop(mode, simulated, changes);
    const kind = mode === "vscu" ? "VSCU" : "OSCU";
    const device = shop.state.devices.find((one) => one.kind === kind);
    if (device === undefined) throw new Error("the simulator has no such device");
    device.cmcKey = "c0ffee";
    const { sdcId } = device;
    const keys = { cmcKey: mode === "vscu" ? null : "c0ffee", sdcId, mrcNo: null, dvcId: null };
    shop.secrets.kept.set("device", JSON.stringify(keys));
    return shop;
  }

  get destination() {
    return etimsDestination(this.unit);
  }

  fault(kind: string, more: object = {}): void {
    const fault = { id: this.state.nextFaultId++, kind, on: "sale", carriedOut: true, times: 1, chance: 1, ...more };
    this.state.faults.push(fault);
  }

  readonly send: Send = (call) => {
    if (!this.isLinked)
      return Promise.resolve({ kind: "silence", arrived: "no", code: "UNREACHABLE", message: "no link" });
    this.calls.push(call);
    return Promise.resolve(this.#carried(call));
  };

  #carried({ method, url, headers, body = "", timeoutMs }: WireCall): Reply {
    const { pathname, searchParams } = new URL(url);
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    const query = Object.fromEntries(searchParams);
    const request = { method, path: pathname, query, headers: lower, body };
    const { answer, afterMs, padBytes } = etimsMachine.handle(this.state, request, this.nowMs);
    const lost = { kind: "silence", arrived: "perhaps", message: "simulated" } as const;
    if (afterMs > timeoutMs) return { ...lost, code: "TIMED_OUT" };
    if (answer === null) return { ...lost, code: "CUT_OFF" };
    if (answer.body.length + padBytes > MAX_REPLY_CHARACTERS) return { ...lost, code: "TOO_LARGE" };
    return { kind: "answer", status: answer.status, text: answer.body };
  }

  item(invcNo: number, changes: Partial<InvoiceGiven> = {}): EtimsItem {
    return { invcNo, request: this.request(changes, `T01-20260116-${String(invcNo).padStart(5, "0")}`) };
  }

  request(changes: Partial<InvoiceGiven> = {}, receiptNumber = "T01-20260116-00001"): SaleRequest {
    return saleRequest(invoice(this, { order: sodas({ receiptNumber }), ...changes }), this.unit.settings);
  }
}

export const SODA: ItemClass = {
  itemCd: "KE2BXNO0000001",
  itemClsCd: "50202300",
  taxTyCd: "B",
  pkgUnitCd: "BX",
  qtyUnitCd: "NO",
};

export function invoice(shop: Shop, changes: Partial<InvoiceGiven> = {}): InvoiceGiven {
  return {
    order: sodas(),
    closedAtMs: shop.nowMs,
    nowMs: shop.nowMs,
    itemClass: () => SODA,
    codes: shop.codes,
    ...changes,
  };
}

/** Two sodas at 58.00, tax included. */
export function sodas(changes: Partial<OrderClosed> = {}): OrderClosed {
  return {
    documentType: "sale",
    receiptNumber: "T01-20260116-00001",
    currency: "KES",
    lines: [
      { id: "1", item: "soda", description: "Soda 500 ml", quantity: "2", unitPrice: "58.00", amountMinor: 11_600 },
    ],
    tenders: [{ type: "mpesa", amountMinor: 11_600 }],
    totalMinor: 11_600,
    operator: "Achieng",
    ...changes,
  };
}

/** The same, given back. */
export function sodasBack(changes: Partial<OrderClosed> = {}): OrderClosed {
  const order = sodas();
  return {
    ...order,
    documentType: "return",
    receiptNumber: "T01-20260116-00099",
    lines: order.lines.map((line) => ({ ...line, quantity: "-2", amountMinor: -11_600 })),
    tenders: [{ type: "mpesa", amountMinor: -11_600 }],
    totalMinor: -11_600,
    ...changes,
  };
}
