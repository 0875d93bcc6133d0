import { endOfString } from "./string.ts";

/** Names come from the caller: enough of one to find it again, not enough to fill a log. */
const MAX_NAME_CHARS = 40;
const MAX_PATH_CHARS = 200;

/**
 * Where in a JSON text the character at `position` is: `orders.3.lines.0.price`, or `body` for the whole. Only called for
 * a text that is being refused, so it may read it once more.
 */
export function pathAt(text: string, position: number): string {
  const path: (string | number)[] = [];
  let last = "";
  for (let at = 0; at < position; at++) {
    const char = text[at];
    if (char === '"') {
      const end = endOfString(text, at);
      if (end > position) break;
      last = text.slice(at + 1, Math.min(end - 1, at + 1 + MAX_NAME_CHARS));
      at = end - 1;
    } else if (char === ":") path[path.length - 1] = last;
    else if (char === "{") path.push("");
    else if (char === "[") path.push(0);
    else if (char === "]" || char === "}") path.pop();
    else if (char === ",") {
      const top = path.at(-1);
      if (path.length > 0) path[path.length - 1] = typeof top === "number" ? top + 1 : "";
    }
  }
  const known = path.map(String).filter((part) => part !== "");
  return known.length === 0 ? "body" : known.join(".").slice(0, MAX_PATH_CHARS);
}
