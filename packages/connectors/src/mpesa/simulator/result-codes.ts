/** Results of a push, as its callback and STK Query say them: code, text of the documents, text as seen live. */
export const PUSH_RESULTS = {
  "0": ["The service request is processed successfully.", "The service request is processed successfully."],
  "1": ["The balance is insufficient for the transaction.", "The balance is insufficient for the transaction"],
  "2": ["Amount is less than the minimum.", "Declined due to limit rule: less than the minimum transaction amount."],
  "3": ["Amount is more than the maximum.", "Declined due to limit rule: greater than the maximum transaction amount."],
  "4": ["Daily transfer limit is exceeded.", "Declined due to limit rule: would exceed daily transfer limit."],
  "8": ["Receiver's balance limit is exceeded.", "Declined due to limit rule: would exceed the maximum balance."],
  "17": ["Rule limited.", "Declined: duplicate transaction within two minutes."],
  "26": ["System busy.", "Traffic blocking condition in place"],
  "1001": ["Unable to lock subscriber.", "A similar transaction is in progress, while the current transaction"],
  "1019": ["Transaction has expired.", "Transaction expired. No MO has been received"],
  "1025": ["An error occurred while sending a push request.", "Unable to send push: the prompt is too long."],
  "1032": ["Request cancelled by user", "Request Cancelled by user."],
  "1037": ["DS timeout user cannot be reached.", "No response from user."],
  "2001": ["The initiator information is invalid.", "Wrong PIN"],
  "2028": ["The request is not permitted according to product assignment.", "Not permitted"],
  "8006": ["The security credential is locked.", "Credential locked"],
  "9999": ["An error occurred while sending a push request.", "Error sending push"],
  SFC_IC0003: ["The operator does not exist.", "Operator does not exist"],
} as const;

export type PushResult = keyof typeof PUSH_RESULTS;

/** Query only: the push is still open. */
export const STILL_OPEN = ["4999", "The transaction is still under processing"] as const;

/** Results of Transaction Status. */
export const STATUS_RESULTS = {
  "0": "The service request is processed successfully.",
  "21": "The initiator is not allowed to initiate this request",
  "25": "A parameter of the request is invalid.",
  "2001": "The initiator information is invalid.",
  "2032": "The transaction receipt number does not exist.",
  "8006": "The security credential is locked.",
  SFC_IC0003: "The operator does not exist.",
} as const;

export type StatusResult = keyof typeof STATUS_RESULTS;

/** A code as the callback has it: a number where it is one. */
export function numberIfOne(code: string): number | string {
  return /^\d+$/.test(code) ? Number(code) : code;
}
