import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { constants, createGunzip, createZstdDecompress } from "node:zlib";
import { SyncError } from "@tillsync/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { DOOR } from "./door-limits.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The route takes rows as a stream. */
    takesRows?: boolean;
  }
}

/** What a stream of rows may be. A list of rows in JSON is read as every other body is. */
export const ROW_TYPES = ["application/x-ndjson", "text/csv"] as const;

/** As for whole bodies: what compression levels up to 19 use. */
const ZSTD_WINDOW_LOG = 23;

/** A body of rows, not yet read. */
export class RowStream {
  readonly type: (typeof ROW_TYPES)[number];
  readonly #request: FastifyRequest;
  readonly #payload: Readable;

  constructor(request: FastifyRequest, payload: Readable, type: (typeof ROW_TYPES)[number]) {
    this.#request = request;
    this.#payload = payload;
    this.type = type;
  }

  /**
   * The bytes, unpacked, as they come. Whoever stops early leaves the connection whole, so that the refusal can be sent:
   * what else comes is thrown away.
   *
   * @throws SyncError UNSUPPORTED_ENCODING; INVALID_JSON for what cannot be unpacked; TOO_LARGE; TIMED_OUT; INVALID_INPUT when
   *   the caller goes away
   */
  async *pieces(): AsyncGenerator<Uint8Array> {
    const payload = this.#payload;
    const { socket } = this.#request.raw;
    const name = (this.#request.headers["content-encoding"] ?? "identity").trim().toLowerCase();
    const unpacker = unpackerFor(name);
    const source = unpacker === undefined ? payload : payload.pipe(unpacker);
    const onGone = (error: Error) => void unpacker?.destroy(error);
    payload.once("error", onGone);
    // Reading is what is timed, not what is made of it: nobody is hurried because PostgreSQL is slow.
    const patience = () => setTimeout(() => payload.destroy(tooSlow()), DOOR.importStallMs).unref();
    let timer = patience();
    let bytes = 0;
    const startedMs = performance.now();
    streaming.add(socket);
    try {
      for await (const piece of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        clearTimeout(timer);
        bytes += piece.length;
        if (bytes > DOOR.maxImportBytes) throw tooLarge();
        if (performance.now() - startedMs > DOOR.importTimeoutMs) throw tooSlow();
        yield piece;
        timer = patience();
      }
    } catch (cause) {
      throw refusalOf(cause, name);
    } finally {
      clearTimeout(timer);
      streaming.delete(socket);
      payload.off("error", onGone);
      if (unpacker !== undefined) payload.unpipe(unpacker);
      unpacker?.destroy();
      payload.on("error", () => {});
      payload.resume();
    }
  }
}

/** Sockets on which an import comes in: it may take longer than other requests, and is timed here. */
const streaming = new WeakSet<Socket>();

/** True while the request on this socket is an import that is still coming. */
export function isImporting(socket: Socket): boolean {
  return streaming.has(socket);
}

/** Lets routes with `takesRows` have their bodies unread, and refuses such bodies at all others. */
export function addRowParsers(app: FastifyInstance): void {
  for (const type of ROW_TYPES) {
    app.addContentTypeParser(type, async (request: FastifyRequest, payload: Readable) => {
      if (request.routeOptions.config.takesRows === true) return new RowStream(request, payload, type);
      const facts = { field: "content-type", expected: "application/json" };
      throw new SyncError("UNSUPPORTED_ENCODING", "A body has to be application/json.", facts);
    });
  }
}

function unpackerFor(name: string) {
  if (name === "identity" || name === "") return undefined;
  if (name === "gzip") return createGunzip();
  if (name === "zstd") return createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG } });
  const expected = "zstd, gzip or identity";
  const message = `content-encoding must be ${expected}; got ${JSON.stringify(name.slice(0, 40))}.`;
  throw new SyncError("UNSUPPORTED_ENCODING", message, { field: "content-encoding", expected });
}

function refusalOf(cause: unknown, encoding: string): unknown {
  if (cause instanceof SyncError || !(cause instanceof Error)) return cause;
  const code = "code" in cause ? String(cause.code) : "";
  if (code.startsWith("Z_") || code.startsWith("ZSTD_")) {
    const facts = { field: "content-encoding", got: encoding };
    return new SyncError("INVALID_JSON", `The body could not be unpacked as ${encoding}.`, facts, cause);
  }
  const facts = { field: "body", expected: "as many bytes as announced" };
  return new SyncError("INVALID_INPUT", "The request ended before it was whole.", facts, cause);
}

function tooSlow(): SyncError {
  const expected = `something every ${DOOR.importStallMs / 1000} s, and all of it within ${DOOR.importTimeoutMs / 60_000} minutes`;
  return new SyncError("TIMED_OUT", "The import took too long to arrive.", { field: "body", expected });
}

function tooLarge(): SyncError {
  const expected = `at most ${DOOR.maxImportBytes} bytes`;
  return new SyncError("TOO_LARGE", `An import may hold ${DOOR.maxImportBytes} bytes when unpacked.`, {
    field: "body",
    expected,
  });
}
