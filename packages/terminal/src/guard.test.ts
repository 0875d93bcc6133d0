import { describe, expect, it } from "vitest";
import { terminalApp } from "./app.ts";
import { isLoopback } from "./guard.ts";
import { FakeTerminal } from "./testing/fake-terminal.ts";

const open = terminalApp({ terminal: new FakeTerminal() });
const KEY = "k".repeat(32);

describe("a till on loopback", () => {
  it.each(["127.0.0.1:7070", "localhost:7070", "LOCALHOST", "[::1]:7070", "127.0.0.2"])(
    "answers as %s",
    async (host) => {
      expect((await open.inject({ url: "/api/status", headers: { host } })).statusCode).toBe(200);
    },
  );

  it.each(["evil.example", "127.0.0.1.evil.example:7070", "localhost.evil.example", "192.168.1.20:7070", "till"])(
    "does not answer as %s (DNS rebinding)",
    async (host) => {
      for (const url of ["/api/status", "/light", "/", "/nothing"]) {
        const response = await open.inject({ url, headers: { host } });
        expect(response.statusCode).toBe(403);
        expect(response.json().error).toMatchObject({ code: "FORBIDDEN", field: "Host" });
      }
    },
  );

  it.each(["http://evil.example", "https://localhost:7070", "http://localhost:3000", "null"])(
    "refuses posts of pages at %s",
    async (origin) => {
      const headers = { host: "localhost:7070", origin };
      const response = await open.inject({ method: "POST", url: "/api/sync/now", headers });
      expect(response.statusCode).toBe(403);
      expect(response.json().error).toMatchObject({ code: "FORBIDDEN", field: "Origin" });
    },
  );

  it("takes posts of its own page and of programs", async () => {
    const headers = { host: "localhost:7070", origin: "http://localhost:7070" };
    expect((await open.inject({ method: "POST", url: "/api/sync/now", headers })).statusCode).toBe(200);
    expect((await open.inject({ method: "POST", url: "/api/sync/now" })).statusCode).toBe(200);
  });
});

describe("a till with a key", () => {
  const app = terminalApp({ terminal: new FakeTerminal(), key: KEY, host: "0.0.0.0" });

  it.each(["/page.json", "/api/status", "/api/events", "/api/orders?state=open", "/nothing"])(
    "wants it at %s",
    async (url) => {
      const response = await app.inject(url);
      expect(response.statusCode).toBe(401);
      expect(response.headers["www-authenticate"]).toBe("Bearer");
      expect(response.json().error.code).toBe("UNAUTHENTICATED");
    },
  );

  it.each(["Bearer wrong", `Bearer ${KEY}x`, `Basic ${KEY}`, "Bearer ", KEY])(
    "does not take %s",
    async (authorization) => {
      expect((await app.inject({ url: "/api/status", headers: { authorization } })).statusCode).toBe(401);
    },
  );

  it("answers who has it, under any name of the machine", async () => {
    const headers = { authorization: `Bearer ${KEY}`, host: "till.shop.lan:7070" };
    expect((await app.inject({ url: "/api/status", headers })).statusCode).toBe(200);
  });

  it.each(["/", "/health", "/light", "/light.js", "/light.css", "/docs", "/docs/openapi.json"])(
    "answers everybody at %s",
    async (url) => {
      expect((await app.inject({ url, headers: { host: "till.shop.lan" } })).statusCode).toBe(200);
    },
  );

  it("on loopback checks both", async () => {
    const both = terminalApp({ terminal: new FakeTerminal(), key: KEY });
    const authorization = `Bearer ${KEY}`;
    expect((await both.inject({ url: "/api/status", headers: { authorization } })).statusCode).toBe(200);
    expect(
      (await both.inject({ url: "/api/status", headers: { authorization, host: "evil.example" } })).statusCode,
    ).toBe(403);
  });
});

it.each(["0.0.0.0", "::", "192.168.1.20", "127.0.0.1.evil.example"])(
  "%s without a key is refused before anything listens",
  (host) => {
    expect(() => terminalApp({ terminal: new FakeTerminal(), host })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }),
    );
  },
);

it("an empty key is no key", () => {
  expect(() => terminalApp({ terminal: new FakeTerminal(), key: "" })).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID" }),
  );
});

it("knows loopback from what looks like it", () => {
  expect(["localhost", "127.0.0.1", "127.255.255.254", "::1", "[::1]"].every(isLoopback)).toBe(true);
  expect(["", "0.0.0.0", "::", "128.0.0.1", "1127.0.0.1", "localhost.", "::12"].some(isLoopback)).toBe(false);
});
