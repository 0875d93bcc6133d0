/** The admin key, typed once. It lives as long as the tab and never leaves for another origin. */
const KEY = "tillsync.key";
const ANSWER_WITHIN_MS = 8000;

export function rememberKey(key) {
  if (key === "") sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, key);
}

export function hasKey() {
  return sessionStorage.getItem(KEY) !== null;
}

/**
 * Asks the centre. Resolves to one of
 * `{kind: "answer", body}`, `{kind: "refused", status, message}`, `{kind: "silent"}`.
 */
export async function ask(path) {
  const key = sessionStorage.getItem(KEY);
  const headers = key === null ? {} : { authorization: `Bearer ${key}` };
  try {
    const response = await fetch(path, { headers, cache: "no-store", signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    const body = await response.json();
    if (response.ok) return { kind: "answer", body };
    return { kind: "refused", status: response.status, message: String(body?.error?.message ?? "") };
  } catch {
    return { kind: "silent" };
  }
}

/** Calls `task` now, then again this long after it ended, while somebody can see the page. Gives back "now, please". */
export function repeat(task, everyMs) {
  let timer;
  let underWay = false;
  const run = async () => {
    if (underWay || document.visibilityState !== "visible") return;
    underWay = true;
    clearTimeout(timer);
    await task();
    underWay = false;
    timer = setTimeout(runNow, everyMs);
  };
  const runNow = () => void run();
  document.addEventListener("visibilitychange", runNow);
  runNow();
  return runNow;
}

/** What a store's overview adds up to. The newest life of a terminal says what is still to come; older ones sent it again. */
export function addUp(overview) {
  const sum = { stored: 0, pending: 0, exceptions: 0 };
  for (const terminal of overview.terminals) {
    sum.pending += terminal.lives[0]?.pending ?? 0;
    for (const life of terminal.lives) {
      sum.stored += life.durableThrough;
      sum.exceptions += exceptionsOf(life);
    }
  }
  return sum;
}

export function exceptionsOf(life) {
  return life.unsettled.waiting + life.unsettled.parked + life.conflicts + life.damaged + life.forks;
}

export function showLight(color, text) {
  const light = document.getElementById("light");
  light.dataset.light = color;
  light.textContent = text;
}

export function count(number) {
  return number.toLocaleString("en");
}

/** `1 exception`, `2 exceptions`. */
export function counted(number, word) {
  return `${count(number)} ${word}${number === 1 ? "" : "s"}`;
}
