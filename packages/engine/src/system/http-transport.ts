import { promisify } from "node:util";
import { constants, zstdCompress } from "node:zlib";
import { type ExchangeRequest, RELEASE, RELEASE_HEADER } from "@tillsync/protocol";
import { Agent, request as httpRequest } from "undici";
import { type Credential, fixedKey, showing } from "../credential.ts";
import type { Transport } from "../ports.ts";
import { centreUrl } from "./centre-url.ts";
import { asNetworkError, readAnswer, readRefusal, readText } from "./http-answer.ts";
import { httpFetch } from "./http-fetch.ts";
import { UNPACKS } from "./unpacked.ts";

const compress = promisify(zstdCompress);

/**
 * The lowest level: sales are so alike that the default packs them within a few percent of the same size, for a third more
 * of the till's time. Pieces as large as a batch comes out, so that the thread is woken once for it.
 */
const PACKING = { params: { [constants.ZSTD_c_compressionLevel]: 1 }, chunkSize: 128 * 1024 };

/** Below this a body is not worth compressing. */
const COMPRESS_FROM_BYTES = 512;

export interface HttpTransportOptions {
  /** Base URL of the centre, such as `https://sync.example`. */
  readonly url: string;
  /** A key, or whatever else says who sends this. */
  readonly key: string | Credential;
  /** For one whole exchange, milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
}

/**
 * The way to the centre over HTTP: one keep-alive connection, a second one only while two exchanges are in flight;
 * compressed bodies, a deadline for the whole exchange.
 *
 * @throws SyncError CONFIG_INVALID when the URL is none
 */
export function httpTransport({
  url,
  key,
  timeoutMs = 30_000,
}: HttpTransportOptions): Transport & { close(): Promise<void> } {
  const target = centreUrl(url, "api/sync/exchange");
  const options = { connections: 1, pipelining: 1, connect: { timeout: 5_000 }, keepAliveTimeout: 60_000 };
  const usual = new Agent(options);
  const spare = new Agent(options);
  const credential = typeof key === "string" ? fixedKey(key) : key;
  const modules = httpFetch({ url, credential, timeoutMs }, readRefusal);
  let isBusy = false;
  return {
    timeoutMs,
    close: async () => {
      await Promise.all([usual.close(), spare.close(), modules.close()]);
    },
    fetch: async (request, signal, correlationId) => {
      try {
        return await modules.fetch(request, signal, correlationId);
      } catch (cause) {
        throw asNetworkError(cause, url);
      }
    },
    exchange: async (request, signal, correlationId) => {
      const dispatcher = isBusy ? spare : usual;
      isBusy = true;
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      try {
        const { body, headers } = await encode(request);
        return await showing(credential, correlationId, async (shown) => {
          deadline.throwIfAborted();
          const answer = await httpRequest(target, {
            method: "POST",
            dispatcher,
            signal: deadline,
            headers: {
              ...headers,
              authorization: `Bearer ${shown}`,
              "x-correlation-id": correlationId,
              [RELEASE_HEADER]: RELEASE,
            },
            body,
          });
          return readAnswer(answer.statusCode, answer.headers, await readText(answer));
        });
      } catch (cause) {
        throw asNetworkError(cause, url);
      } finally {
        if (dispatcher === usual) isBusy = false;
      }
    },
  };
}

async function encode(request: ExchangeRequest): Promise<{ body: string | Buffer; headers: Record<string, string> }> {
  const text = JSON.stringify(request);
  // No `accept`: an idle till sends this every 30 s and pays for each byte, and the centre has nothing but JSON.
  const headers = { "content-type": "application/json", ...UNPACKS };
  if (text.length < COMPRESS_FROM_BYTES) return { body: text, headers };
  return { body: await compress(text, PACKING), headers: { ...headers, "content-encoding": "zstd" } };
}
