import type { FastifyRequest } from "fastify";

const LOOPBACK_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;
const LOOPBACK_ADDRESS = /^(127\.|::1$|::ffff:127\.)/;
/** Set by proxies: the browser is then somewhere else, however near the proxy is. */
const FORWARDED = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

/**
 * True when a request comes from this machine and was meant for it. The Host has to say so as well: a page anywhere can
 * point its own name at 127.0.0.1 (DNS rebinding), but cannot choose the Host header of a browser.
 */
export function isFromThisMachine(request: FastifyRequest): boolean {
  const { headers, socket } = request.raw;
  if (FORWARDED.some((name) => headers[name] !== undefined)) return false;
  return LOOPBACK_HOST.test(headers.host ?? "") && LOOPBACK_ADDRESS.test(socket.remoteAddress ?? "");
}
