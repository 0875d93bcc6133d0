import { readFileSync } from "node:fs";
import type { Terminal } from "@tillsync/engine";
import { SyncError } from "@tillsync/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { builtPage, type PageFile, type PageFiles, readPage } from "../page-files.ts";
import { watchRecent } from "../recent.ts";

/** Nothing inline, nothing from elsewhere: text from a sale can never become a script (reliability.md S13). */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'";

/**
 * The pages are for this till alone. The light is made to be embedded by any POS, so it names no framers at all: even
 * `frame-ancestors *` would keep out a POS that runs from a file or an app scheme. Where it is embedded as a script, it
 * frames itself.
 */
const FRAMES = { page: "; frame-ancestors 'none'", light: "" } as const;

const LIGHT = [
  { url: "/light", file: "light.html", type: "text/html" },
  { url: "/light.js", file: "light.js", type: "text/javascript" },
  { url: "/light.css", file: "light.css", type: "text/css" },
] as const;

const NOT_BUILT = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Till</title>
<p>The page of this till is not built. Run <code>node scripts/boot.mjs</code> in the folder of Tillsync, then load this again.
<p>The till sells and sends all the same. Its light is at <a href="/light">/light</a>, the same facts at <a href="/api/status">/api/status</a>.
</html>
`;

/** An asset has its hash in its name: what a browser has under that name is right for ever. */
const FOR_EVER = "public, max-age=31536000, immutable";

/** The till's own pages. `folder`: where the built page is, when not where its package has it. */
export function pageRoutes(app: FastifyInstance, terminal: Terminal, folder = builtPage()): void {
  lightRoutes(app);
  builtPageRoutes(app, folder);
  const recent = watchRecent(terminal);
  app.addHook("onClose", async () => recent.stop());
  app.get("/page.json", (_request, reply) => reply.send({ recent: recent.list() }));
}

/** Read once at start. */
function lightRoutes(app: FastifyInstance): void {
  for (const { url, file, type } of LIGHT) {
    const content = readFileSync(new URL(`../pages/${file}`, import.meta.url), "utf8");
    app.get(url, (_request, reply) =>
      reply
        .type(`${type}; charset=utf-8`)
        .header("content-security-policy", `${POLICY}${FRAMES.light}`)
        .header("cache-control", "no-cache")
        .send(content),
    );
  }
}

/** Read when first asked for, and again for as long as it was not built: building it needs no restart of a till. */
function builtPageRoutes(app: FastifyInstance, folder: string | undefined): void {
  let page: PageFiles | undefined;
  const files = () => {
    page ??= readPage(folder);
    return page;
  };

  app.get("/", (_request, reply) => {
    reply.header("content-security-policy", `${POLICY}${FRAMES.page}`).type("text/html; charset=utf-8");
    return reply.send(files()?.index.content ?? NOT_BUILT);
  });

  app.get<{ Params: { file: string } }>("/assets/:file", (request, reply) => {
    const asset = files()?.assets.get(request.params.file);
    if (asset === undefined) throw new SyncError("NOT_FOUND", "The page of this till has no such file; load it again.");
    return sendPacked(request, reply.header("cache-control", FOR_EVER), asset);
  });
}

function sendPacked(request: FastifyRequest, reply: FastifyReply, file: PageFile): FastifyReply {
  const accepted = String(request.headers["accept-encoding"] ?? "").split(/\s*,\s*/);
  const packed = file.packed.find(({ encoding }) => accepted.includes(encoding));
  if (packed !== undefined) reply.header("content-encoding", packed.encoding);
  return reply
    .type(file.type)
    .header("vary", "accept-encoding")
    .send(packed?.content ?? file.content);
}
