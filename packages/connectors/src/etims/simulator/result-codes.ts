/** The service's result codes with their texts: specification 4.18 and what was seen live. */
export const RESULT_CODES = {
  "000": "It is succeeded",
  "001": "There is no search result",
  "891": "An error occurred while Request URL is created.",
  "892": "An error occurred while Request Header data is created.",
  "893": "An error occurred while Request Body data is created.",
  "894": "A server communication error occurred.",
  "895": "Request method error.",
  "896": "Request Status Error.",
  "899": "Client error.",
  "900": "There is no Header information.",
  "901": "It is not a valid device.",
  "902": "This device is installed.",
  "903": "Only OSCU device can be verified.",
  "905": "Only VSCU device can be verified.",
  "910": "Request parameter error.",
  "911": "Request body is empty.",
  "912": "Request method or path error.",
  "913": "Code value error.",
  "921": "Sales data which is declared cannot be received.",
  "922": "Sales invoice data can be received after receiving the sales data.",
  "990": "The maximum number of views are exceeded.",
  "991": "There is an error during registration.",
  "992": "There is an error during modification.",
  "993": "There is an error during deletion.",
  "994": "There is an overlapped data.",
  "995": "There is no downloaded file.",
  "999": "It is an unknown error.",
  E04: "Branch or device is not found.",
  E11: "The storage of the VSCU is full.",
} as const;

export type ResultCode = keyof typeof RESULT_CODES;

/** What an operation comes to, before a wire puts it into its envelope. */
export interface Outcome {
  readonly code: ResultCode;
  /** What the gateway writes in its place; the text of the code when absent. */
  readonly text?: string;
  readonly data: object | null;
}

export function done(data: object | null = null): Outcome {
  return { code: "000", data };
}

export const NOTHING_FOUND: Outcome = { code: "001", data: null };

export function refused(code: ResultCode, text?: string): Outcome {
  return text === undefined ? { code, data: null } : { code, text, data: null };
}
