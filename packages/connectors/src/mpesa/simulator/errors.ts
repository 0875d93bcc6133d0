import { type Answer, draw, jsonAnswer, type MachineState } from "../../simulator/machine.ts";

/** Error bodies, by a name of ours: HTTP status, code and text. `500.001.1001` stands for five different things. */
export const ERRORS = {
  badAuthType: [400, "400.008.01", "Invalid Authentication passed"],
  badGrantType: [400, "400.008.02", "Invalid grant type passed"],
  invalidField: [400, "400.002.02", "Bad Request - Invalid XXXX"],
  invalidPayload: [400, "400.002.05", "Invalid Request Payload"],
  otherToken: [400, "400.003.01", "Invalid Access Token"],
  otherBadRequest: [400, "400.003.02", "Bad Request"],
  notEnabled: [401, "401.001", "Invalid Access Token"],
  stkToken: [404, "404.001.03", "Invalid Access Token"],
  noResource: [404, "404.001.01", "Resource not found"],
  badHeader: [404, "404.001.04", "Invalid Authentication Header"],
  method: [405, "405.001", "Method Not Allowed"],
  noMerchant: [500, "500.001.1001", "Merchant does not exist"],
  wrongCredentials: [500, "500.001.1001", "Wrong credentials"],
  locked: [
    500,
    "500.001.1001",
    "Unable to lock subscriber, a transaction is already in process for the current subscriber",
  ],
  processing: [500, "500.001.1001", "The transaction is being processed"],
  noTransaction: [500, "500.001.1001", "The transaction does not Exist"],
  noText: [500, "500.001.1001", ""],
  spikeArrest: [500, "500.003.02", "Error Occurred: Spike Arrest Violation"],
  busy: [500, "500.003.02", "System is busy"],
  quota: [500, "500.003.03", "Quota Violation"],
  internal: [500, "500.003.1001", "Internal Server Error"],
  unreachable: [500, "500.003.1001", "Service is currently unreachable"],
  registered: [500, "500.003.1001", "Urls are already registered"],
} as const satisfies Record<string, readonly [number, string, string]>;

export type ErrorName = keyof typeof ERRORS;

export function errorAnswer(state: MachineState, name: ErrorName, text?: string, status?: number): Answer {
  const [usual, errorCode, errorMessage] = ERRORS[name];
  const requestId = `${Math.floor(draw(state) * 1e5)}-${Math.floor(draw(state) * 1e8)}-1`;
  return jsonAnswer(status ?? usual, { requestId, errorCode, errorMessage: text ?? errorMessage });
}
