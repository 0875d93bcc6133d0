import { FAULT_KINDS, type Fault, spoil } from "../../simulator/faults.ts";
import { type Answer, plainReply, type Reply } from "../../simulator/machine.ts";
import { gatewayRefusal, innerRefusal, wrapCode } from "./envelope.ts";
import { NOTHING_FOUND, RESULT_CODES, type ResultCode, refused } from "./result-codes.ts";
import type { EtimsState } from "./state.ts";

export const ETIMS_FAULTS = {
  ...FAULT_KINDS,
  resultCode: "Result `code` (999) with its text, or with `message`.",
  inner400: "HTTP 200 around responseCode 400 and no body, with `message` (shape 2).",
  wrapped001: "HTTP 400 around a valid result 001 (shape 3).",
  gateway504: "HTTP 504 in the gateway's own envelope (shape 4).",
  gateway401: "HTTP 401 in the gateway's own envelope, as for a token that has expired (shape 4).",
  maintenance: "HTTP 503 with a page that says so.",
  strayKeys: "Each key of the answer ends with a space.",
  numbersAsStrings: "Each number of the answer is a string.",
  numberTaken: "Another system takes the expected number just before this sale; the answer is the service's own.",
} as const;

const MAINTENANCE = "<html><body><h1>Scheduled maintenance</h1><p>eTIMS is not available.</p></body></html>";

/** The reply that a fault makes of the service's own answer. */
export function etimsReply(state: EtimsState, fault: Fault, answer: Answer, nowMs: number): Reply {
  const plain = spoil(fault, answer);
  if (plain !== undefined) return plain;
  return plainReply(otherAnswer(state, fault, answer, nowMs));
}

function otherAnswer(state: EtimsState, fault: Fault, answer: Answer, nowMs: number): Answer {
  switch (fault.kind as keyof typeof ETIMS_FAULTS) {
    case "resultCode": {
      const code = (fault.code !== undefined && fault.code in RESULT_CODES ? fault.code : "999") as ResultCode;
      return wrapCode(state, refused(code, fault.message), nowMs);
    }
    case "inner400":
      return innerRefusal(nowMs, fault.message ?? "Bad Request", 200);
    case "wrapped001":
      return { ...wrapCode(state, NOTHING_FOUND, nowMs), status: 400 };
    case "gateway504":
      return gatewayRefusal(504, "Gateway Timeout");
    case "gateway401":
      return gatewayRefusal(401, "Invalid Access Token");
    case "maintenance":
      return { status: 503, type: "text/html", body: MAINTENANCE };
    case "strayKeys":
      return { ...answer, body: rewritten(answer.body, (key, value) => [`${key} `, value]) };
    case "numbersAsStrings":
      return {
        ...answer,
        body: rewritten(answer.body, (key, value) => [key, typeof value === "number" ? String(value) : value]),
      };
    default:
      return answer;
  }
}

function rewritten(text: string, rewrite: (key: string, value: unknown) => [string, unknown]): string {
  if (text === "") return text;
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => rewrite(key, walk(inner))));
  };
  return JSON.stringify(walk(JSON.parse(text)));
}
