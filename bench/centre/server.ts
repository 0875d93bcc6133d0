// A worker: a central server of ours, as `tillsync server` starts it.
import { type RunningServer, startServer } from "@tillsync/server";
import pino from "pino";
import { answer } from "../worker-side.ts";

let server: RunningServer | undefined;

answer(
  {
    start: async ({ databaseUrl }: { databaseUrl: string }) => {
      const log = pino({ level: "warn" }, pino.destination(2));
      server = await startServer({ databaseUrl, host: "127.0.0.1", port: 0, log });
      return server.url;
    },
  },
  () => server?.close(),
);
