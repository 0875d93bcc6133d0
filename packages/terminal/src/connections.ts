import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/**
 * Keeps a server open to newcomers when it is full of connections that ask nothing: each new one above `crowded` ends the
 * one that has been without a request for longest, and first of all those that never asked anything. A display that
 * forgets to close its connections keeps no sale out. Connections with a request under way are left alone; `max` bounds
 * them.
 *
 * `close` is for the moment before the server closes: Node then ends the connections that are idle, but not those that
 * have asked nothing yet (browsers open some in advance) nor those that become idle later; each would hold it up for as
 * long as its client likes.
 */
export function boundConnections(
  server: Server,
  { max, crowded }: { max: number; crowded: number },
): { close(): void } {
  let isClosing = false;
  server.maxConnections = max;
  /** Connections that have asked nothing yet, and those that have been answered; the one that waits longest first. */
  const silent = new Set<Socket>();
  const idle = new Set<Socket>();
  const asking = new Map<Socket, number>();
  server.on("connection", (socket: Socket) => {
    if (isClosing) {
      socket.destroy();
      return;
    }
    silent.add(socket);
    socket.once("close", () => {
      silent.delete(socket);
      idle.delete(socket);
      asking.delete(socket);
    });
    if (silent.size + idle.size + asking.size <= crowded) return;
    const [oldest] = silent.size > 1 ? silent : idle;
    oldest?.destroy();
  });
  server.on("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
    silent.delete(socket);
    idle.delete(socket);
    asking.set(socket, (asking.get(socket) ?? 0) + 1);
    response.once("close", () => {
      const left = (asking.get(socket) ?? 1) - 1;
      if (left > 0) asking.set(socket, left);
      else if (asking.delete(socket) && !socket.destroyed) {
        if (isClosing) socket.destroySoon();
        else idle.add(socket);
      }
    });
  });
  return {
    close: () => {
      isClosing = true;
      for (const socket of silent) socket.destroy();
    },
  };
}
