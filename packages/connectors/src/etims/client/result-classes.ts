import type { Said } from "./envelope.ts";

/**
 * What a result code says about the call that was answered, whichever call it was:
 * - `done`, `empty`: carried out; nothing was found.
 * - `duplicate`: it was there before, or its number was.
 * - `data`: refused for what it is.
 * - `device`: keys, device, branch or our own wire are wrong; the item is not.
 * - `later`: too many look-ups.
 * - `unsure`: it may have been carried out.
 */
export type ResultClass = "done" | "empty" | "duplicate" | "data" | "device" | "later" | "unsure";

interface Row {
  readonly class: ResultClass;
  /** Words of the specification's text. The gateway sends the text and leaves the code out. */
  readonly words: string;
}

/** The one table of result codes: specification 4.18 and what was seen live. What is not in it is `unsure`. */
export const RESULT_CLASSES: Readonly<Record<string, Row>> = {
  "000": { class: "done", words: "it is succeeded" },
  "001": { class: "empty", words: "no search result" },
  "891": { class: "device", words: "request url is created" },
  "892": { class: "device", words: "request header data is created" },
  "893": { class: "device", words: "request body data is created" },
  "894": { class: "unsure", words: "server communication error" },
  "895": { class: "device", words: "request method error" },
  "896": { class: "unsure", words: "request status error" },
  "899": { class: "unsure", words: "client error" },
  "900": { class: "device", words: "no header information" },
  "901": { class: "device", words: "not a valid device" },
  "902": { class: "device", words: "device is installed" },
  "903": { class: "device", words: "only oscu device" },
  "905": { class: "device", words: "only vscu device" },
  "910": { class: "data", words: "request parameter error" },
  "911": { class: "data", words: "request body is empty" },
  "912": { class: "data", words: "request method or path error" },
  "913": { class: "data", words: "code value error" },
  "921": { class: "unsure", words: "declared cannot be received" },
  "922": { class: "unsure", words: "after receiving the sales data" },
  "990": { class: "later", words: "maximum number of views" },
  "991": { class: "unsure", words: "error during registration" },
  "992": { class: "unsure", words: "error during modification" },
  "993": { class: "unsure", words: "error during deletion" },
  "994": { class: "duplicate", words: "overlapped data" },
  "995": { class: "unsure", words: "no downloaded file" },
  "999": { class: "unsure", words: "unknown error" },
  E04: { class: "device", words: "branch or device is not found" },
  E11: { class: "device", words: "storage of the vscu is full" },
};

const SUCCESS = new Set(["000", "00", "0", "0000"]);

/** Words of a far end that is in trouble itself. A refusal of data never has them. */
const TROUBLE = /time ?-?out|timed out|unavailable|internal|try again|overload|maintenance|unknown|connection/i;

/** What an answer says, as its class. `code` is for people and for the stored outcome. */
export interface Classed {
  readonly class: ResultClass | "number" | "token" | "unreadable";
  readonly code: string;
  readonly message: string;
}

/** The number that KRA expects, when an answer says that another one came. */
export function expectedNumberIn(text: string): number | undefined {
  const found =
    /use the expected value:\s*(\d{1,15})/i.exec(text) ?? /invcNo sequence, expected:\s*(\d{1,15})/i.exec(text);
  return found === null ? undefined : Number(found[1]);
}

/** The class of an answer: its body first, its HTTP status second. */
export function classify(status: number, said: Said | undefined): Classed {
  if (said === undefined) return unreadable(status);
  const { resultCode, text, headerCode } = said;
  if (resultCode !== undefined) {
    const code = SUCCESS.has(resultCode) ? "000" : resultCode;
    const known = RESULT_CLASSES[code];
    if (known?.class === "data" && expectedNumberIn(text) !== undefined)
      return { class: "number", code, message: text };
    // An empty list is believed of the service itself, which says it with 200, or with 400 around it.
    const isOfService = status < 300 || status === 400;
    if (known?.class === "empty" && !isOfService) return unreadable(status);
    return { class: known?.class ?? "unsure", code, message: text };
  }
  if (headerCode === 401) return { class: "token", code: "401", message: text };
  if (headerCode === 400) return refusalText(text);
  if (headerCode === undefined) return unreadable(status);
  return { class: "unsure", code: String(headerCode), message: text };
}

/** The gateway's own refusal: a text, and no code. */
function refusalText(text: string): Classed {
  if (expectedNumberIn(text) !== undefined) return { class: "number", code: "400", message: text };
  const lower = text.toLowerCase();
  const row = Object.entries(RESULT_CLASSES).find(([, { words }]) => lower.includes(words));
  // Success and emptiness in a refusal contradict it.
  if (row !== undefined) {
    const isContrary = row[1].class === "done" || row[1].class === "empty";
    return { class: isContrary ? "unsure" : row[1].class, code: row[0], message: text };
  }
  const isRule = text !== "" && lower !== "bad request" && !TROUBLE.test(text);
  return { class: isRule ? "data" : "unsure", code: "400", message: text };
}

function unreadable(status: number): Classed {
  return { class: "unreadable", code: `HTTP_${status}`, message: `HTTP ${status} without a result of KRA's.` };
}
