import { connect, createServer, type Server, type Socket } from "node:net";

/** A wire between a till and its server that counts what goes over it: every byte of HTTP, headers included. */
export class CountingProxy {
  readonly url: string;
  up = 0;
  down = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(target: string): Promise<CountingProxy> {
    const { hostname, port } = new URL(target);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the proxy has no port");
    const proxy = new CountingProxy(server, address.port);
    server.on("connection", (till) => proxy.#join(till, connect(Number(port), hostname)));
    return proxy;
  }

  #join(till: Socket, centre: Socket): void {
    till.on("data", (bytes) => {
      this.up += bytes.length;
    });
    centre.on("data", (bytes) => {
      this.down += bytes.length;
    });
    for (const [one, other] of [
      [till, centre],
      [centre, till],
    ] as const) {
      this.#sockets.add(one);
      one.setNoDelay(true);
      one.on("error", () => other.destroy());
      one.on("close", () => this.#sockets.delete(one));
      one.pipe(other);
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
