import { addUp, ask, count, counted, exceptionsOf, hasKey, rememberKey, repeat, showLight } from "./ask.js";

const EVERY_MS = 3000;
const byId = (id) => document.getElementById(id);

async function refresh() {
  const answer = await ask("/api/admin/overview");
  if (answer.kind === "silent") return showLight("red", "The centre does not answer");
  if (answer.kind === "refused") return refused(answer);
  show(answer.body);
}

function refused({ status, message }) {
  if (status !== 401 && status !== 403) return showLight("red", message || "The centre refuses");
  byId("key-problem").textContent = hasKey() ? message : "";
  byId("key-form").hidden = false;
  for (const id of ["figures", "tills", "notes"]) byId(id).hidden = true;
  showLight("wait", "A key is needed");
}

function show(overview) {
  const sum = addUp(overview);
  byId("key-form").hidden = true;
  byId("figures").hidden = false;
  byId("tills").hidden = false;
  byId("forget").hidden = !hasKey();
  byId("store").textContent = `${overview.store.org} · ${overview.store.code} · ${overview.store.currency}`;
  for (const name of ["stored", "pending", "exceptions"]) byId(name).textContent = count(sum[name]);
  byId("exceptions").classList.toggle("attention", sum.exceptions > 0);
  byId("rows").replaceChildren(...overview.terminals.map((terminal) => row(terminal, overview.serverTimeMs)));
  byId("no-tills").hidden = overview.terminals.length > 0;
  const notes = overview.terminals.flatMap(notesOf);
  byId("note-list").replaceChildren(...notes.map((text) => element("li", text)));
  byId("notes").hidden = notes.length === 0;
  byId("asked").textContent = `As of ${new Date(overview.serverTimeMs).toLocaleTimeString("en-GB")}`;
  if (sum.exceptions > 0) showLight("yellow", counted(sum.exceptions, "exception"));
  else if (sum.pending > 0) showLight("yellow", `${count(sum.pending)} still on the tills`);
  else showLight("green", "Everything is here");
}

function row(terminal, nowMs) {
  const life = terminal.lives[0];
  const name = element("th", terminal.shortId);
  name.scope = "row";
  if (life && life.ordinal > 1) name.append(element("span", ` life ${life.ordinal}`, "quiet"));
  const exceptions = terminal.lives.reduce((sum, each) => sum + exceptionsOf(each), 0);
  const line = document.createElement("tr");
  line.append(
    name,
    cell("Stored", count(life?.durableThrough ?? 0), "count"),
    cell("To come", count(life?.pending ?? 0), "count"),
    cell("Exceptions", count(exceptions), exceptions > 0 ? "count attention" : "count"),
    cell("Last seen", life ? ago(nowMs - Date.parse(life.lastSeenAt)) : "never"),
  );
  return line;
}

function notesOf(terminal) {
  return terminal.lives.flatMap((life) => {
    const name = life.ordinal > 1 ? `${terminal.shortId} (life ${life.ordinal})` : terminal.shortId;
    const { parked, waiting } = life.unsettled;
    return [
      parked > 0 && `${name}: ${count(parked)} stored, but not understood (parked)`,
      life.conflicts > 0 &&
        `${name}: ${count(life.conflicts)} lost to another version of the same document; both are kept`,
      waiting > 0 && `${name}: ${count(waiting)} wait behind a parked one`,
      life.damaged > 0 && `${name}: ${count(life.damaged)} arrived damaged; the till is asked for them`,
      life.forks > 0 && `${name}: ${count(life.forks)} came twice with different content (fork)`,
    ].filter(Boolean);
  });
}

function cell(label, text, className = "") {
  const made = element("td", text, className);
  made.dataset.label = label;
  return made;
}

function element(tag, text, className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className;
  return made;
}

function ago(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}

const refreshNow = repeat(refresh, EVERY_MS);
byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  rememberKey(byId("key").value.trim());
  byId("key").value = "";
  refreshNow();
});
byId("forget").addEventListener("click", () => {
  rememberKey("");
  byId("forget").hidden = true;
  refreshNow();
});
