const line = document.querySelector("p");

function show(light, text) {
  line.className = light;
  if (line.textContent !== text) line.textContent = text;
}

function connect() {
  const source = new EventSource("/light/events");
  source.addEventListener("light", (event) => {
    const { light, pending } = JSON.parse(event.data);
    show(light, `${light[0].toUpperCase()}${light.slice(1)}: ${pending ? `${pending} to send` : "all sent"}`);
  });
  source.onerror = () => {
    show("", "The till does not answer");
    // The browser tries again by itself, but for a refusal.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 5000);
  };
}

connect();
