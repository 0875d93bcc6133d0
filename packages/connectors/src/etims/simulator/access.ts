import { type Answer, drawText, jsonAnswer, type ServiceRequest } from "../../simulator/machine.ts";
import { gatewayRefusal } from "./envelope.ts";
import { done, type Outcome, refused } from "./result-codes.ts";
import type { Device, EtimsState, Json } from "./state.ts";

const HEX = "0123456789abcdef";
const ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** The token of the gateway: a GET with the consumer's key and secret. Anything else is HTTP 400 with an empty body. */
export function giveToken(state: EtimsState, request: ServiceRequest, nowMs: number): Answer {
  const { consumerKey, consumerSecret, tokenSeconds } = state.settings;
  const basic = `Basic ${btoa(`${consumerKey}:${consumerSecret}`)}`;
  const isRight = request.query.grant_type === "client_credentials" && request.headers.authorization === basic;
  if (request.method !== "GET" || !isRight) return { status: 400, type: "text/plain", body: "" };
  const token = drawText(state, ALPHANUMERIC, 28);
  state.tokens = state.tokens.filter(({ untilMs }) => untilMs > nowMs);
  state.tokens.push({ token, untilMs: nowMs + tokenSeconds * 1000 });
  return jsonAnswer(200, { access_token: token, expires_in: String(tokenSeconds) });
}

/** What the gateway has against a request before anybody reads it. */
export function tokenRefusal(state: EtimsState, { headers }: ServiceRequest, nowMs: number): Answer | undefined {
  if (state.settings.wire !== "gateway") return undefined;
  const shown = headers.authorization?.replace(/^Bearer /, "");
  const isKnown = state.tokens.some(({ token, untilMs }) => token === shown && untilMs > nowMs);
  if (!isKnown) return gatewayRefusal(401, "Invalid Access Token");
  return headers.apigee_app_id ? undefined : gatewayRefusal(401, "apigee_app_id is missing");
}

/** The device that speaks, or why it may not. */
export function admitDevice(state: EtimsState, request: ServiceRequest, body: Json): Device | Outcome {
  const { wire, keysFrom } = state.settings;
  const inBody = wire === "vscu" || keysFrom === "headers-or-body";
  const told = (name: string): string | undefined => {
    const value =
      (wire === "vscu" ? undefined : request.headers[name.toLowerCase()]) ?? (inBody ? body[name] : undefined);
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const tin = told("tin");
  const bhfId = told("bhfId");
  const cmcKey = told("cmcKey");
  if (tin === undefined || bhfId === undefined || (wire !== "vscu" && cmcKey === undefined)) return refused("900");
  const kind = wire === "vscu" ? "VSCU" : "OSCU";
  const ofTin = state.devices.filter((device) => device.tin === tin && device.kind === kind);
  if (ofTin.length === 0) return refused("901");
  const device = ofTin.find((one) => one.bhfId === bhfId);
  if (device === undefined) return refused("E04");
  const isRight = device.cmcKey !== null && (wire === "vscu" || device.cmcKey === cmcKey);
  return isRight ? device : refused("901");
}

/** Initialisation gives the key once. Whoever lost it has to ask KRA. */
export function initialise(state: EtimsState, { tin, bhfId, dvcSrlNo }: Json): Outcome {
  for (const [name, value] of Object.entries({ tin, bhfId, dvcSrlNo }))
    if (typeof value !== "string" || value === "") return refused("910", `${name} is required`);
  const wanted = state.settings.wire === "vscu" ? "VSCU" : "OSCU";
  const ofTin = state.devices.filter((one) => one.tin === tin);
  if (ofTin.length > 0 && !ofTin.some((one) => one.bhfId === bhfId)) return refused("E04");
  const device = ofTin.find((one) => one.bhfId === bhfId && one.dvcSrlNo === dvcSrlNo);
  if (device === undefined) return refused("901");
  if (device.kind !== wanted) return refused(wanted === "OSCU" ? "903" : "905");
  if (device.cmcKey !== null) return refused("902");
  device.cmcKey = drawText(state, HEX, 64);
  return done({ info: deviceInfo(device) });
}

function deviceInfo(device: Device): Json {
  const { tin, bhfId, taxprNm, sdcId, cmcKey } = device;
  return {
    tin,
    taxprNm,
    bsnsActv: "Retail",
    bhfId,
    bhfNm: bhfId === "00" ? "Headquarter" : `Branch ${bhfId}`,
    bhfOpenDt: "20240101",
    prvncNm: "NAIROBI CITY",
    dstrtNm: "WESTLANDS",
    sctrNm: "KILIMANI",
    locDesc: "Simulated",
    hqYn: bhfId === "00" ? "Y" : "N",
    mgrNm: taxprNm,
    mgrTelNo: null,
    mgrEmail: null,
    dvcId: sdcId.replace("KRACU", ""),
    sdcId,
    mrcNo: `WIS${sdcId.slice(5)}`,
    cmcKey,
  };
}
