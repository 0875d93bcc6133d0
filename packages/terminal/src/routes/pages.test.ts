import { readFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import { beforeEach, describe, expect, it } from "vitest";
import { terminalApp } from "../app.ts";
import { FakeTerminal } from "../testing/fake-terminal.ts";
import { sale } from "../testing/samples.ts";

let terminal: FakeTerminal;
let app: FastifyInstance;

beforeEach(() => {
  terminal = new FakeTerminal();
  app = terminalApp({ terminal });
});

function page(file: string): string {
  return readFileSync(new URL(`../pages/${file}`, import.meta.url), "utf8");
}

describe("pages", () => {
  it.each([
    ["/", "text/html; charset=utf-8"],
    ["/page.js", "text/javascript; charset=utf-8"],
    ["/page.css", "text/css; charset=utf-8"],
    ["/light", "text/html; charset=utf-8"],
    ["/light.js", "text/javascript; charset=utf-8"],
    ["/light.css", "text/css; charset=utf-8"],
  ])("%s is served with a policy that lets nothing inline or foreign run", async (url, type) => {
    const response = await app.inject(url);
    expect(response.statusCode).toBe(200);
    expect(response.headers["content-type"]).toBe(type);
    const policy = String(response.headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toContain("unsafe");
  });

  it.each(["index.html", "light.html"])("%s has nothing inline and nothing from elsewhere", (file) => {
    const html = page(file);
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bstyle=|\son[a-z]+=|https?:/);
  });

  it.each(["page.js", "light.js"])("%s writes text, never markup", (file) => {
    expect(page(file)).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|new Function/);
  });

  it("page.js finds every element it names", () => {
    const named = [
      ...page("page.js").matchAll(/(?:\bat|\bput)\(\s*"([a-z-]+)"/g),
      ...page("page.js").matchAll(/showLight\(\s*"([a-z-]+)"/g),
    ];
    const ids = new Set([...page("index.html").matchAll(/\bid="([a-z-]+)"/g)].map(([, id]) => id));
    const missing = named.map(([, id]) => id).filter((id) => !ids.has(id) && id !== "unknown");
    expect(named.length).toBeGreaterThan(15);
    expect(missing).toEqual([]);
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
