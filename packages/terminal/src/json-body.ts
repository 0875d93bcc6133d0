import { parseKeepingNumbers, SyncError, scanJson } from "@tillsync/protocol";
import type { FastifyInstance } from "fastify";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The route's body keeps its numbers as they were written (`parseKeepingNumbers`). */
    keepsNumbers?: boolean;
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Bodies are JSON or absent. An empty body with a JSON content-type counts as absent, since many clients send that with
 * every POST. What two readers could understand differently is refused (`scanJson`), and members named `__proto__` or
 * `constructor.prototype`. Fractions are left to the schemas, which say for each field what belongs there instead.
 */
export function readJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, bytes, done) => {
    const encoding = request.headers["content-encoding"] ?? "identity";
    if (encoding !== "identity") {
      done(
        new SyncError("UNSUPPORTED_ENCODING", "This till reads bodies without content-encoding only.", {
          field: "content-encoding",
          expected: "identity",
        }),
      );
      return;
    }
    if (bytes.length === 0) {
      done(null, undefined);
      return;
    }
    let text: string;
    try {
      text = decode(bytes);
      scanJson(text, { fractions: true, storable: true });
      if (request.routeOptions.config.keepsNumbers === true) {
        done(null, parseKeepingNumbers(text));
        return;
      }
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    void parse(request, text, (error, value) => (error ? done(refusal(error)) : done(null, value)));
  });
}

/** Bytes that are no text would otherwise become U+FFFD, on a receipt, without a word. */
function decode(bytes: string | Buffer): string {
  try {
    return typeof bytes === "string" ? bytes : UTF8.decode(bytes);
  } catch (cause) {
    throw new SyncError("INVALID_JSON", "The body is not UTF-8.", { field: "body", expected: "UTF-8" }, cause);
  }
}

/** The parser's own message quotes the body, which may hold personal data; only the position is passed on. */
function refusal(error: Error): SyncError {
  const position = /position (\d+)/.exec(error.message)?.[1];
  const where = position === undefined ? "" : ` (see character ${position})`;
  const facts = position === undefined ? {} : { position: Number(position) };
  return new SyncError("INVALID_JSON", `The body is not valid JSON${where}.`, {
    field: "body",
    expected: "JSON",
    ...facts,
  });
}
