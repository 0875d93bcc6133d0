import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { terminalApp } from "../app.ts";
import { FakeTerminal } from "../testing/fake-terminal.ts";
import { sale } from "../testing/samples.ts";

let folder: string;
let terminal: FakeTerminal;
let app: FastifyInstance;

/** A page as it is built, but for its content. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tillsync-page-"));
  mkdirSync(join(folder, "assets"));
  const files = {
    "page-1a.js": "plain",
    "page-1a.js.br": "packed br",
    "page-1a.js.gz": "packed gz",
    "page-1a.css": "",
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, "assets", name), text);
  writeFileSync(join(folder, "index.html"), "<!doctype html>");
  terminal = new FakeTerminal();
  app = terminalApp({ terminal, page: folder });
});
afterEach(() => rmSync(folder, { recursive: true }));

function lightFile(file: string): string {
  return readFileSync(new URL(`../pages/${file}`, import.meta.url), "utf8");
}

describe("pages", () => {
  it.each([
    ["/", "text/html; charset=utf-8"],
    ["/assets/page-1a.js", "text/javascript; charset=utf-8"],
    ["/assets/page-1a.css", "text/css; charset=utf-8"],
    ["/light", "text/html; charset=utf-8"],
    ["/light.js", "text/javascript; charset=utf-8"],
    ["/light.css", "text/css; charset=utf-8"],
  ])("%s is served as what it is", async (url, type) => {
    const response = await app.inject(url);
    expect(response.statusCode).toBe(200);
    expect(response.headers["content-type"]).toBe(type);
  });

  it.each(["/", "/light"])("%s has a policy that lets nothing inline or foreign run", async (url) => {
    const policy = String((await app.inject(url)).headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toContain("unsafe");
  });

  it("light.html has nothing inline and nothing from elsewhere", () => {
    expect(lightFile("light.html")).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bstyle=|\son[a-z]+=|https?:/);
  });

  it("light.js writes text, never markup", () => {
    expect(lightFile("light.js")).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|new Function/,
    );
  });
});

describe("the built page", () => {
  it("is asked for anew each time, and what it names is kept for ever", async () => {
    expect((await app.inject("/")).headers["cache-control"]).toBe("no-store");
    expect((await app.inject("/assets/page-1a.js")).headers["cache-control"]).toContain("immutable");
  });

  it.each([
    ["gzip, deflate, br, zstd", "br", "packed br"],
    ["gzip", "gzip", "packed gz"],
    ["", undefined, "plain"],
  ])("is sent to a browser that takes %j as %s", async (accepted, encoding, content) => {
    const response = await app.inject({ url: "/assets/page-1a.js", headers: { "accept-encoding": accepted } });
    expect(response.headers["content-encoding"]).toBe(encoding);
    expect(response.headers.vary).toBe("accept-encoding");
    expect(response.payload).toBe(content);
  });

  it.each(["page-2b.js", "page-1a.js.br", "..%2Findex.html", "index.html"])("has no file %s", async (name) => {
    const response = await app.inject(`/assets/${name}`);
    expect(response.statusCode).toBe(404);
    expect(response.headers["cache-control"]).toBe("no-store");
  });

  it("says how it is built when it is not, and is there without a restart when it is", async () => {
    rmSync(join(folder, "index.html"));
    const missing = await app.inject("/");
    expect(missing.statusCode).toBe(200);
    expect(missing.payload).toContain("node scripts/boot.mjs");
    expect((await app.inject({ method: "POST", url: "/api/orders", payload: sale("order-1") })).statusCode).toBe(201);
    writeFileSync(join(folder, "index.html"), "built");
    expect((await app.inject("/")).payload).toBe("built");
  });
});

describe("/light", () => {
  it("is at most 2 KB with its script and style", async () => {
    const parts = await Promise.all(["/light", "/light.js", "/light.css"].map((url) => app.inject(url)));
    const sizeBytes = parts.reduce((sum, part) => sum + part.rawPayload.length, 0);
    expect(sizeBytes).toBeLessThanOrEqual(2048);
  });

  it("may be embedded anywhere; the status page nowhere", async () => {
    const light = await app.inject("/light");
    expect(light.headers["content-security-policy"]).not.toContain("frame-ancestors");
    expect(light.headers["x-frame-options"]).toBeUndefined();
    expect((await app.inject("/")).headers["content-security-policy"]).toContain("frame-ancestors 'none'");
  });
});

describe("/page.json", () => {
  it("lists what was recorded, newest first, as people read it", async () => {
    await app.inject({ method: "POST", url: "/api/orders", payload: sale("order-1") });
    await app.inject({
      method: "POST",
      url: "/api/inventory",
      payload: { localId: "i-1", item: "bread", delta: "12", type: "delivery" },
    });
    const { recent } = (await app.inject("/page.json")).json();
    expect(recent).toMatchObject([
      { localId: "i-1", kind: "inventory.updated", receiptNumber: null, total: null, orderSyncStatus: null },
      { localId: "order-1", receiptNumber: "T01-20260116-00001", total: "120.00 KES", orderSyncStatus: "PENDING" },
    ]);
    expect(recent[1].atMs).toBe(0x01890a5dac96);
  });

  it("is bounded", async () => {
    for (let count = 0; count < 30; count++)
      terminal.recordInventory({ localId: `i-${count}`, item: "bread", delta: "1", type: "count" });
    expect((await app.inject("/page.json")).json().recent).toHaveLength(20);
  });
});
