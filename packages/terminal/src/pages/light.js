// In /light it shows the light; in the page of a POS it puts /light there.
const { src } = document.currentScript;
if (src === `${location.origin}/light.js` && location.pathname === "/light") connect();
else {
  const frame = document.createElement("iframe");
  frame.src = src.replace(/\.js$/, "");
  frame.title = "Till sync light";
  frame.height = 40;
  frame.frameBorder = 0;
  document.currentScript.after(frame);
}

function show(light, text, title = "") {
  const line = document.querySelector("p");
  Object.assign(line, { className: light, title });
  if (line.textContent !== text) line.textContent = text;
}

function connect() {
  const words = { CentralSync: "to send", EtimsInvoice: "eTIMS", MpesaVerify: "M-Pesa", CloudBackup: "backup" };
  const source = new EventSource("/light/events");
  source.addEventListener("light", (event) => {
    const { light, waiting, lastSyncAt } = JSON.parse(event.data);
    const counts = Object.keys(words).flatMap((type) => (waiting[type] ? [`${waiting[type]} ${words[type]}`] : []));
    const last = lastSyncAt ? `Last sync ${new Date(lastSyncAt).toLocaleString()}` : "No sync yet";
    show(light, `${light[0].toUpperCase()}${light.slice(1)} · ${counts.join(", ") || "all sent"}`, last);
  });
  source.onerror = () => {
    show("", "No answer from this till");
    // Refused; else the browser tries again itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 5000);
  };
}
