import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ERROR_CODES, type ErrorCode, SyncError } from "@tillsync/protocol";
import { onTestFinished } from "vitest";

interface Kept {
  readonly path: string;
  readonly businessDate: string;
  readonly body: string;
}

/** A terminal's local API over a Map: the rules an import depends on, and the ways a real one can fail in the middle. */
export class FakeTill {
  readonly kept = new Map<string, Kept>();
  /** Every shift opened, by date; what a real till would have in its journal. */
  readonly shifts: string[] = [];
  shift: { businessDate: string; operator: string; localId?: string } | null = null;
  /**
   * The next requests, in turn: `dead` breaks before anything happens, `mute` after it, `rival` finds a shift that somebody
   * else has opened meanwhile, a code refuses, undefined works.
   */
  readonly faults: ("dead" | "mute" | "rival" | ErrorCode | undefined)[] = [];
  key: string | undefined;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      void textOf(request).then((text) => {
        const fault = this.faults.shift();
        if (fault === "dead") return request.socket.resetAndDestroy();
        if (fault === "rival") this.shift = { businessDate: "1999-12-31", operator: "rival" };
        const refusal = fault === "mute" || fault === "rival" ? undefined : fault;
        const { status, body } = this.#answer(request, text, refusal);
        if (fault === "mute") return request.socket.resetAndDestroy();
        return response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      });
    });
  }

  static async start(): Promise<FakeTill> {
    const till = new FakeTill();
    till.#server.listen(0, "127.0.0.1");
    await once(till.#server, "listening");
    onTestFinished(() => {
      till.#server.closeAllConnections();
      till.#server.close();
    });
    return till;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #answer(request: IncomingMessage, text: string, refusal: ErrorCode | undefined): { status: number; body: object } {
    try {
      if (refusal !== undefined) throw new SyncError(refusal, "refused by the test");
      if (this.key !== undefined && request.headers.authorization !== `Bearer ${this.key}`) {
        throw new SyncError("UNAUTHENTICATED", "wants its key");
      }
      return this.#route(`${request.method} ${request.url}`, text === "" ? {} : JSON.parse(text), text);
    } catch (error) {
      if (!(error instanceof SyncError)) throw error;
      return { status: ERROR_CODES[error.code].status, body: error.toBody() };
    }
  }

  #route(route: string, body: Record<string, string>, text: string): { status: number; body: object } {
    const { localId = "", businessDate = "", operator = "" } = body;
    if (route.startsWith("GET /api/explain/")) {
      if (this.kept.has(route.slice("GET /api/explain/".length))) return { status: 200, body: {} };
      throw new SyncError("NOT_FOUND", "unknown");
    }
    switch (route) {
      case "GET /api/shifts/current":
        return { status: 200, body: { shift: this.shift } };
      case "POST /api/shifts/open":
        if (this.shift !== null) throw new SyncError("SHIFT_ALREADY_OPEN", "close it first");
        this.shift = { businessDate, operator, localId };
        if (localId !== "") this.kept.set(localId, { path: route, businessDate, body: text });
        this.shifts.push(businessDate);
        return { status: 201, body: { shift: this.shift } };
      case "POST /api/shifts/close":
        if (this.shift === null) throw new SyncError("SHIFT_NOT_OPEN", "none");
        this.shift = null;
        return { status: 200, body: { shift: null } };
      default:
        return this.#record(route, localId, text);
    }
  }

  #record(path: string, localId: string, body: string): { status: number; body: object } {
    const known = this.kept.get(localId);
    if (known !== undefined && known.body !== body) throw new SyncError("LOCAL_ID_TAKEN", "used for something else");
    if (known !== undefined)
      return { status: 200, body: { localId, businessDate: known.businessDate, duplicate: true } };
    if (this.shift === null && path !== "POST /api/inventory") throw new SyncError("SHIFT_NOT_OPEN", "none");
    const businessDate = this.shift?.businessDate ?? "1999-12-31";
    this.kept.set(localId, { path, businessDate, body });
    return { status: 201, body: { localId, businessDate, duplicate: false } };
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}
