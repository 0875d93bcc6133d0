/** A JSON object whose keys have lost the spaces that some answers put around them. */
export type Heard = Readonly<Record<string, unknown>>;

/** What an answer says, wherever its wire has put it. */
export interface Said {
  /** `resultCd` as it came; undefined when there is none. */
  readonly resultCode: string | undefined;
  /** `resultMsg`, or what the gateway's header says. */
  readonly text: string;
  /** `responseCode` of the gateway's header. */
  readonly headerCode: number | undefined;
  /** Null when the answer has none. */
  readonly data: Heard | null;
}

/** How deep an answer may be; KRA's are four deep. */
const MAX_DEPTH = 20;

/** Reads the body of an answer, whatever its HTTP status; undefined when it is no JSON object: a page, a half, nothing. */
export function hear(body: string): Said | undefined {
  const whole = readJson(body);
  if (whole === undefined) return undefined;
  const inner = objectAt(whole, "responseBody") ?? objectAt(whole, "body") ?? whole;
  const header = objectAt(whole, "responseHeader") ?? objectAt(whole, "header") ?? {};
  const { resultCd, resultMsg } = inner;
  const isCode = typeof resultCd === "string" || typeof resultCd === "number";
  const headerCode = Number(header.responseCode ?? Number.NaN);
  const texts = [resultMsg, header.customerMessage, header.debugMessage, header.responseMessage];
  return {
    resultCode: isCode ? String(resultCd).trim() : undefined,
    text: String(texts.find((text) => typeof text === "string" && text.trim() !== "") ?? "").trim(),
    headerCode: Number.isInteger(headerCode) ? headerCode : undefined,
    data: objectAt(inner, "data") ?? null,
  };
}

export function objectAt(object: Heard, name: string): Heard | undefined {
  const value = object[name];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Heard) : undefined;
}

/** A member as text, whether it came as text or as a number; undefined when it is absent, empty or something else. */
export function textAt(object: Heard, name: string): string | undefined {
  const value = object[name];
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

/** A member as a whole number, which some answers write as text. */
export function wholeAt(object: Heard, name: string): number | undefined {
  const text = textAt(object, name);
  if (text === undefined || !/^\d{1,15}(\.0+)?$/.test(text)) return undefined;
  return Number(text);
}

function readJson(body: string): Heard | undefined {
  try {
    const value = tidied(JSON.parse(body), 0);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Heard) : undefined;
  } catch {
    return undefined;
  }
}

function tidied(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) throw new RangeError("deeper than an answer of KRA's is");
  if (Array.isArray(value)) return value.map((one) => tidied(one, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.trim(), tidied(inner, depth + 1)]));
}
