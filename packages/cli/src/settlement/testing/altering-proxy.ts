import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { zstdDecompressSync } from "node:zlib";
import type { ExchangeRequest, ExchangeResponse } from "@tillsync/protocol";

/** What becomes of one exchange on its way. An answer may be made up, and then the request never arrives. */
export interface Alteration {
  readonly request?: (request: ExchangeRequest) => ExchangeRequest;
  readonly answer?: (answer: ExchangeResponse) => ExchangeResponse;
  readonly instead?: () => ExchangeResponse | undefined;
  /** Sends the same request twice, one after the other. */
  readonly twice?: boolean;
}

/** A proxy between a till and its centre that reads what passes and alters it: whoever sits on the line, and a bad one. */
export class AlteringProxy {
  readonly #server: Server;
  readonly #target: string;
  /** Asked for each exchange. Undefined lets it pass as it is. */
  alter: (request: ExchangeRequest) => Alteration | undefined = () => undefined;
  readonly answers: ExchangeResponse[] = [];

  private constructor(target: string) {
    this.#target = target;
    this.#server = createServer((request, response) => {
      this.#pass(request).then(
        ({ status, body }) => response.writeHead(status, { "content-type": "application/json" }).end(body),
        () => response.destroy(),
      );
    });
  }

  static async open(target: string): Promise<AlteringProxy> {
    const proxy = new AlteringProxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #pass(request: IncomingMessage): Promise<{ status: number; body: string }> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const bytes = Buffer.concat(pieces);
    const text =
      request.headers["content-encoding"] === "zstd" ? zstdDecompressSync(bytes).toString() : bytes.toString();
    const { authorization = "" } = request.headers;
    const headers = { authorization, "content-type": "application/json" };
    const ask = (body: string | null) =>
      fetch(`${this.#target}${request.url}`, { method: request.method ?? "GET", headers, body });
    if (request.url !== "/api/sync/exchange") {
      const passed = await ask(text === "" ? null : text);
      return { status: passed.status, body: await passed.text() };
    }
    const sent = JSON.parse(text) as ExchangeRequest;
    const alteration = this.alter(sent) ?? {};
    const made = alteration.instead?.();
    if (made !== undefined) return { status: 200, body: JSON.stringify(made) };
    const body = JSON.stringify(alteration.request?.(sent) ?? sent);
    if (alteration.twice) await (await ask(body)).text();
    const answered = await ask(body);
    const answer = await answered.text();
    if (answered.status !== 200) return { status: answered.status, body: answer };
    const honest = JSON.parse(answer) as ExchangeResponse;
    this.answers.push(honest);
    return { status: 200, body: JSON.stringify(alteration.answer?.(honest) ?? honest) };
  }
}
