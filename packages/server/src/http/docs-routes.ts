import { createHash } from "node:crypto";
import { htmlPage } from "@tillsync/protocol/openapi";
import type { FastifyInstance } from "fastify";
import { centralDocument } from "./openapi/central-document.ts";

const DOCUMENT_URL = "/docs/openapi.json";

/** What this API takes and answers: as a page at `/docs`, and for programs. No secret, so open to anyone. */
export function addDocsRoutes(app: FastifyInstance): void {
  let json: string | undefined;
  let page: { readonly html: string; readonly policy: string } | undefined;
  app.get(DOCUMENT_URL, (_request, reply) => {
    json ??= JSON.stringify(centralDocument());
    return reply
      .header("content-type", "application/json; charset=utf-8")
      .header("cache-control", "no-cache")
      .send(json);
  });
  app.get("/docs", (_request, reply) => {
    page ??= makePage();
    return reply
      .header("content-type", "text/html; charset=utf-8")
      .header("content-security-policy", page.policy)
      .header("cache-control", "no-cache")
      .send(page.html);
  });
}

/** Nothing runs in the page and nothing is loaded; its one style sheet is named by its hash. */
function makePage(): { readonly html: string; readonly policy: string } {
  const { html, style } = htmlPage(centralDocument(), DOCUMENT_URL);
  const hash = createHash("sha256").update(style).digest("base64");
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  return { html, policy };
}
