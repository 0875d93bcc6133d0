import type { Observation } from "@tillsync/lanes";
import { describe, expect, it, onTestFinished } from "vitest";
import { closedUrl, startHttp, startTcp } from "../testing/http-stub.ts";
import { refusalOf } from "../testing/refusal.ts";
import { httpProbe, judge } from "./http-probe.ts";

const READY = '{"status":"ok","parts":{"database":"up"}}';

function ask(url: string, signal = AbortSignal.any([])): Promise<Observation> {
  const probe = httpProbe(url);
  onTestFinished(() => probe.close());
  return probe.ask("central", signal);
}

describe("a probe of the centre", () => {
  it("asks whether it is ready, below the path of a proxy too, with nothing that says who asks", async () => {
    const { url, requests } = await startHttp((response) => response.end(READY));
    expect(await ask(`${url}/tillsync`)).toBe("proper");
    expect(requests[0]?.path).toBe("/tillsync/health/ready");
    expect(requests[0]?.headers.authorization).toBeUndefined();
  });

  it("keeps its connection", async () => {
    const { url, connections } = await startHttp((response) => response.end(READY));
    const probe = httpProbe(url);
    onTestFinished(() => probe.close());
    for (let times = 0; times < 3; times++) expect(await probe.ask("central", AbortSignal.any([]))).toBe("proper");
    expect(connections()).toBe(1);
  });

  it.each<[string, number, string]>([
    ["a centre without its database", 503, '{"status":"down","parts":{"database":"down"}}'],
    ["a proxy's page", 502, "<h1>Bad Gateway</h1>"],
    ["a captive portal that says 200", 200, "<html>Please log in</html>"],
    ["a captive portal that redirects", 302, ""],
    ["somebody else's health", 200, '{"status":"ok"}'],
    ["half an answer", 200, READY.slice(0, 20)],
    ["nothing that JSON knows to be an object", 200, "null"],
    ["an answer without an end in sight", 200, `"${"x".repeat(100_000)}"`],
  ])("finds %s troubled", async (_what, status, text) => {
    expect(judge(status, text)).toBe("troubled");
    const { url } = await startHttp((response) => {
      response.statusCode = status;
      response.end(text);
    });
    expect(await ask(url)).toBe("troubled");
  });

  it("finds nobody, a connection that is cut, and silence silent", async () => {
    expect(await ask(await closedUrl())).toBe("silent");
    expect(await ask(await startTcp((socket) => socket.destroy()))).toBe("silent");
    const abort = new AbortController();
    const url = await startTcp(() => abort.abort());
    expect(await ask(url, abort.signal)).toBe("silent");
  });

  it("refuses an address that is none, before anything is asked", () => {
    expect(refusalOf(() => httpProbe("ftp://x")).code).toBe("CONFIG_INVALID");
  });
});
