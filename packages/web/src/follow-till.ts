import { eventLines, type TillEvent } from "./event-lines.ts";
import { get, keyHeaders, type Status } from "./till-api.ts";

/** What the page knows of its way to the till's process. */
export type Line = "connecting" | "open" | "gone" | "wants-key";

export interface Follower {
  line(line: Line): void;
  event(event: TillEvent): void;
}

/** The till says "still here" every 15 s; after this long without a byte its process hangs. */
const SILENCE_MS = 20_000;

/** A till that does not answer is asked again after this long. It is on the same machine, so asking costs nothing. */
const AGAIN_MS = 1_500;

/**
 * A tab that nobody sees gives its connection back and asks for the status this often: a browser opens only six
 * connections to one till, whatever number of tabs it has.
 */
const HIDDEN_MS = 15_000;

/** Before a stream that ended is opened again. */
const REOPEN_MS = 200;

/**
 * Follows the till's events for ever, through restarts of the till, until the returned function is called or the till
 * wants a key.
 */
export function followTill(follower: Follower): () => void {
  let round = new AbortController();
  let stopped = false;
  const turn = () => round.abort();

  async function rounds(): Promise<void> {
    while (!stopped) {
      round = new AbortController();
      const { signal } = round;
      const end = await (document.hidden ? glance(follower, signal) : listen(follower, signal));
      if (signal.aborted) continue;
      if (end !== "ended") follower.line(end);
      if (end === "wants-key") return;
      await pause({ ended: REOPEN_MS, gone: AGAIN_MS, open: HIDDEN_MS }[end], signal);
    }
  }

  document.addEventListener("visibilitychange", turn);
  void rounds();
  return () => {
    stopped = true;
    document.removeEventListener("visibilitychange", turn);
    round.abort();
  };
}

type End = "ended" | "gone" | "open" | "wants-key";

/** Hands on events until the stream ends, or is silent for too long. */
async function listen(follower: Follower, stop: AbortSignal): Promise<End> {
  const giveUp = new AbortController();
  const end = () => giveUp.abort();
  stop.addEventListener("abort", end);
  let silence = setTimeout(end, SILENCE_MS);
  try {
    const response = await fetch("/api/events", { headers: keyHeaders(), signal: giveUp.signal });
    if (response.status === 401) return "wants-key";
    if (!response.ok || response.body === null) return await glance(follower, giveUp.signal);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const read = eventLines();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      clearTimeout(silence);
      silence = setTimeout(end, SILENCE_MS);
      const events = read(piece.value);
      if (events.length > 0) follower.line("open");
      for (const event of events) follower.event(event);
    }
    return "ended";
  } catch {
    return "gone";
  } finally {
    clearTimeout(silence);
    stop.removeEventListener("abort", end);
    giveUp.abort();
  }
}

/** Asks once how things are. */
async function glance(follower: Follower, stop: AbortSignal): Promise<End> {
  const answer = await get<Status>("/api/status", stop);
  if (!answer.ok) return answer.wantsKey ? "wants-key" : "gone";
  follower.event({ name: "status", data: answer.data });
  return "open";
}

function pause(delayMs: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, delayMs);
    stop.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
