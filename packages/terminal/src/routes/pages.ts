import { readFileSync } from "node:fs";
import type { Terminal } from "@tillsync/engine";
import type { FastifyInstance } from "fastify";
import { watchRecent } from "../recent.ts";

/** Nothing inline, nothing from elsewhere: text from a sale can never become a script (reliability.md S13). */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'";

/**
 * The pages are for this till alone. The light is made to be embedded by any POS, so it names no framers at all: even
 * `frame-ancestors *` would keep out a POS that runs from a file or an app scheme.
 */
const FRAMES = { page: "; frame-ancestors 'none'", light: "" } as const;

const FILES = [
  { url: "/", file: "index.html", type: "text/html", frames: FRAMES.page },
  { url: "/page.js", file: "page.js", type: "text/javascript", frames: FRAMES.page },
  { url: "/page.css", file: "page.css", type: "text/css", frames: FRAMES.page },
  { url: "/light", file: "light.html", type: "text/html", frames: FRAMES.light },
  { url: "/light.js", file: "light.js", type: "text/javascript", frames: FRAMES.light },
  { url: "/light.css", file: "light.css", type: "text/css", frames: FRAMES.light },
] as const;

/** The till's own pages, read once at start. */
export function pageRoutes(app: FastifyInstance, terminal: Terminal): void {
  for (const { url, file, type, frames } of FILES) {
    const content = readFileSync(new URL(`../pages/${file}`, import.meta.url), "utf8");
    app.get(url, (_request, reply) =>
      reply
        .type(`${type}; charset=utf-8`)
        .header("content-security-policy", `${POLICY}${frames}`)
        .header("cache-control", "no-cache")
        .send(content),
    );
  }
  const recent = watchRecent(terminal);
  app.addHook("onClose", async () => recent.stop());
  app.get("/page.json", (_request, reply) => reply.send({ recent: recent.list() }));
}
