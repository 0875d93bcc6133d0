// What both pages are made of. Text is only ever set as text.

/** An element with properties and children; strings become text. */
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** A table: one head, rows of cells. */
export function table(heads, rows) {
  const head = element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)));
  const lines = rows.map((cells) => element("tr", {}, ...cells.map((cell) => element("td", {}, cell))));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...lines));
}

/** Tiles of counts; those named in `bad` are marked when they are not 0. */
export function tiles(counts, bad) {
  const items = Object.entries(counts).map(([label, value]) => {
    const className = bad.includes(label) && value > 0 ? "bad" : "";
    return element("li", { className }, element("span", { className: "number" }, String(value)), label);
  });
  return element("ul", { className: "tiles" }, ...items);
}

export async function ask(path, body) {
  const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const answer = await fetch(path, sent);
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.error?.message ?? `HTTP ${answer.status}`);
  return value;
}

/** Calls `draw` now and every second with what `read` gives, when that has changed. Gives a function that looks at once. */
export function follow(read, draw) {
  const line = document.querySelector("[role=status]");
  let last = "";
  const look = async () => {
    try {
      const facts = await read();
      const text = JSON.stringify(facts);
      if (text !== last) draw(facts);
      last = text;
      line.textContent = "Follows the simulator.";
    } catch (error) {
      line.textContent = `The simulator does not answer (${error.message}).`;
    }
  };
  const again = async () => {
    await look();
    setTimeout(again, 1000);
  };
  void again();
  return look;
}

/** Puts new content into a part of the page. */
export function show(id, ...content) {
  document.getElementById(id).replaceChildren(...content);
}

export function money(cents) {
  return (cents / 100).toLocaleString("en-KE", { minimumFractionDigits: 2 });
}
