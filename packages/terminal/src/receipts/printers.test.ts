import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { PrintQueue } from "./print-queue.ts";
import { type Printer, printerAt } from "./printers.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** Time passes at once, so that every wait is over as soon as it begins. */
const clock = {
  wallMs: () => 0,
  after: (_ms: number, then: () => void) => {
    const timer = setImmediate(then);
    return () => clearImmediate(timer);
  },
};
const job = (localId: string) => ({
  localId,
  render: async (isRepeat: boolean) => Buffer.from(`<${localId}${isRepeat ? " REPEAT" : ""}>`.repeat(3)),
});
const queueFor = (printer: Printer, failed = vi.fn()) => {
  const queue = new PrintQueue(printer, clock, failed);
  ends.push(() => queue.close());
  return queue;
};

it("appends to a file, one receipt after the other", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tillsync-printer-"));
  ends.push(() => rmSync(folder, { recursive: true }));
  const queue = queueFor(printerAt(`file:${folder}/out`));
  expect(queue.add(job("a"))).toMatchObject({ state: "ready", waiting: 1 });
  queue.add(job("b"));
  await vi.waitFor(() => expect(queue.state().waiting).toBe(0));
  expect(readFileSync(join(folder, "out"), "utf8")).toBe("<a><a><a><b><b><b>");
});

it("begins again as a repeat on a connection of its own when a printer on the network breaks off", async () => {
  const heard: string[] = [];
  const server = createServer((socket) => {
    const turn = heard.push("") - 1;
    socket.on("error", () => {});
    socket.on("data", (data) => {
      heard[turn] += String(data);
    });
    socket.on("end", () => socket.end());
  });
  server.listen(0, "127.0.0.1");
  ends.push(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const real = printerAt(`tcp://127.0.0.1:${port}`, 2_000);
  let sends = 0;
  const breaking: Printer = {
    send: async (bytes, begun) => {
      if (++sends > 1) return real.send(bytes, begun);
      await real.send(bytes.subarray(0, 4), begun);
      throw new Error("broken off");
    },
  };
  const queue = queueFor(breaking);
  queue.add(job("a"));
  queue.add(job("b"));
  await vi.waitFor(() => expect(queue.state()).toEqual({ state: "ready", since: null, waiting: 0 }));
  expect(heard).toEqual(["<a><", "<a REPEAT>".repeat(3), "<b>".repeat(3)]);
});

it("says since when a printer does not answer, tries on, and refuses at once when too many wait", async () => {
  const failed = vi.fn();
  const queue = queueFor(printerAt("device:/dev/no-such-printer"), failed);
  for (let count = 0; count < 50; count++) queue.add(job(`${count}`));
  expect(() => queue.add(job("one more"))).toThrow(/50 receipts wait/);
  await vi.waitFor(() => expect(failed.mock.calls.length).toBeGreaterThan(3));
  expect(queue.state()).toEqual({ state: "not answering", since: "1970-01-01T00:00:00.000Z", waiting: 50 });
});

it("gives up on a printer that takes the connection and no bytes", async () => {
  const server = createServer((socket) => void socket.pause().on("error", () => {}));
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  ends.push(() => server.close());
  const { port } = server.address() as { port: number };
  const much = Buffer.alloc(64 * 1024 * 1024);
  await expect(printerAt(`tcp://127.0.0.1:${port}`, 100).send(much, () => {})).rejects.toMatchObject({
    code: "TIMED_OUT",
  });
});

it("wants one of three kinds of printers", () => {
  for (const target of ["", "lp0", "device:lp0", "http://host", "tcp://", "file:"])
    expect(() => printerAt(target), target).toThrow(/tcp:\/\/host:9100/);
});
