import pg from "pg";
import { describe, expect, it } from "vitest";
import { testApp } from "../testing/test-app.ts";
import { ACCESS } from "./access.ts";

/** Nobody listens there, and nothing in this file may ask. */
const nowhere = new pg.Pool({ connectionString: "postgresql://127.0.0.1:1/none", max: 1 });

describe("ACCESS", () => {
  it("opens nothing to strangers but health, the pages and the description of the API", () => {
    const open = Object.keys(ACCESS).filter((route) => ACCESS[route] === "anyone");
    expect(open).toEqual([
      "GET /health",
      "GET /health/live",
      "GET /health/ready",
      "GET /",
      "GET /light",
      "GET /pages/:file",
      "GET /docs",
      "GET /docs/openapi.json",
      "POST /api/token",
    ]);
  });

  it("names only routes that exist", () => {
    const { app } = testApp(nowhere);
    for (const route of Object.keys(ACCESS)) {
      const [method = "", url = ""] = route.split(" ");
      expect(app.hasRoute({ method: method as "GET", url }), route).toBe(true);
    }
  });

  it("keeps an app with an unlisted route from being made", () => {
    const { app } = testApp(nowhere);
    expect(() => app.get("/api/admin/everything", async () => "secret")).toThrow("not in ACCESS");
    expect(() => app.route({ method: ["GET", "DELETE"], url: "/health/all", handler: async () => "" })).toThrow(
      "not in ACCESS",
    );
  });

  it("answers a monitor that asks for the head only", async () => {
    const { app } = testApp(nowhere);
    expect((await app.inject({ method: "HEAD", url: "/health/live" })).statusCode).toBe(200);
    expect((await app.inject({ method: "HEAD", url: "/api/admin/overview" })).statusCode).toBe(404);
  });

  it("refuses every closed route to a stranger without asking the database", async () => {
    const { app } = testApp(nowhere);
    for (const [route, access] of Object.entries(ACCESS)) {
      if (access === "anyone") continue;
      const [method = "", url = ""] = route.split(" ");
      for (const authorization of [undefined, "", "Bearer", "Bearer nonsense", "Basic dXNlcjpwYXNz", "Bearer a b"]) {
        const answer = await app.inject({
          method: method as "GET",
          url: url.replace(/:\w+/g, "x"),
          headers: authorization === undefined ? {} : { authorization },
        });
        expect(answer.statusCode, `${route} with ${authorization}`).toBe(401);
        expect(answer.headers["www-authenticate"]).toBe("Bearer");
        expect(answer.json().error).toMatchObject({ code: "UNAUTHENTICATED", retryable: true });
      }
    }
  });

  it("answers the same for an address that is nowhere, key or not, and reads no body for it", async () => {
    const { app } = testApp(nowhere);
    for (const request of [
      { method: "GET", url: "/nowhere" },
      { method: "POST", url: "/api/sync/nowhere", headers: { "content-type": "text/plain" }, payload: "x".repeat(100) },
      { method: "DELETE", url: "/api/sync/exchange" },
      { method: "GET", url: "/%E0%A4%A" },
      { method: "GET", url: `/pages/${"x".repeat(200)}` },
    ] as const) {
      const answer = await app.inject(request);
      expect([400, 404, 414], request.url).toContain(answer.statusCode);
      expect(["NOT_FOUND", "INVALID_INPUT"]).toContain(answer.json().error.code);
    }
  });
});
