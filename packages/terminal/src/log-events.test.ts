import { expect, it, vi } from "vitest";
import { logEvents } from "./log-events.ts";
import { FakeTerminal } from "./testing/fake-terminal.ts";

it("the log has what the till did by itself: changes of connectivity, and what had stalled; until it is ended", () => {
  const terminal = new FakeTerminal();
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const end = logEvents(terminal, log);
  const connectivity = { target: "central", since: "2026-01-16T10:11:12.345Z", lastAnswerAt: null } as const;
  terminal.emit({ type: "connectivity", from: "online", connectivity: { ...connectivity, state: "offline" } });
  terminal.emit({ type: "connectivity", from: "offline", connectivity: { ...connectivity, state: "online" } });
  const at = "2026-01-16T10:11:12.345Z";
  terminal.emit({ type: "stalled", stall: { code: "STALLED", what: "central", message: "It goes on.", at } });
  expect(log.warn.mock.calls).toEqual([
    [{ target: "central", from: "online", state: "offline" }, "connectivity changed"],
  ]);
  expect(log.info.mock.calls).toEqual([
    [{ target: "central", from: "offline", state: "online" }, "connectivity changed"],
  ]);
  expect(log.error.mock.calls).toEqual([[{ code: "STALLED", what: "central" }, "It goes on."]]);
  end();
  terminal.emit({ type: "stalled", stall: { code: "STALLED", what: "probe", message: "It goes on.", at } });
  expect(log.error).toHaveBeenCalledTimes(1);
});
