import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { request } from "undici";
import { expect, it, onTestFinished } from "vitest";
import { startEtimsSimulator } from "./start.ts";
import { FIRST_DEVICE } from "./state.ts";
import { sale } from "./testing/talk.ts";

async function simulator(stateFile?: string) {
  const running = await startEtimsSimulator({ port: 0, seed: 1, stateFile });
  let isOpen = true;
  const close = async () => {
    if (isOpen) await running.close();
    isOpen = false;
  };
  onTestFinished(close);
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const answer = await request(`${running.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: answer.statusCode, text: await answer.body.text() };
  };
  return { ...running, close, post };
}

async function initialised(stateFile?: string) {
  const running = await simulator(stateFile);
  const { text } = await running.post("/etims-api/selectInitOsdcInfo", FIRST_DEVICE);
  const { cmcKey } = JSON.parse(text).data.info;
  const { tin, bhfId } = FIRST_DEVICE;
  const sell = (invcNo: number) =>
    running.post("/saveTrnsSalesOsdc", { ...sale(Date.now(), { invcNo }), tin, bhfId, cmcKey });
  return { ...running, sell };
}

it("speaks HTTP, with the prefix and without, whatever the content type", async () => {
  const { sell } = await initialised();
  const answer = await sell(1);
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text)).toMatchObject({ resultCd: "000", data: { curRcptNo: 1 } });
});

it("cuts the connection after it has accepted, and pads an answer to any size", async () => {
  const { sell, post, state } = await initialised();
  await post("/control/faults", { kind: "drop" });
  await expect(sell(1)).rejects.toThrow();
  expect(state.invoices).toHaveLength(1);
  await post("/control/faults", { kind: "huge", bytes: 300_000 });
  const { text } = await sell(2);
  expect(text.length).toBeGreaterThan(300_000);
  expect(JSON.parse(text)).toMatchObject({ resultCd: "000" });
});

it("a hanging request does not hold up the end", async () => {
  const { sell, post, close, state } = await initialised();
  await post("/control/faults", { kind: "hang" });
  const hanging = sell(1).catch(() => "cut");
  await expect.poll(() => state.invoices.length).toBe(1);
  await close();
  expect(await hanging).toBe("cut");
});

it("keeps its state in a file, and refuses a file that is something else", async () => {
  const folder = await mkdtemp(join(tmpdir(), "etims-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "state.json");
  const first = await initialised(file);
  await first.sell(1);
  await first.close();
  const again = await simulator(file);
  expect(again.state.invoices.map(({ invcNo }) => invcNo)).toEqual([1]);
  await writeFile(file, "{}");
  await expect(startEtimsSimulator({ port: 0, seed: 1, stateFile: file })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
  });
});

it("control says what is wrong with an order, and takes none from another site's page", async () => {
  const { post } = await simulator();
  expect(await post("/control/faults", { kind: "weather" })).toMatchObject({
    status: 400,
    text: expect.stringContaining("kind"),
  });
  expect(await post("/control/nowhere", {})).toMatchObject({ status: 404 });
  expect(await post("/control/clock", { advanceMs: 1 }, { origin: "http://evil.example" })).toMatchObject({
    status: 403,
  });
  expect(await post("/control/clock", { advanceMs: 1 })).toMatchObject({ status: 200 });
});
