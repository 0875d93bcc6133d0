import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface HttpStub {
  readonly url: string;
  readonly requests: {
    readonly path: string | undefined;
    readonly headers: IncomingHttpHeaders;
    readonly body: Buffer;
  }[];
  /** Connections that were ever opened. */
  readonly connections: () => number;
}

/** A real HTTP server on the loopback that answers each request, once it came in whole, as `answer` says. */
export function startHttp(answer: (response: ServerResponse, request: IncomingMessage) => void): Promise<HttpStub> {
  const requests: HttpStub["requests"] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      requests.push({ path: request.url, headers: request.headers, body: Buffer.concat(chunks) });
      answer(response, request);
    });
  });
  server.on("connection", () => connections++);
  onTestFinished(() => server.closeAllConnections());
  onTestFinished(() => void server.close());
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () =>
      resolve({ url: urlOf(server.address()), requests, connections: () => connections }),
    );
  });
}

/** A TCP listener that does with each connection what `talk` says; gives its URL. */
export function startTcp(talk: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}); // the client may leave whenever it likes
    talk(socket);
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(urlOf(server.address())));
  });
}

/** A URL where nobody listens. */
export function closedUrl(): Promise<string> {
  const server = createTcpServer();
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const url = urlOf(server.address());
      server.close(() => resolve(url));
    });
  });
}

function urlOf(address: string | AddressInfo | null): string {
  if (address === null || typeof address === "string") throw new Error("not a TCP address");
  return `http://127.0.0.1:${address.port}`;
}
