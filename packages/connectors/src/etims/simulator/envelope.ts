import { type Answer, jsonAnswer } from "../../simulator/machine.ts";
import { nairobiStamp } from "../../simulator/nairobi.ts";
import { type Outcome, RESULT_CODES } from "./result-codes.ts";
import type { EtimsState } from "./state.ts";

/** What the result of an operation looks like on the wire that is spoken. */
export function wrap(state: EtimsState, outcome: Outcome, nowMs: number): Answer {
  const { wire, emptyStatus, refusalStatus } = state.settings;
  const body = resultBody(state, outcome, nowMs);
  if (wire !== "gateway") return jsonAnswer(200, body);
  if (outcome.code === "000")
    return jsonAnswer(200, { responseHeader: header(nowMs, 200, "Success"), responseBody: body });
  if (outcome.code === "001") {
    const status = Number(emptyStatus);
    return jsonAnswer(status, { responseHeader: header(nowMs, status, RESULT_CODES["001"]), responseBody: body });
  }
  return innerRefusal(nowMs, outcome.text ?? RESULT_CODES[outcome.code], Number(refusalStatus));
}

/** The result by itself, as direct hosts and VSCUs send it. On the gateway a fault can force it, code and all. */
export function wrapCode(state: EtimsState, outcome: Outcome, nowMs: number): Answer {
  const body = resultBody(state, outcome, nowMs);
  if (state.settings.wire !== "gateway") return jsonAnswer(200, body);
  return jsonAnswer(200, { responseHeader: header(nowMs, 200, "Success"), responseBody: body });
}

function resultBody(state: EtimsState, { code, text, data }: Outcome, nowMs: number): object {
  const { wire, successCode } = state.settings;
  const success = successCode === "wire" ? (wire === "gateway" ? "0000" : "000") : successCode;
  return {
    resultCd: code === "000" ? success : code,
    resultMsg: text ?? RESULT_CODES[code],
    resultDt: nairobiStamp(nowMs),
    data,
  };
}

/** Shapes 1 and 2: the refusal is in the header, with HTTP 400 or, as it also happens, with 200. */
export function innerRefusal(nowMs: number, text: string, status: number): Answer {
  return jsonAnswer(status, { responseHeader: header(nowMs, 400, text), responseBody: null });
}

/** Shape 4: the gateway itself refuses. */
export function gatewayRefusal(status: 401 | 504, text: string): Answer {
  const header = { responseCode: status, responseMessage: text, customerMessage: text, requestRefId: "simulated" };
  return jsonAnswer(status, { header, body: {} });
}

function header(nowMs: number, responseCode: number, text: string): object {
  return {
    responseRefID: `sim-${nairobiStamp(nowMs)}`,
    responseCode,
    responseMessage: responseCode === 200 ? "Success" : "Bad Request",
    customerMessage: text,
    debugMessage: text,
    timestamp: new Date(nowMs).toISOString(),
  };
}
