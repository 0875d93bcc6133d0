// A worker: a centre that takes every connection and every byte, and never answers.
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { answer } from "../worker-side.ts";

let connections = 0;
const server = createServer((socket) => {
  connections++;
  socket.on("error", () => {}); // the till gave up
  socket.resume();
});

answer({
  start: async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  },
  /** How many connections there were: none would mean that nobody was kept waiting. */
  connections: () => connections,
});
