export { type Send, sendByHttp, type WireCall } from "../client/http.ts";
export { MAX_KES, wholeKes } from "./client/amount.ts";
export { readConfirmation, registerBody, TAKEN_BODY } from "./client/c2b.ts";
export { Daraja, type DarajaClock, type Operation, PATHS } from "./client/daraja.ts";
export { maskedPhone, normalPhone } from "./client/phone.ts";
export { PULL_REACH_MS, pullBody, pullRegisterBody, readPull } from "./client/pull.ts";
export { callbackUrl, type PushFacts, type PushHint, pushBody, queryBody, readPushCallback } from "./client/push.ts";
export { type DarajaSettings, darajaSettings, readDarajaSettings } from "./client/settings.ts";
export { readStatusResult, securityCredential, statusBody, type ToldPayment } from "./client/transaction-status.ts";
export { ERROR_ROWS, errorOf, isBadToken } from "./outcomes/errors.ts";
export {
  askOutcomeOf,
  type PushOutcome,
  pushOutcomeOf,
  type QueryOutcome,
  queryOutcomeOf,
} from "./outcomes/outcomes.ts";
export { PUSH_RESULT_ROWS, STATUS_RESULT_ROWS } from "./outcomes/results.ts";
export {
  answered,
  begin,
  called,
  closedPending,
  declaredNotPaid,
  type IsTaken,
  lost,
  replied,
  submit,
} from "./payment/moves.ts";
export {
  type Attempt,
  type AttemptState,
  newPayment,
  type Payment,
  paidKes,
  type Standing,
  standingOf,
} from "./payment/payment.ts";
export { pulled } from "./payment/pulled.ts";
export { type Concern, type Due, type Step, stepOf } from "./payment/step.ts";
export { type Arrived, codeDestination, codeOutcomeOf } from "./verification/destination.ts";
export { codeWarning, normalCode, settled, type TypedCode, typedIn } from "./verification/typed-code.ts";
