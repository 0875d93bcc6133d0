import type { Reply } from "@tillsync/lanes";
import { type Json, objectOf, wordOf } from "../client/json.ts";

/** Where an error leaves the request. `unknown`: it may have been carried out. */
export type ErrorMeaning = "request" | "configuration" | "token" | "busy" | "locked" | "no_answer" | "unknown";

export interface ErrorRow {
  readonly status: number;
  readonly errorCode: string;
  /** Of `errorMessage`; absent where the code alone is enough. */
  readonly message?: RegExp;
  readonly meaning: ErrorMeaning;
}

/**
 * Error bodies of the gateway, the first that fits. `500.001.1001` stands for five things, so its message decides, and
 * without one of these messages nobody knows.
 */
export const ERROR_ROWS: readonly ErrorRow[] = [
  { status: 400, errorCode: "400.008.01", meaning: "configuration" },
  { status: 400, errorCode: "400.008.02", meaning: "configuration" },
  { status: 400, errorCode: "400.002.02", meaning: "request" },
  { status: 400, errorCode: "400.002.05", meaning: "request" },
  { status: 400, errorCode: "400.003.01", message: /access token/i, meaning: "token" },
  { status: 400, errorCode: "400.003.02", meaning: "request" },
  { status: 401, errorCode: "401.001", message: /access token/i, meaning: "token" },
  { status: 404, errorCode: "404.001.03", message: /access token/i, meaning: "token" },
  { status: 404, errorCode: "404.001.01", meaning: "configuration" },
  { status: 404, errorCode: "404.001.04", meaning: "configuration" },
  { status: 405, errorCode: "405.001", meaning: "configuration" },
  {
    status: 500,
    errorCode: "500.001.1001",
    message: /merchant does not exist|wrong credentials/i,
    meaning: "configuration",
  },
  { status: 500, errorCode: "500.001.1001", message: /unable to lock subscriber/i, meaning: "locked" },
  { status: 500, errorCode: "500.001.1001", meaning: "unknown" },
  { status: 500, errorCode: "500.003.02", message: /spike arrest|system is busy/i, meaning: "busy" },
  { status: 500, errorCode: "500.003.03", message: /quota/i, meaning: "busy" },
  { status: 500, errorCode: "500.003.1001", message: /urls are already registered/i, meaning: "request" },
  { status: 500, errorCode: "500.003.1001", meaning: "unknown" },
];

export interface ErrorFound {
  readonly meaning: ErrorMeaning;
  /** For records: the gateway's code, or what came in place of one. */
  readonly code: string;
  readonly message: string;
}

/** What an answer means that is no success. */
export function errorOf(reply: Reply & { readonly kind: "answer" }): ErrorFound {
  const body = objectOf(reply.text);
  const errorCode = wordOf(body?.errorCode);
  if (body === undefined || errorCode === undefined)
    return { meaning: "unknown", code: `HTTP_${reply.status}`, message: unreadable(reply, body) };
  const message = wordOf(body.errorMessage) ?? "";
  const row = ERROR_ROWS.find(
    (one) =>
      one.status === reply.status &&
      one.errorCode === errorCode &&
      (one.message === undefined || one.message.test(message)),
  );
  return { meaning: row?.meaning ?? "unknown", code: errorCode, message: message.slice(0, 200) };
}

function unreadable({ text, status }: Reply & { readonly kind: "answer" }, body: Json | undefined): string {
  if (body !== undefined) return `HTTP ${status}, without what such an answer has.`;
  if (text.trim() === "") return `HTTP ${status} with an empty body.`;
  return /^\s*</.test(text) ? `HTTP ${status} with a page in place of an answer.` : `HTTP ${status} with broken JSON.`;
}

/** Whole shape of the refusal: status, code and text. Only that certainly means that nothing was carried out. */
export function isBadToken(reply: Reply): boolean {
  return reply.kind === "answer" && errorOf(reply).meaning === "token";
}
