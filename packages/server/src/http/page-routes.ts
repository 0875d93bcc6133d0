import { readFileSync } from "node:fs";
import { SyncError } from "@tillsync/protocol";
import type { FastifyInstance, FastifyReply } from "fastify";

const FOLDER = new URL("../pages/", import.meta.url);
const TYPES = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
} as const;

/** No inline code, nothing from elsewhere, in nobody's frame: names typed at a till cannot become script here. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

interface Page {
  readonly type: string;
  readonly bytes: Buffer;
}

/** The pages of head office: `/`, `/light` and their files. They hold no data; that takes a key. */
export function addPageRoutes(app: FastifyInstance): void {
  const status = load("status.html");
  const light = load("light.html");
  const files = new Map(["style.css", "icon.svg", "ask.js", "status.js", "light.js"].map((name) => [name, load(name)]));
  app.get("/", (_request, reply) => send(reply, status));
  app.get("/light", (_request, reply) => send(reply, light));
  app.get<{ Params: { file: string } }>("/pages/:file", (request, reply) => {
    const page = files.get(request.params.file);
    if (page === undefined) throw new SyncError("NOT_FOUND", "There is no such file.");
    return send(reply, page);
  });
}

function load(name: string): Page {
  const ending = name.slice(name.lastIndexOf(".") + 1) as keyof typeof TYPES;
  return { type: TYPES[ending], bytes: readFileSync(new URL(name, FOLDER)) };
}

function send(reply: FastifyReply, page: Page): FastifyReply {
  return reply
    .header("content-type", page.type)
    .header("content-security-policy", POLICY)
    .header("cache-control", "no-cache")
    .send(page.bytes);
}
