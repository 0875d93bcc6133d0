import { readFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";

/** Nothing inline, nothing from elsewhere: text from a request can never become a script. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The page of a simulator: three files, read once. `folder` has index.html and page.js; the style is the same for all. */
export function pageRoutes(app: FastifyInstance, folder: URL): void {
  const files = [
    { url: "/", file: new URL("index.html", folder), type: "text/html" },
    { url: "/page.js", file: new URL("page.js", folder), type: "text/javascript" },
    // In a browser nothing is above the root, so the path that scripts import it by in the tree leads here.
    { url: "/simulator/page/elements.js", file: new URL("page/elements.js", import.meta.url), type: "text/javascript" },
    { url: "/page.css", file: new URL("page/page.css", import.meta.url), type: "text/css" },
  ];
  for (const { url, file, type } of files) {
    const content = readFileSync(file, "utf8");
    app.get(url, (_request, reply) =>
      reply
        .type(`${type}; charset=utf-8`)
        .headers({
          "content-security-policy": POLICY,
          "cache-control": "no-cache",
          "x-content-type-options": "nosniff",
        })
        .send(content),
    );
  }
}
