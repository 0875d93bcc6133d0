import { type Fault, takeFault } from "../../simulator/faults.ts";
import {
  type Answer,
  type Machine,
  plainReply,
  type Reply,
  readObject,
  remember,
  type ServiceRequest,
} from "../../simulator/machine.ts";
import { admitDevice, giveToken, initialise, tokenRefusal } from "./access.ts";
import { etimsControl } from "./control.ts";
import { wrap } from "./envelope.ts";
import { etimsReply } from "./faults.ts";
import { saveComposition, saveItem, savePurchase } from "./items.ts";
import { LOOK_UPS, lookUp } from "./look-ups.ts";
import { takeForeignNumber } from "./other-system.ts";
import { type Operation, operationAt } from "./paths.ts";
import { RECEIPT_PATH, receiptPage } from "./receipt-page.ts";
import { done, type Outcome, refused } from "./result-codes.ts";
import { signSale, takeSale } from "./sale.ts";
import { type Device, type EtimsState, freshEtims, type Json } from "./state.ts";
import { moveStock, saveStock } from "./stock.ts";
import { isOverCeiling, keepContact } from "./vscu.ts";

/** KRA eTIMS as its documents and those who met it describe it. */
export const etimsMachine: Machine<EtimsState> = {
  name: "etims",
  title: "KRA eTIMS",
  fresh: freshEtims,
  handle,
  control: etimsControl,
  nextDueMs: () => undefined,
  takeDue: () => [],
  delivered: () => undefined,
};

function handle(state: EtimsState, request: ServiceRequest, hostMs: number): Reply {
  const nowMs = hostMs + state.clockOffsetMs;
  if (state.settings.wire === "vscu") keepContact(state, nowMs);
  const operation = operationAt(request.path, state.settings.wire);
  const fault = takeFault(state, operation ?? "unknown", (kind) => kind !== "numberTaken" || operation === "sale");
  const reply = replyTo(state, request, { operation, fault }, nowMs);
  remember(state, request, { operation, fault, reply }, nowMs);
  return reply;
}

interface Struck {
  readonly operation: Operation | undefined;
  readonly fault: Fault | undefined;
}

function replyTo(state: EtimsState, request: ServiceRequest, { operation, fault }: Struck, nowMs: number): Reply {
  if (fault?.kind === "numberTaken") takeForeignNumber(state, readObject(request.body) ?? {}, nowMs);
  if (isOverCeiling(state, nowMs) && state.settings.vscuCeiling !== "894") {
    const isRefused = state.settings.vscuCeiling === "refused";
    return { ...plainReply({ status: 503, type: "text/plain", body: "" }), ...(isRefused ? { answer: null } : {}) };
  }
  const isCarriedOut = fault === undefined || fault.carriedOut;
  const answer = isCarriedOut ? carryOut(state, request, operation, nowMs) : wrap(state, refused("999"), nowMs);
  return fault === undefined ? plainReply(answer) : etimsReply(state, fault, answer, nowMs);
}

function carryOut(state: EtimsState, request: ServiceRequest, operation: Operation | undefined, nowMs: number): Answer {
  if (request.method === "GET" && request.path === RECEIPT_PATH) return receiptPage(state, request.query.Data ?? "");
  if (operation === "token") return giveToken(state, request, nowMs);
  const barred = tokenRefusal(state, request, nowMs);
  if (barred !== undefined) return barred;
  const outcome = outcomeOf(state, request, operation, nowMs);
  const isOfSale = operation === "sale" || operation === "signSale";
  if (isOfSale && outcome.code !== "000") state.refusals++;
  return wrap(state, outcome, nowMs);
}

function outcomeOf(
  state: EtimsState,
  request: ServiceRequest,
  operation: Operation | undefined,
  nowMs: number,
): Outcome {
  if (operation === undefined || request.method !== "POST") return refused("912");
  if (request.body.trim() === "") return refused("911");
  const body = readObject(request.body);
  if (body === undefined) return refused("910", "The body is no JSON object");
  if (operation === "initialise") return initialise(state, body);
  const device = admitDevice(state, request, body);
  if ("code" in device) return device;
  if (isOverCeiling(state, nowMs)) return refused("894");
  if (LOOK_UPS.includes(operation)) return lookUp(state, device, { operation, body }, nowMs);
  return write(state, device, { operation, body }, nowMs);
}

function write(
  state: EtimsState,
  device: Device,
  { operation, body }: { readonly operation: Operation; readonly body: Json },
  nowMs: number,
): Outcome {
  switch (operation) {
    case "sale":
      return takeSale(state, device, body, nowMs);
    case "signSale":
      return signSale(state, device, body);
    case "saveItem":
      return saveItem(state, device, body);
    case "saveComposition":
      return saveComposition(state, device, body);
    case "savePurchase":
      return savePurchase(state, device, body);
    case "moveStock":
      return moveStock(state, device, body, nowMs);
    case "saveStock":
      return saveStock(state, device, body);
    default:
      // The rest only writes down that something was seen: imports are never held here.
      return done();
  }
}
