// The till's status page. Everything that came from elsewhere goes in as text, never as markup.

const LIGHT_WORDS = { green: "Green", yellow: "Yellow", red: "Red" };

const KIND_WORDS = {
  "order.edited": "Order held",
  "order.closed": "Order closed",
  "order.voided": "Order voided",
  "order.deleted": "Order deleted",
  "transaction.recorded": "Transaction",
  "inventory.updated": "Stock movement",
  "shift.opened": "Shift opened",
  "shift.closed": "Shift closed",
  "terminal.reborn": "Terminal restored",
};

const SENT_WORDS = { SYNCED: "at head office", PENDING: "waiting to be sent", FAILED: "needs a person" };

/** The list is read at most this often, however fast the till sells. */
const REFRESH_MS = 1000;

const at = (id) => document.getElementById(id);

/** Writes only what changed, so that a screen reader does not say the same thing with every sale. */
function put(id, text) {
  const element = at(id);
  if (element.textContent !== text) element.textContent = text;
}

function moment(time) {
  if (time === null || time === undefined) return "–";
  const date = new Date(time);
  const clock = date.toLocaleTimeString();
  return date.toDateString() === new Date().toDateString() ? clock : `${date.toLocaleDateString()} ${clock}`;
}

function showLight(light, word, text) {
  at("light").dataset.light = light;
  put("light-word", word);
  put("text", text);
}

function showStatus(status) {
  const lane = status.lanes.find((entry) => entry.name === "central");
  document.title = `${LIGHT_WORDS[status.light]} · ${status.pending} to send · Till ${status.shortId}`;
  put("terminal", status.shortId);
  put("store", `Store ${status.store}`);
  showLight(
    status.light,
    `${LIGHT_WORDS[status.light]} · ${status.pending ? `${status.pending} to send` : "all sent"}`,
    status.text,
  );
  put("pending", String(status.pending));
  put("exceptions", String(status.exceptions));
  put("stored", `${status.durableThrough} of ${status.headSeq} changes`);
  put("shift", status.shift ? `${status.shift.operator}, day ${status.shift.businessDate}` : "None open");
  put("last-sync", moment(lane?.lastSuccessAt ?? status.lastSyncTimestamp));
  put("next-attempt", moment(lane?.nextAttemptAt));
  put("last-error", lane?.lastError ? `${lane.lastError.code}: ${lane.lastError.message}` : "None.");
  showAlarm(status.stopped, lane?.halted);
}

function showAlarm(stopped, halted) {
  const alarm = stopped ?? halted;
  at("alarm").hidden = !alarm;
  put("alarm-title", stopped ? "This till stopped selling" : "Sending stopped until somebody acts; nothing is lost");
  put("alarm-text", alarm ? `${alarm.code}: ${alarm.message}` : "");
}

function connect() {
  const source = new EventSource("/api/events");
  source.addEventListener("status", (event) => {
    showStatus(JSON.parse(event.data));
    refreshSoon();
  });
  source.addEventListener("recorded", refreshSoon);
  source.onerror = () => {
    document.title = "No answer · Till";
    showLight("unknown", "No answer", "This page cannot reach the till; it keeps trying.");
    // The browser tries again by itself, but for a refusal.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 5000);
  };
}

let refreshing = false;

function refreshSoon() {
  if (refreshing) return;
  refreshing = true;
  setTimeout(async () => {
    refreshing = false;
    const { ok, body } = await call("/page.json");
    if (ok) showRecent(body.recent);
  }, REFRESH_MS);
}

function showRecent(records) {
  at("no-records").hidden = records.length > 0;
  // Somebody's finger or keyboard may be on one of these buttons just now.
  if (at("recent").contains(document.activeElement)) return;
  at("recent").replaceChildren(...records.map(recentLine));
}

function recentLine(record) {
  const line = document.createElement("li");
  const open = document.createElement("button");
  open.type = "button";
  open.textContent = record.receiptNumber ?? record.localId;
  open.addEventListener("click", () => lookUp(record.receiptNumber ?? record.localId));
  const sent = SENT_WORDS[record.orderSyncStatus];
  const facts = [KIND_WORDS[record.kind] ?? record.kind, record.total, moment(record.atMs), sent].filter(Boolean);
  const rest = document.createElement("span");
  rest.textContent = facts.join(" · ");
  line.append(open, rest);
  return line;
}

async function syncNow() {
  at("sync").disabled = true;
  put("sync-result", "Sending …");
  const { ok, body } = await call("/api/sync/now", { method: "POST" });
  put("sync-result", ok ? resultText(body) : body.error.message);
  at("sync").disabled = false;
}

function resultText({ sent, left, reason }) {
  const waiting = left ? `, ${left} still waiting` : ", nothing waits";
  return `${sent} sent${waiting}.${reason ? ` ${reason.message}` : ""}`;
}

async function lookUp(key) {
  at("key").value = key;
  put("where", "Looking …");
  const { ok, body } = await call(`/api/explain/${encodeURIComponent(key)}`);
  put("where", ok ? body.where : body.error.message);
  const steps = ok ? body.steps : [];
  at("steps").replaceChildren(...steps.map(stepLine));
}

function stepLine(step) {
  const line = document.createElement("li");
  line.textContent = step.at ? `${moment(step.at)}: ${step.what}` : step.what;
  return line;
}

/** Never throws: a page that cannot reach the till says so where the answer would stand. */
async function call(path, options) {
  try {
    const response = await fetch(path, options);
    return { ok: response.ok, body: await response.json() };
  } catch {
    return { ok: false, body: { error: { message: "The till does not answer." } } };
  }
}

at("sync").addEventListener("click", syncNow);
at("look-up").addEventListener("submit", (event) => {
  event.preventDefault();
  void lookUp(at("key").value.trim());
});
connect();
