// `config` is how all charts look; the page puts it before this script.
// A chart is JSON, compressed and in base64: many of them would be too much for one page.
async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}
const all = (what, within = document) => [...within.querySelectorAll(what)];

// A saved picture stands alone: it has its title, what it is of, a background and colours.
async function picture({ dataset }, spec, kind) {
  const style = getComputedStyle(document.documentElement);
  const title = { text: dataset.title, subtitle: dataset.about };
  const alone = JSON.stringify({ ...spec, width: 700, title, config, background: "var(--paper)", padding: 18 });
  const inked = JSON.parse(alone.replace(/var\((--\w+)\)/g, (_, name) => style.getPropertyValue(name).trim()));
  const { view } = await vegaEmbed(document.createElement("div"), inked, { ast: true });
  return kind === "png" ? view.toImageURL("png", 2) : URL.createObjectURL(new Blob([await view.toSVG()]));
}

function csv(spec) {
  const rows = Object.values(spec.datasets).reduce((most, one) => (one.length > most.length ? one : most));
  // A spreadsheet must take no text for a formula.
  const text = (value) => (typeof value === "string" && /^[=+@-]/.test(value) ? `'${value}` : String(value ?? ""));
  const line = (cells) => cells.map((value) => `"${text(value).replaceAll('"', '""')}"`).join();
  return [Object.keys(rows[0]), ...rows.map(Object.values)].map(line).join("\n");
}

const views = new Map();
async function paint(place) {
  try {
    const spec = await unpack(place.nextElementSibling.textContent);
    // The content security policy allows no eval, so expressions are interpreted (ast).
    const { view } = await vegaEmbed(place, spec, { actions: false, renderer: "svg", ast: true, config });
    // The place itself says what the chart shows.
    place.querySelector("svg").setAttribute("aria-hidden", "true");
    views.set(place, view);
    const saves = place.closest("figure").querySelector(".save");
    saves.hidden = false;
    saves.addEventListener("click", async ({ target }) => {
      if (target.localName !== "button") return;
      const kind = target.textContent.toLowerCase(), link = document.createElement("a");
      link.href = kind === "csv" ? URL.createObjectURL(new Blob([csv(spec)])) : await picture(place, spec, kind);
      link.download = `${place.dataset.title.toLowerCase().replace(/[^\p{L}\d]+/gu, "-").slice(0, 60)}.${kind}`;
      link.click();
    });
    tell(place.closest("article")?.querySelector(".panel"));
  } catch (error) {
    place.textContent = "This chart could not be drawn; its numbers follow.";
    console.error(error);
  }
}

// Charts are drawn when they are first seen: what is hidden or closed has no width to draw into.
function draw() {
  for (const place of all(".chart:not([data-drawn])").filter((one) => one.clientWidth)) {
    place.dataset.drawn = "";
    paint(place);
  }
}
document.addEventListener("toggle", draw, true);
// What is closed on screen is printed: it has the numbers.
window.addEventListener("beforeprint", () => all("details").forEach((one) => { one.open = true; }));

const chosen = {};
function choose(kind, value) {
  chosen[kind] = value;
  for (const part of all(`[data-${kind}]`)) part.hidden = !part.dataset[kind].split(" ").includes(value);
}
function show() {
  all(".panel").forEach(tell);
  draw();
  // Charts that a narrower or wider window found hidden take its width now.
  window.dispatchEvent(new Event("resize"));
}
// The link keeps what was chosen.
const keep = () => history.replaceState(null, "", `#${new URLSearchParams(chosen)}`);

// The panel of what-ifs: everything was worked out before, by the rule of the verdict; here it is looked up.
// As `prices.money` says it.
const money = (amount) => "$" + (amount >= 1 || amount === Number(amount.toFixed(2))
  ? amount.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })
  : String(Number(amount.toPrecision(3))));
const spoken = {
  labels: (n) => n.toLocaleString("en"), price: money, cost: money, loss: (points) => `${points} points`,
};

function tell(panel) {
  if (!panel) return;
  const { about } = panel, place = {}, value = {};
  const name = chosen.classifier in about.of ? chosen.classifier : about.classifier;
  const one = about.of[name];
  for (const input of all("input", panel)) {
    place[input.name] = Number(input.value);
    value[input.name] = about.choices[input.name][input.value];
    input.ariaValueText = input.previousElementSibling.value = spoken[input.name](value[input.name]);
  }
  const says = (key, words) => { panel.querySelector(`[data-says=${key}]`).textContent = words; };
  const said = one.says[one.at[place.loss]], verdict = panel.querySelector(".says");
  verdict.className = `says ${said.family}`;
  verdict.textContent = said.advice;
  says("gain", one.gains[place.labels] ?? "");
  let words = "What the texts are worth in labels is not known.";
  if (one.worth) {
    const { labels, most, least } = one.worth;
    const low = most === null ? 0 : value.cost / most, high = value.cost / least;
    words = labels ? `The ${one.worth.said} real labels that they equal would cost ${money(labels * value.price)}. ` : "";
    words += least ? `The LLM is cheaper where a label costs more than ${high < 0.01 ? "a cent" : `${money(low)} to ${money(high)}`}.`
      + (value.price > high && one.gap < 0 ? ` Quality decides, not price: ${-one.gap} points are lost.` : "")
      : most === null ? "From what price of a label on the LLM is cheaper can’t be told."
        : `The LLM may be cheaper where a label costs more than ${money(low)}.`;
  }
  says("money", words);
  const asked = value.loss === about.start.loss;
  says("note", `${name}, at ${asked ? "the limit in params.yaml" : `${value.loss} points`}${said.close ? ": a close call" : ""}. `
    + (asked ? "" : `The limit in params.yaml, ${about.start.loss}, is what was asked before looking; another is a what-if. `)
    + (about.known.cost ? "" : "What generating cost is not known: enter yours."));
  for (const strip of all(".strip")) strip.style.setProperty("--at", value.loss / strip.dataset.most);
  for (const chart of all(".options .chart", panel.closest("article"))) {
    if (value.labels) views.get(chart)?.signal("you", value.labels).runAsync();
  }
}

const nearest = (choices, value) => choices.reduce((best, one, at) =>
  Math.abs(one - value) < Math.abs(choices[best] - value) ? at : best, 0);
// One place for a kind of slider on all panels: the tasks share what their reader has and pays.
function slide(name, value) {
  for (const panel of all(".panel")) {
    const input = panel.elements[name];
    if (input) input.value = nearest(panel.about.choices[name], value);
    tell(panel);
  }
}
for (const panel of all(".panel")) {
  panel.about = JSON.parse(panel.dataset.about);
  panel.hidden = false;
  for (const input of all("input", panel)) {
    const choices = panel.about.choices[input.name];
    input.max = choices.length - 1;
    input.value = nearest(choices, panel.about.start[input.name]);
    input.addEventListener("input", () => {
      chosen[input.name] = choices[input.value];
      slide(input.name, chosen[input.name]);
      keep();
    });
  }
  tell(panel);
}

const selects = Object.fromEntries(all("select[data-chooses]").map((select) => [select.dataset.chooses, select]));
for (const [kind, select] of Object.entries(selects)) {
  select.closest("label").hidden = false;
  select.addEventListener("change", () => {
    choose(kind, select.value);
    show();
    keep();
  });
  choose(kind, select.value);
}

// #task-<id> leads to a task; #task=<id>&classifier=<name>&loss=<points> is a kept choice.
function follow() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const link = location.hash.startsWith("#task-");
  if (link) asked.set("task", location.hash.slice(6));
  for (const [kind, select] of Object.entries(selects)) {
    if (![...select.options].some((option) => option.value === asked.get(kind))) continue;
    select.value = asked.get(kind);
    choose(kind, select.value);
  }
  for (const name of Object.keys(spoken)) {
    if (!asked.get(name)) continue;
    chosen[name] = Number(asked.get(name));
    slide(name, chosen[name]);
  }
  show();
  if (link) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}
window.addEventListener("hashchange", follow);

// The contents lead to the parts of the task that is shown, and leave the link as it is: it holds what was chosen.
const contents = all(".bar a");
const part = ({ dataset, hash }) =>
  document.getElementById(dataset.part && chosen.task ? `${chosen.task}.${dataset.part}` : hash.slice(1));
for (const link of contents) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    part(link).scrollIntoView();
    part(link).focus({ preventScroll: true });
  });
}
window.addEventListener("scroll", () => {
  const passed = contents.filter((link) => part(link).getBoundingClientRect().top < 120);
  for (const link of contents) link.ariaCurrent = link === (passed.at(-1) ?? contents[0]) ? "true" : null;
}, { passive: true });

// A click on the head of a column of numbers sorts its table.
for (const head of all("thead .number")) {
  const body = head.closest("table").tBodies[0], button = document.createElement("button");
  const value = (row) => Number(row.cells[head.cellIndex].dataset.value ?? NaN);
  if ([...body.rows].every((row) => Number.isNaN(value(row)))) continue;
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => {
    const sign = head.ariaSort === "descending" ? 1 : -1;
    for (const other of head.parentElement.children) other.ariaSort = null;
    head.ariaSort = sign > 0 ? "ascending" : "descending";
    // Rows without a value stay last either way.
    body.append(...[...body.rows].sort((a, b) => Number.isNaN(value(a)) - Number.isNaN(value(b)) || sign * (value(a) - value(b)) || 0));
  });
}

// The texts of a task: [id, source, label, reason, text], the middle three as places in the lists beside them.
const shelves = {};
function shelf(task) {
  const packed = document.getElementById(`${task}.texts`);
  shelves[task] ??= packed ? unpack(packed.textContent) : Promise.resolve({ rows: [] });
  return shelves[task];
}
function entry(text, ...about) {
  const item = document.createElement("li"), words = document.createElement("bdi"), small = document.createElement("small");
  words.textContent = text;
  small.textContent = about.filter(Boolean).join(" · ");
  item.append(words, small);
  return item;
}
const facts = (found, [, source, label, reason]) =>
  [found.sources[source].replaceAll("_", "-"), found.labels[label], found.reasons[reason]];

// Texts that a part names by id are filled in when it is opened.
for (const named of all("details.named")) {
  named.addEventListener("toggle", async () => {
    const found = await shelf(named.closest("[data-task]").dataset.task);
    const of = Object.fromEntries(found.rows.map((row) => [row[0], row])), sides = document.createElement("div");
    const ids = (key) => named.dataset[key].split(" ").filter(Boolean), notes = named.dataset.notes.split("|");
    sides.className = "texts";
    for (const key of ["ids", "others"]) {
      const list = document.createElement("ul");
      list.append(...ids(key).map((id, n) => of[id] ? entry(of[id][4], ...facts(found, of[id]), key === "ids" && notes[n])
        : entry(id, "its text is not in this page")));
      sides.append(list);
    }
    named.append(sides);
  }, { once: true });
}

for (const browser of all(".browser")) {
  const filters = all("select", browser), list = browser.querySelector("ul"), more = browser.querySelector("button");
  async function show(most) {
    const found = await shelf(browser.dataset.shelf);
    const rows = found.rows.filter((row) => filters.every((one) => !one.value || row[one.dataset.filter] === Number(one.value)));
    list.replaceChildren(...rows.slice(0, most).map((row) => entry(row[4], ...facts(found, row))));
    more.hidden = rows.length <= most;
    more.textContent = `Show more (${Math.min(most, rows.length)} of ${rows.length})`;
  }
  browser.querySelector(".filters").hidden = false;
  for (const one of filters) one.addEventListener("change", () => show(20));
  more.addEventListener("click", () => show(list.children.length + 100));
  // Nothing is unpacked before somebody comes near.
  new IntersectionObserver(([seen], watcher) => {
    if (seen.isIntersecting) { watcher.disconnect(); show(20); }
  }, { rootMargin: "200px" }).observe(browser);
}

follow();
