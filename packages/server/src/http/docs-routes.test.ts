import { createHash } from "node:crypto";
import pg from "pg";
import { expect, it } from "vitest";
import { testApp } from "../testing/test-app.ts";

/** Nobody listens there, and the description asks nobody. */
const nowhere = new pg.Pool({ connectionString: "postgresql://127.0.0.1:1/none", max: 1 });

it("the page runs and loads nothing, and its style is the one that the policy names", async () => {
  const answer = await testApp(nowhere).app.inject("/docs");
  expect(answer.statusCode).toBe(200);
  const style = /<style>(.*)<\/style>/s.exec(answer.body)?.[1] ?? "";
  const hash = createHash("sha256").update(style).digest("base64");
  const policy = String(answer.headers["content-security-policy"]);
  expect(policy).toContain(`default-src 'none'; style-src 'sha256-${hash}';`);
  expect(policy).not.toContain("unsafe");
  expect(answer.body).not.toMatch(/ style="| src=/);
});

it("the document is sent packed to whoever takes it so, as every answer is", async () => {
  const { app } = testApp(nowhere);
  const packed = await app.inject({ url: "/docs/openapi.json", headers: { "accept-encoding": "gzip" } });
  expect(packed.headers["content-encoding"]).toBe("gzip");
  expect((await app.inject("/docs/openapi.json")).json()).toMatchObject({ openapi: "3.1.0", servers: [{ url: "/" }] });
});
