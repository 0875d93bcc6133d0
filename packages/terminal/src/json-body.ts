import { SyncError } from "@tillsync/protocol";
import type { FastifyInstance } from "fastify";

/**
 * Bodies are JSON or absent. An empty body with a JSON content-type counts as absent, since many clients send that with
 * every POST. Members named `__proto__` or `constructor.prototype` are refused.
 */
export function readJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, text, done) => {
    const encoding = request.headers["content-encoding"] ?? "identity";
    if (encoding !== "identity") {
      done(
        new SyncError("UNSUPPORTED_ENCODING", "This till reads bodies without content-encoding only.", {
          field: "content-encoding",
        }),
      );
      return;
    }
    if (text === "") {
      done(null, undefined);
      return;
    }
    void parse(request, text.toString(), (error, value) => (error ? done(refusal(error)) : done(null, value)));
  });
}

/** The parser's own message quotes the body, which may hold personal data; only the position is passed on. */
function refusal(error: Error): SyncError {
  const position = /position (\d+)/.exec(error.message)?.[1];
  const where = position === undefined ? "" : ` (see character ${position})`;
  return new SyncError(
    "INVALID_JSON",
    `The body is not valid JSON${where}.`,
    position === undefined ? {} : { position: Number(position) },
  );
}
