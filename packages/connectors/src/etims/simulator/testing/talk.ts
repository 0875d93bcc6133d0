import { control } from "../../../simulator/control.ts";
import { type Reply, readObject, type ServiceRequest } from "../../../simulator/machine.ts";
import { nairobiStamp } from "../../../simulator/nairobi.ts";
import { etimsMachine } from "../etims-machine.ts";
import { TAX_FIELDS } from "../fields.ts";
import { type Operation, PATHS } from "../paths.ts";
import type { EtimsSettings } from "../settings.ts";
import { type EtimsState, FIRST_DEVICE, freshEtims, type Json } from "../state.ts";

export const START_MS = Date.parse("2026-01-16T09:00:00Z");

/** What came back, as far as it could be read. */
export interface Heard {
  readonly reply: Reply;
  readonly status: number;
  readonly json: Json;
  /** `resultCd`, wherever the wire has it. */
  readonly code: string | undefined;
  readonly data: Json | null;
  /** What the gateway, or a direct host in `resultMsg`, says. */
  readonly text: string;
}

/** A client of the machine without HTTP, on a clock of the test's. */
export class Talk {
  readonly state: EtimsState;
  nowMs = START_MS;
  cmcKey = "";
  token = "";

  constructor(settings: Partial<EtimsSettings> = {}, seed = 1) {
    this.state = freshEtims(seed);
    Object.assign(this.state.settings, settings);
  }

  /** Ready to sell: with a token where one is needed, and initialised. */
  static ready(settings: Partial<EtimsSettings> = {}, seed = 1): Talk {
    const talk = new Talk(settings, seed);
    talk.takeToken();
    const info = talk.initialise().data?.info as Json;
    talk.cmcKey = String(info.cmcKey);
    return talk;
  }

  takeToken(): Heard {
    const { consumerKey, consumerSecret } = this.state.settings;
    const heard = this.send({
      method: "GET",
      path: PATHS.token.gateway[0],
      query: { grant_type: "client_credentials" },
      headers: { authorization: `Basic ${btoa(`${consumerKey}:${consumerSecret}`)}` },
      body: "",
    });
    this.token = String(heard.json.access_token);
    return heard;
  }

  initialise(device: Json = {}): Heard {
    const isVscu = this.state.settings.wire === "vscu";
    const dvcSrlNo = isVscu ? `${FIRST_DEVICE.dvcSrlNo}V` : FIRST_DEVICE.dvcSrlNo;
    return this.ask("initialise", { ...FIRST_DEVICE, dvcSrlNo, ...device });
  }

  ask(operation: Operation, body: Json, other: Partial<ServiceRequest> = {}): Heard {
    const { tin, bhfId } = FIRST_DEVICE;
    const path = PATHS[operation][this.state.settings.wire][0] ?? "/nowhere";
    const headers = {
      tin,
      bhfid: bhfId,
      cmckey: this.cmcKey,
      authorization: `Bearer ${this.token}`,
      apigee_app_id: "app",
    };
    return this.send({
      method: "POST",
      path,
      query: {},
      headers,
      body: JSON.stringify({ tin, bhfId, ...body }),
      ...other,
    });
  }

  /** Sends a sale; its number is the expected one unless told. */
  sell(changes: Json = {}): Heard {
    return this.ask("sale", sale(this.nowMs, { invcNo: this.state.invoices.length + 1, ...changes }));
  }

  send(request: ServiceRequest): Heard {
    const reply = etimsMachine.handle(this.state, request, this.nowMs);
    const json = readObject(reply.answer?.body ?? "") ?? {};
    const inner = (json.responseBody ?? json) as Json;
    const header = (json.responseHeader ?? json.header ?? {}) as Json;
    return {
      reply,
      status: reply.answer?.status ?? 0,
      json,
      code: inner.resultCd as string | undefined,
      data: (inner.data ?? null) as Json | null,
      text: String(header.customerMessage ?? inner.resultMsg ?? ""),
    };
  }

  control(method: string, path: string, body?: unknown): unknown {
    const text = body === undefined ? "" : JSON.stringify(body);
    return control(etimsMachine, this.state, { method, path, text }, this.nowMs);
  }
}

/** A sale of one line that a service takes: 2 at 58.00, rate B. */
export function sale(nowMs: number, changes: Json = {}): Json {
  const stamp = nairobiStamp(nowMs);
  const zeros = Object.fromEntries(TAX_FIELDS.map((name) => [name, 0]));
  const who = { regrId: "7", regrNm: "Achieng", modrId: "7", modrNm: "Achieng" };
  return {
    invcNo: 1,
    trdInvcNo: `T01-20260116-${String(changes.invcNo ?? 1).padStart(5, "0")}`,
    orgInvcNo: 0,
    custTin: null,
    custNm: null,
    salesTyCd: "N",
    rcptTyCd: "S",
    pmtTyCd: "06",
    salesSttsCd: "02",
    cfmDt: stamp,
    salesDt: stamp.slice(0, 8),
    totItemCnt: 1,
    ...zeros,
    taxblAmtB: 100,
    taxRtB: 16,
    taxAmtB: 16,
    taxRtE: 8,
    totTaxblAmt: 100,
    totTaxAmt: 16,
    totAmt: 116,
    prchrAcptcYn: "N",
    remark: null,
    ...who,
    receipt: { custTin: null, custMblNo: null, rcptPbctDt: stamp, trdeNm: "", adrs: "", prchrAcptcYn: "N" },
    itemList: [line()],
    ...changes,
  };
}

export function line(changes: Json = {}): Json {
  return {
    itemSeq: 1,
    itemCd: "KE2BXNO0000001",
    itemClsCd: "50202300",
    itemNm: "Soda 500 ml",
    bcd: null,
    pkgUnitCd: "BX",
    pkg: 1,
    qtyUnitCd: "NO",
    qty: 2,
    prc: 58,
    splyAmt: 116,
    dcRt: 0,
    dcAmt: 0,
    taxTyCd: "B",
    taxblAmt: 100,
    taxAmt: 16,
    totAmt: 116,
    ...changes,
  };
}

/** The changes that make a sale a credit note for the whole of it. */
export function creditFor(orgInvcNo: number, nowMs: number): Json {
  return { rcptTyCd: "R", orgInvcNo, rfdDt: nairobiStamp(nowMs), rfdRsnCd: "06" };
}
