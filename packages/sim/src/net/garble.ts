import type { Chronicle } from "../chronicle.ts";
import type { Faults } from "../faults.ts";
import type { Random } from "../random.ts";
import type { HttpAnswer } from "./server.ts";

const LOGIN_PAGE = "<!doctype html><title>Welcome to Cafe WiFi</title><p>Please log in.";

/** What answers in a server's place, which then never sees the request: a captive portal, a proxy, another program. */
export const STRANGERS: readonly HttpAnswer[] = [
  { status: 200, headers: {}, text: LOGIN_PAGE },
  { status: 511, headers: {}, text: LOGIN_PAGE },
  { status: 200, headers: {}, text: '{"status":"ok"}' },
  { status: 200, headers: {}, text: "" },
  { status: 200, headers: {}, text: "null" },
  { status: 502, headers: { "retry-after": "" }, text: "<html>Bad Gateway</html>" },
  { status: 404, headers: {}, text: '{"error":"not found"}' },
  { status: 503, headers: { "retry-after": "120" }, text: '{"error":{"code":"TEAPOT","message":"no"}}' },
];

/** What comes through of an answer: usually all of it, sometimes the front part, or something with a member missing. */
export function garbled(
  answer: HttpAnswer,
  { random, faults, chronicle }: { random: Random; faults: Faults; chronicle: Chronicle },
): HttpAnswer {
  if (random.chance(faults.truncatedAnswer)) {
    chronicle.hit("network.truncated-answer");
    return { ...answer, text: answer.text.slice(0, random.below(answer.text.length)) };
  }
  if (random.chance(faults.garbageAnswer)) {
    chronicle.hit("network.garbage-answer");
    return { ...answer, text: withoutAMember(answer.text, random) };
  }
  return answer;
}

/** Still JSON, but with one member gone or of another type: what a proxy's rewriting or another version looks like. */
function withoutAMember(text: string, random: Random): string {
  // Of a page it is the header.
  const [first = "", ...rows] = text.split("\n");
  const value = JSON.parse(first) as Record<string, unknown>;
  const name = random.pick(Object.keys(value));
  if (random.chance(0.5)) delete value[name];
  else value[name] = random.pick([null, "", -1, {}, 1.5]);
  return [JSON.stringify(value), ...rows].join("\n");
}
